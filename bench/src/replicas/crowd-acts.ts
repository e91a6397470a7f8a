/* What is done in a crowd: each act is the first that this process hears of its session. */
import type { SessionId } from '../../../packages/server/src/domain/index.ts'
import { Connection } from '../http/connection.ts'
import { type Contestant, callersWindow, counted } from '../measure/contestant.ts'
import { forwardAuthRequest } from '../processes/check-request.ts'
import type { Crowd } from './crowd.ts'

export const crowdActs = ['refresh', 'logout', 'check', 'list'] as const
export type CrowdAct = (typeof crowdActs)[number]

const callers = 4
/** Sessions per second that a window is stocked for; one that runs dry just ends early. */
const stockedPerSecond = 2500

export function crowdContestant(
  name: string,
  {
    crowd,
    act,
    databasePids,
  }: {
    readonly crowd: Crowd
    readonly act: CrowdAct
    readonly databasePids: () => readonly number[]
  },
): Contestant {
  let stock: SessionId[] = []
  const before = async (windowMs: number): Promise<void> => {
    stock = [...(await crowd.take(Math.ceil((stockedPerSecond * windowMs) / 1000)))]
  }
  const requestOf = requests[act]
  const window = async (windowMs: number) => {
    const connections: Connection[] = []
    while (connections.length < callers) {
      connections.push(await Connection.open(crowd.target.port))
    }
    const carryOut = async (caller: number): Promise<boolean> => {
      const sid = stock.pop()
      if (sid === undefined) return false
      const reply = await connections[caller]?.send(requestOf(crowd, sid))
      if (reply?.status !== 200) throw new Error(`${name}: ${reply?.head} ${reply?.body}`)
      return true
    }
    const pids = () => ({ server: [crowd.server.pid], database: databasePids() })
    const measured = await counted(() => callersWindow(callers, carryOut, windowMs), pids)
    for (const connection of connections) connection.close()
    return measured
  }
  return { name, before, window }
}

type RequestOf = (crowd: Crowd, sid: SessionId) => string

const requests: Readonly<Record<CrowdAct, RequestOf>> = {
  refresh: ({ copies, target }, sid) => {
    const token = copies.token('refresh', sid)
    const body = `grant_type=refresh_token&client_id=${target.publicClient}&refresh_token=${token}`
    return (
      `POST /oauth/token HTTP/1.1\r\nhost: 127.0.0.1:${target.port}\r\n` +
      `content-type: application/x-www-form-urlencoded\r\ncontent-length: ${body.length}\r\n\r\n${body}`
    )
  },
  logout: ({ copies, target }, sid) =>
    `POST /logout HTTP/1.1\r\nhost: 127.0.0.1:${target.port}\r\n` +
    `authorization: Bearer ${copies.token('session', sid)}\r\n` +
    'content-type: application/json\r\ncontent-length: 2\r\n\r\n{}',
  check: ({ copies, target }, sid) => forwardAuthRequest(target, copies.token('session', sid)),
  list: ({ target }) =>
    `GET /admin/sessions?limit=50 HTTP/1.1\r\nhost: 127.0.0.1:${target.port}\r\n` +
    `authorization: ${target.authorization}\r\n\r\n`,
}
