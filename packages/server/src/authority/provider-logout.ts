import type { Instant } from '#domain'
import type { RecordedEnd } from './ports.ts'
import type { ProviderLogoutOrder, ProviderSessionStore, SubjectUntil } from './provider-ports.ts'
import type { Rooms } from './rooms.ts'

/** How long a provider's logout refuses the sign-in that it overtook (rule 23). */
export const rememberedMs = 3_600_000

/** The id of a logout token: good once, remembered until the token itself is good no more. */
export interface Announcement {
  readonly id: string
  readonly expiresAt: Instant
}

export type ProviderLogoutAnswer =
  | { readonly kind: 'done'; readonly ended: readonly RecordedEnd[] }
  | { readonly kind: 'replayed' }

/**
 * Ends what a provider says is over, and denies it in this process before the provider is answered.
 * With an announcement (back channel) the sid is refused for an hour; without one (front channel, where
 * anybody may have sent the request) nothing is remembered.
 *
 * @throws StoreUnavailable
 */
export async function endByProviderSid(
  rooms: Rooms,
  store: ProviderSessionStore,
  order: {
    readonly issuer: string
    readonly providerSid: string
    /** Whose session it is, as far as the provider says. */
    readonly of?: SubjectUntil | null
    readonly announcement: Announcement | null
  },
): Promise<ProviderLogoutAnswer> {
  const { issuer, providerSid, of = null, announcement } = order
  return carryOut(rooms, store, {
    issuer,
    target: { by: 'sid', providerSid, of },
    once: announcement,
    rememberMs: announcement === null ? 0 : rememberedMs,
  })
}

/**
 * All sessions of a subject that were created until then. Its fence moves, so that a sign-in under way
 * cannot finish, whatever its uid turns out to be.
 *
 * @throws StoreUnavailable
 */
export async function endBySubject(
  rooms: Rooms,
  store: ProviderSessionStore,
  order: {
    readonly issuer: string
    readonly subject: string
    readonly createdUntil: Instant
    readonly announcement: Announcement | null
  },
): Promise<ProviderLogoutAnswer> {
  const { issuer, subject, createdUntil, announcement } = order
  return carryOut(rooms, store, {
    issuer,
    target: { by: 'subject', subject, createdUntil },
    once: announcement,
    rememberMs: 0,
  })
}

async function carryOut(
  rooms: Rooms,
  store: ProviderSessionStore,
  order: ProviderLogoutOrder,
): Promise<ProviderLogoutAnswer> {
  const result = await store.endByProvider(order)
  if (result.kind === 'replayed') return result
  for (const recorded of result.ended) {
    rooms.denylist.deny(recorded)
    rooms.cache.drop(recorded.sid)
  }
  return result
}
