import type { Brand } from './brand.ts'

/** Why a session ended, as `revoked_reason` says it (API.md, section 5). */
export type EndReason = Brand<string, 'EndReason'>

/** The reasons that Curfew itself gives; an admin may give another one. */
export const endReasons = {
  userLogout: 'user_logout',
  userLogoutAll: 'user_logout_all',
  userLogoutOthers: 'user_logout_others',
  adminRevoke: 'admin_revoke',
  superseded: 'superseded',
  deviceLimit: 'device_limit',
  refreshReuse: 'refresh_reuse',
  idpLogout: 'idp_logout',
  idpRefused: 'idp_refused',
  userDisabled: 'user_disabled',
  restored: 'restored',
  expired: 'expired',
} as const satisfies Record<string, string>

const table = endReasons as Readonly<Record<keyof typeof endReasons, string>>

/** One of Curfew's own reasons as a checked value. */
export function reason(name: keyof typeof endReasons): EndReason {
  return table[name] as EndReason
}

/** What the user did, or what merely makes room, ends one session; anything else ends what it approved too. */
const leavesChildren: ReadonlySet<string> = new Set([
  ...[endReasons.userLogout, endReasons.userLogoutAll, endReasons.userLogoutOthers],
  ...[endReasons.superseded, endReasons.deviceLimit, endReasons.expired, endReasons.restored],
])

/** Rule 31: an end by reuse, an administrator, the provider or disabling ends the children as well. */
export function endsChildren(why: EndReason): boolean {
  return !leavesChildren.has(why)
}

const reasonShape = /^[a-z0-9_]{1,64}$/

/** A reason that an admin gives: 1 to 64 of `[a-z0-9_]`. */
export function parseReason(text: string): EndReason | undefined {
  return reasonShape.test(text) ? (text as EndReason) : undefined
}
