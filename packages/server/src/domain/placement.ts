import type { Joiner } from './commands.ts'
import type { SessionId } from './ids.ts'
import { type EndReason, reason } from './reasons.ts'
import { isExpired, type LiveSession } from './session.ts'
import type { Instant } from './time.ts'

/** What a device class allows. `limit` bounds the live sessions of one user in the class. */
export type DevicePolicy =
  | { readonly policy: 'single' }
  | { readonly policy: 'shared' }
  | { readonly policy: 'multiple'; readonly limit: number | null }

/** A sign-in that asks for a place among the user's live sessions of its class. */
export interface Applicant {
  readonly deviceId: string | null
  readonly joiner: Joiner
  /** False: a live shared session is superseded instead of joined. */
  readonly mayJoin: boolean
}

export interface PlacedEnd {
  readonly sid: SessionId
  readonly reason: EndReason
  readonly guard: 'live' | 'expired'
}

/** The sessions that end for the newcomer, in order of sid, and the one to join, if any. */
export interface Placement {
  readonly ends: readonly PlacedEnd[]
  readonly join: SessionId | null
}

/**
 * Decides under the user's lock what a start does to the unended rows of its class. Rows that have
 * run out give up their place (rule 8). The newcomer is inserted unless `join` names a session.
 */
export function place(
  policy: DevicePolicy,
  rows: readonly LiveSession[],
  applicant: Applicant,
  now: Instant,
): Placement {
  const expired = rows.filter((row) => isExpired(row, now))
  const live = rows.filter((row) => !isExpired(row, now))
  const gone = expired.map((row) => end(row, 'expired', 'expired'))
  const join = policy.policy === 'shared' ? joinable(live, applicant) : undefined
  if (join !== undefined) return { ends: bySid(gone), join: join.origin.sid }
  return { ends: bySid([...gone, ...displaced(policy, live, applicant)]), join: null }
}

/** The live rows that must go before one more may be inserted. */
function displaced(
  policy: DevicePolicy,
  live: readonly LiveSession[],
  applicant: Applicant,
): readonly PlacedEnd[] {
  if (policy.policy !== 'multiple') return live.map((row) => end(row, 'superseded', 'live'))
  const replaced = live.filter((row) => sameDevice(row, applicant))
  const others = live.filter((row) => !sameDevice(row, applicant)).toSorted(byAge)
  const excess = policy.limit === null ? 0 : Math.max(0, others.length + 1 - policy.limit)
  return [
    ...replaced.map((row) => end(row, 'superseded', 'live')),
    ...others.slice(0, excess).map((row) => end(row, 'deviceLimit', 'live')),
  ]
}

function joinable(live: readonly LiveSession[], applicant: Applicant): LiveSession | undefined {
  if (!applicant.mayJoin) return undefined
  return live.find((row) => isJoinable(row, applicant.joiner))
}

/** Rule 9: the joiner must gain nothing that its own sign-in would not have given it. */
export function isJoinable(session: LiveSession, joiner: Joiner): boolean {
  const bound = session.rotation !== null && session.rotation.dpopThumbprint !== null
  const acrNotHigher = session.origin.acr === null || session.origin.acr === joiner.acr
  return (
    !bound &&
    acrNotHigher &&
    session.origin.clientId === joiner.clientId &&
    (session.provider?.providerId ?? null) === joiner.providerId &&
    sameRoles(session.grants.roles, joiner.roles)
  )
}

/** The value of the unique column (uid, slot) among unended rows; null where any number may live. */
export function slotOf(
  policy: DevicePolicy,
  device: string,
  deviceId: string | null,
): string | null {
  if (policy.policy !== 'multiple') return device
  return deviceId === null ? null : `${device}:${deviceId}`
}

function sameDevice(row: LiveSession, applicant: Applicant): boolean {
  return applicant.deviceId !== null && row.origin.deviceId === applicant.deviceId
}

function sameRoles(a: readonly string[], b: readonly string[]): boolean {
  const set = new Set(a)
  return set.size === new Set(b).size && b.every((role) => set.has(role))
}

function end(
  row: LiveSession,
  name: 'expired' | 'superseded' | 'deviceLimit',
  guard: PlacedEnd['guard'],
): PlacedEnd {
  return { sid: row.origin.sid, reason: reason(name), guard }
}

function byAge(a: LiveSession, b: LiveSession): number {
  return a.origin.createdAt - b.origin.createdAt || compare(a.origin.sid, b.origin.sid)
}

/** Locks are taken in order of sid everywhere (rule 1). */
function bySid(ends: readonly PlacedEnd[]): readonly PlacedEnd[] {
  return ends.toSorted((a, b) => compare(a.sid, b.sid))
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
