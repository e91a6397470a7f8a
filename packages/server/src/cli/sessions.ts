import { describeSession, everything, type SessionQuery } from '#authority'
import type { Session } from '#domain'
import type { House } from '../main.ts'
import { clientOf, reasonOf, sidOf, uidOf } from './arguments.ts'
import { CommandFailed, type Io, print, table, when } from './io.ts'

export interface ListOptions {
  readonly user?: string
  readonly state: string
  readonly device?: string
  readonly client?: string
  readonly limit: string
  readonly json?: boolean
}

/** `curfew sessions list` */
export async function listSessions(io: Io, house: House, options: ListOptions): Promise<void> {
  const page = await house.authority.list(queryOf(options))
  const lines = table(
    ['SID', 'USER', 'DEVICE', 'CLIENT', 'LAST SEEN', 'STATE'],
    page.sessions.map((session) => [
      session.origin.sid,
      session.origin.uid,
      session.origin.device,
      session.origin.clientId,
      when(session.life.lastSeenAt),
      stateOf(session),
    ]),
  )
  const more = page.more ? [`… more; raise --limit (${options.limit}) to see them`] : []
  const value = { items: page.sessions.map(describe), more: page.more }
  print(io, options.json === true, value, [...lines, ...more])
}

function queryOf(options: ListOptions): SessionQuery {
  const { state } = options
  if (state !== 'live' && state !== 'ended' && state !== 'all') {
    throw new CommandFailed(`--state is live, ended or all, not "${state}"`)
  }
  const limit = Number(options.limit)
  if (!Number.isInteger(limit) || limit < 1 || limit > 10_000) {
    throw new CommandFailed(`--limit is a whole number from 1 to 10000, not "${options.limit}"`)
  }
  return {
    ...everything,
    state,
    limit,
    uid: options.user === undefined ? null : uidOf(options.user),
    device: options.device ?? null,
    clientId: options.client === undefined ? null : clientOf(options.client),
  }
}

/** `curfew sessions show SID` */
export async function showSession(
  io: Io,
  house: House,
  options: { readonly sid: string; readonly json: boolean },
): Promise<void> {
  const session = await house.authority.show(sidOf(options.sid))
  if (session === undefined) throw new CommandFailed(`there is no session ${options.sid}`)
  const value = describe(session)
  const lines = Object.entries(value).map(([name, cell]) => `${name.padEnd(20)}  ${text(cell)}`)
  print(io, options.json, value, lines)
}

/** `curfew sessions revoke SID`: the same as an admin's revoke, with no actor named. */
export async function revokeSession(
  io: Io,
  house: House,
  options: { readonly sid: string; readonly reason?: string | undefined; readonly json: boolean },
): Promise<void> {
  const sid = sidOf(options.sid)
  const given = reasonOf(options.reason)
  const answer = await house.authority.revokeSession({ sid, reason: given, by: null })
  if (answer === undefined) throw new CommandFailed(`there is no session ${sid}`)
  const line = answer.already ? `${sid} had ended before` : `${sid} has ended (${given})`
  print(io, options.json, { sid, revoked: !answer.already, already_revoked: answer.already }, [
    line,
  ])
}

function stateOf(session: Session): string {
  return session.kind === 'live' ? 'live' : `ended: ${session.end.reason}`
}

function describe(session: Session): Record<string, unknown> {
  return { ...describeSession(session), state: session.kind }
}

function text(cell: unknown): string {
  return typeof cell === 'string' ? cell : JSON.stringify(cell)
}
