import type { ClientId, Instant, LiveSession, Secret, SessionId, Uid } from '#domain'
import type { AdminLinkStore } from './audit-ports.ts'
import type { DeviceCodes } from './device-ports.ts'
import { rulesOf } from './policy.ts'
import type { Rooms } from './rooms.ts'
import { replace } from './sign-in.ts'
import { startByVoucher } from './start.ts'

/** Long enough to open it, too short to be found later. */
export const adminLinkLifetimeMs = 300_000

/** A link is opened in a browser: its session is one of the gateway's class, and of no client. */
const device = 'web'
const consoleClient = 'curfew:console' as ClientId

export interface AdminLinksDeps {
  readonly rooms: Rooms
  readonly store: AdminLinkStore
  readonly codes: Pick<DeviceCodes, 'fresh' | 'hash' | 'hashes'>
}

/** `curfew admin link UID`, and what becomes of the link. Each may throw StoreUnavailable or KeyMissing. */
export interface AdminLinks {
  /** Undefined: the configuration does not make the user an administrator. */
  make(uid: Uid): Promise<{ readonly token: Secret; readonly expiresAt: Instant } | undefined>
  /** Whom it would sign in; using it up is another act, so that a preview changes nothing. */
  look(token: Secret): Promise<Uid | undefined>
  redeem(order: RedeemLink): Promise<RedeemedLink>
}

export interface RedeemLink {
  readonly token: Secret
  readonly ip: string | null
  readonly userAgent: string | null
  /** What nothing in this browser leads to any more: they end (rule 27). */
  readonly previous: readonly SessionId[]
}

export type RedeemedLink =
  | { readonly kind: 'started'; readonly session: LiveSession; readonly now: Instant }
  /** Used, run out, unknown, or the user was signed out everywhere or disabled since. */
  | { readonly kind: 'refused' }

export function createAdminLinks(deps: AdminLinksDeps): AdminLinks {
  const { rooms, store, codes } = deps
  const find = async (token: Secret) => {
    const link = await store.adminLink(codes.hashes('admin-link', token))
    return link !== undefined && isAdmin(rooms, link.uid) ? link : undefined
  }
  return {
    make: async (uid) => {
      if (!isAdmin(rooms, uid)) return undefined
      const token = codes.fresh('admin-link')
      const hash = codes.hash('admin-link', token)
      return {
        token,
        expiresAt: await store.addAdminLink({ hash, uid, lifetimeMs: adminLinkLifetimeMs }),
      }
    },
    look: async (token) => (await find(token))?.uid,
    redeem: async ({ token, ip, userAgent, previous }) => {
      const link = await find(token)
      if (link === undefined) return { kind: 'refused' }
      const { uid, fence, hash } = link
      const person = { uid, authTime: null, amr: null, acr: null, roles: [], claims: {} }
      const place = { clientId: consoleClient, device, deviceId: null, deviceName: null, scope: '' }
      const kind = { mayJoin: false, refreshable: false, dpopThumbprint: null }
      const voucher = { kind: 'link', hash } as const
      const asked = { ...person, ...place, ...kind, ip, userAgent, fence, voucher }
      const started = await startByVoucher(rooms, asked, rulesOf(rooms.policy, device))
      if (started.kind !== 'started' && started.kind !== 'joined') return { kind: 'refused' }
      for (const sid of previous) await replace(rooms, sid, started.session.origin.sid)
      return { ...started, kind: 'started' }
    },
  }
}

/** By its uid alone: whom an e-mail address makes an administrator signs in at the provider. */
function isAdmin({ policy }: Rooms, uid: Uid): boolean {
  return policy.userRoles({ uid, vouched: null }).includes('admin')
}
