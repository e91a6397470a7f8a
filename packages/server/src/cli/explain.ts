import { everything } from '#authority'
import type { LiveSession, Uid } from '#domain'
import { type Explanation, explain, RuleBook } from '#gateway'
import type { House } from '../main.ts'
import { subjectOf } from '../subject.ts'
import { sidOf, uidOf } from './arguments.ts'
import { CommandFailed, type Io, print, when } from './io.ts'

export interface ExplainOptions {
  readonly url: string
  readonly user?: string
  readonly session?: string
  readonly method: string
  readonly json?: boolean
}

type Explained = Extract<Explanation, { kind: 'explained' }>

/**
 * `curfew explain URL --user UID`: which rule decides for a request, and why. Without a user it is asked
 * for nobody; with one, for the newest of the user's live sessions, unless `--session` names another.
 */
export async function explainUrl(io: Io, house: House, options: ExplainOptions): Promise<void> {
  const { config } = house.policy
  const session = await sessionFor(house, options)
  const explanation = explain(new RuleBook(config.gateway), {
    url: options.url,
    method: methodOf(options.method),
    subject:
      session === undefined ? null : subjectOf(session, house.authority.effectiveRoles(session)),
    prefix: config.gateway.prefix,
    now: house.clock.now(),
  })
  if (explanation.kind === 'unreadable') throw new CommandFailed(explanation.why)
  const who = session === undefined ? null : describe(house, session)
  print(io, options.json === true, { ...explanation, session: who }, [
    ...linesOf(explanation),
    ...(who === null
      ? [nobody(options.user)]
      : [`session   ${who.sid}, roles: ${listed(who.roles)}`]),
  ])
}

function methodOf(text: string): string {
  if (/^[A-Z][A-Z-]{0,31}$/.test(text)) return text
  throw new CommandFailed(`--method is in capitals, such as GET, not "${text}"`)
}

async function sessionFor(
  house: House,
  { user, session }: ExplainOptions,
): Promise<LiveSession | undefined> {
  if (session !== undefined) return bySid(house, session, user)
  return user === undefined ? undefined : newestOf(house, uidOf(user))
}

async function bySid(house: House, text: string, user: string | undefined): Promise<LiveSession> {
  const found = await house.authority.show(sidOf(text))
  if (found?.kind !== 'live') throw new CommandFailed(`${text} is not a live session`)
  if (user !== undefined && found.origin.uid !== uidOf(user)) {
    throw new CommandFailed(`${text} is a session of ${found.origin.uid}`)
  }
  return found
}

async function newestOf(house: House, uid: Uid): Promise<LiveSession | undefined> {
  const query = { ...everything, uid, state: 'live', limit: 1 } as const
  const [newest] = (await house.authority.list(query)).sessions
  return newest?.kind === 'live' ? newest : undefined
}

function describe(house: House, session: LiveSession) {
  const { sid, uid, device, createdAt } = session.origin
  return {
    sid,
    uid,
    device,
    since: when(createdAt),
    roles: house.authority.effectiveRoles(session),
  }
}

const verdictWords: Readonly<Record<Explained['verdict'], string>> = {
  allow: 'allowed (200)',
  'sign-in': 'not signed in: pages lead to /login (302), everything else is 401',
  forbidden: 'forbidden (403)',
  own: 'answered by Curfew itself',
}

function linesOf(found: Explained): string[] {
  const { method, host, path, suspicious, passedOver } = found
  return [
    `request   ${method} ${host}${path}${suspicious ? '   (may be read in two ways)' : ''}`,
    `verdict   ${verdictWords[found.verdict]}`,
    `decided   ${found.decidedBy ?? 'by no rule'}: ${found.why}`,
    ...passedOver.map(({ rule, because }) => `passed    ${rule}: another ${because}`),
  ]
}

function nobody(user: string | undefined): string {
  if (user === undefined) return 'session   none: give --user UID to ask for somebody'
  return `session   none: ${user} has no live session, so nothing is known of roles and claims`
}

function listed(roles: readonly string[]): string {
  return roles.length === 0 ? 'none' : roles.join(', ')
}
