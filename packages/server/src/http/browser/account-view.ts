import type { FastifyReply, FastifyRequest } from 'fastify'
import { everything, gatewayClient } from '#authority'
import type { LiveSession, Session } from '#domain'
import { nextCursor, paging } from '../answers.ts'
import type { HttpContext } from '../context.ts'
import type { AccountDevice, AccountView, EndedDevice } from '../pages/index.ts'
import { takeSaid } from './said.ts'

interface Order {
  readonly own: LiveSession
  readonly cursor: string | undefined
  readonly refused: AccountView['refused']
}

const endedShownMax = 5
const endedShownMs = 7 * 86_400_000

/** What `/account` shows: a page of live sessions, this one first, and what ended lately. */
export async function accountView(
  context: HttpContext,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  { own, cursor, refused }: Order,
): Promise<AccountView> {
  const { authority, browser, settings } = context
  const mine = { ...everything, uid: own.origin.uid }
  const at = paging(cursor === undefined ? {} : { cursor })
  const [live, ended] = await Promise.all([
    authority.list({ ...mine, ...at, state: 'live' }),
    cursor === undefined ? authority.list({ ...mine, ...at, state: 'ended' }) : null,
  ])
  const others = live.sessions.filter(({ origin }) => origin.sid !== own.origin.sid)
  const shown = cursor === undefined ? [own, ...others] : others
  const names = new Map(shown.map(({ origin, profile }) => [origin.sid, profile.deviceName]))
  const next = nextCursor(live)
  const action = `${settings.publicUrl}/account`
  return {
    ...{ action, refused, uid: own.origin.uid, now: live.now },
    devices: shown.map((session) => deviceOf(session, own, names)),
    ended: (ended?.sessions ?? [])
      .flatMap(endedOf)
      .filter((one) => isLate(one, live.now))
      .toSorted((a, b) => b.endedAt - a.endedAt)
      .slice(0, endedShownMax),
    said: takeSaid(request, reply, browser),
    hasOthers: others.length > 0 || next !== null || cursor !== undefined,
    moreUrl: next === null ? null : `${action}?cursor=${next}`,
    firstUrl: cursor === undefined ? null : action,
  }
}

function deviceOf(
  { origin, profile, life }: Session,
  own: LiveSession,
  names: ReadonlyMap<string, string | null>,
): AccountDevice {
  const parent = origin.parentSid
  return {
    sid: origin.sid,
    name: profile.deviceName,
    userAgent: profile.userAgent,
    client: origin.clientId === gatewayClient ? null : origin.clientId,
    kind: origin.device,
    ip: profile.ip,
    signedInAt: origin.createdAt,
    lastUsedAt: life.lastSeenAt,
    current: origin.sid === own.origin.sid,
    approvedWith: parent === null ? null : { name: names.get(parent) ?? null },
  }
}

function endedOf(session: Session): readonly EndedDevice[] {
  if (session.kind !== 'ended') return []
  const { deviceName: name, userAgent } = session.profile
  return [{ name, userAgent, endedAt: session.end.at, reason: session.end.reason }]
}

function isLate({ endedAt }: EndedDevice, now: number): boolean {
  return now - endedAt < endedShownMs
}
