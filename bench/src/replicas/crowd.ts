/* A store in which so many sessions live, a server on it, and how that server began. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SessionId } from '../../../packages/server/src/domain/index.ts'
import { newSecret } from '../gateway/curfew-gate.ts'
import type { GatewayPlace } from '../gateway/gateway-part.ts'
import { type CurfewProcess, startCurfew } from '../http/curfew-process.ts'
import type { LoadTarget } from '../http/load-orders.ts'
import { type Resident, residentOf } from '../measure/resident.ts'
import { checkSections, startSession } from '../processes/check-request.ts'
import { Copies } from '../store/copies.ts'
import type { EngineKind } from '../store/engine.ts'

/** One start of a server, until it says that it is ready. */
export interface Start {
  readonly ms: number
  readonly resident: Resident
}

export interface Starts {
  readonly empty: readonly Start[]
  readonly full: readonly Start[]
}

const startsEach = 3
const readyEveryMs = 5

export class Crowd {
  readonly sessions: number
  readonly starts: Starts
  readonly server: CurfewProcess
  /** With the credentials of a client that is admin, too. */
  readonly target: LoadTarget
  readonly copies: Copies
  /** Those that nothing was done with yet. */
  readonly #unused: SessionId[]
  #taken: readonly SessionId[] = []

  private constructor(parts: CrowdParts) {
    this.sessions = parts.sids.length
    this.starts = parts.starts
    this.server = parts.server
    this.target = { ...parts.server.target, authorization: parts.authorization }
    this.copies = parts.copies
    this.#unused = parts.sids
  }

  static async gather(place: GatewayPlace, kind: EngineKind, sessions: number): Promise<Crowd> {
    const sqlite = `sqlite:${join(place.folder, `crowd-${sessions}.db`)}`
    const store = kind === 'sqlite' ? sqlite : await place.database()
    const { secret, authorization, sections } = settings()
    const options = { store, folder: place.folder, sections }
    // The first one makes the schema and the keys, and counts for nothing.
    const { server: first } = await timedStart(options)
    await startSession({ ...first.target, authorization }, 'everybody')
    await first.stop()
    const copies = await Copies.open(store, secret)
    const empty = await timedStarts(options)
    const sids = [...(await copies.make(sessions))]
    await copies.settle()
    const full = await timedStarts(options)
    const { server } = await timedStart(options)
    place.closing(async () => {
      await server.stop()
      await copies.close()
    })
    return new Crowd({ sids, starts: { empty, full }, server, authorization, copies })
  }

  /** So many at random, each for one use. As many are added first, and those taken before are removed. */
  async take(count: number): Promise<readonly SessionId[]> {
    await this.copies.remove(this.#taken)
    this.#unused.push(...(await this.copies.make(count)))
    this.#taken = Array.from({ length: count }, () => this.#draw())
    return this.#taken
  }

  #draw(): SessionId {
    const at = Math.floor(Math.random() * this.#unused.length)
    const drawn = this.#unused[at]
    const last = this.#unused.pop()
    if (drawn === undefined || last === undefined) throw new Error('nobody is left in the crowd')
    if (at < this.#unused.length) this.#unused[at] = last
    return drawn
  }
}

interface CrowdParts {
  readonly sids: SessionId[]
  readonly starts: Starts
  readonly server: CurfewProcess
  readonly authorization: string
  readonly copies: Copies
}

function settings() {
  const secret = newSecret()
  const operator = { id: 'operator', secret: randomBytes(24).toString('base64url') }
  const credentials = Buffer.from(`${operator.id}:${operator.secret}`).toString('base64')
  const clients = [
    { ...operator, roles: ['issuer', 'admin'] },
    { id: 'mobile', grants: ['refresh_token'] },
  ]
  const sections = { ...checkSections, secrets: [secret], clients }
  return { secret, authorization: `Basic ${credentials}`, sections }
}

type StartOptions = Parameters<typeof startCurfew>[0]

async function timedStarts(options: StartOptions): Promise<readonly Start[]> {
  const starts: Start[] = []
  for (let n = 0; n < startsEach; n++) {
    const { start, server } = await timedStart(options)
    await server.stop()
    starts.push(start)
  }
  return starts
}

async function timedStart(options: StartOptions) {
  const begun = performance.now()
  const server = await startCurfew(options)
  while (!(await isReady(server))) await sleep(readyEveryMs)
  const ms = performance.now() - begun
  return { server, start: { ms, resident: residentOf(server.pid) } }
}

async function isReady({ target }: CurfewProcess): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${target.port}/readyz`)
  await answer.arrayBuffer()
  return answer.status === 200
}
