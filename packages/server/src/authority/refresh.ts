import type { ClientId, End, LiveSession, RefreshCommand, Refusal, Seen } from '#domain'
import { type Applied, apply } from './apply.ts'
import { openToken } from './key-missing.ts'
import { rulesOf } from './policy.ts'
import type { RefreshResult, Rooms } from './rooms.ts'
import type { OpenedToken } from './token-ports.ts'
import { type TokenSet, type TokenWish, tokenSet } from './token-set.ts'

export interface RefreshInput {
  readonly token: string
  readonly clientId: ClientId
  readonly dpopThumbprint: string | null
  readonly seen: Seen
  readonly wish: TokenWish
}

export type RefreshAnswer =
  | { readonly kind: 'refreshed'; readonly tokens: TokenSet }
  /** By this request (reuse, expiry) or before. */
  | { readonly kind: 'ended'; readonly end: End }
  | { readonly kind: 'refused'; readonly result: RefreshResult }

/**
 * `grant_type=refresh_token`. A forged token fails before any store is asked; a good one usually
 * costs a single UPDATE against the cached version (DESIGN.md, section 2).
 *
 * @throws StoreUnavailable, KeyMissing
 */
export async function refresh(rooms: Rooms, input: RefreshInput): Promise<RefreshAnswer> {
  const token = openToken(rooms, 'refresh', input.token)
  if (token === undefined) return refused(rooms, 'forged')
  const applied = await apply(
    rooms,
    token.sid,
    (session) => rotation(rooms, session, token, input),
    {
      cached: true,
      proof: (salt) => rooms.opaque.verify(token, salt),
    },
  )
  return answer(rooms, applied, input)
}

function rotation(
  rooms: Rooms,
  session: LiveSession,
  token: OpenedToken,
  input: RefreshInput,
): RefreshCommand {
  const { policy } = rooms
  const { device } = session.origin
  const rules = rulesOf(policy, device)
  return {
    kind: 'refresh',
    presented: token.generation,
    sender: { clientId: input.clientId, dpopThumbprint: input.dpopThumbprint },
    mint: {
      jti: rooms.random.tokenId(),
      ttlSeconds: policy.accessTtlSeconds(session.origin.clientId, device),
      keyId: rooms.access.currentKid(),
    },
    refreshKeyId: rooms.opaque.currentKeyId(),
    refreshTtlMs: policy.refreshTtlMs,
    idleTtlMs: rules.idleTtlMs,
    grace: {
      refreshGraceMs: policy.refreshGraceMs,
      lostResponseMs: rules.lostResponseMs,
      regainedAt: rooms.clock.regainedAt(),
    },
    seen: input.seen,
  }
}

function answer(rooms: Rooms, applied: Applied, input: RefreshInput): RefreshAnswer {
  switch (applied.kind) {
    case 'moved':
    case 'unchanged':
      return refreshed(rooms, applied, input)
    case 'ended':
      return ended(rooms, applied)
    case 'refused':
      return refused(rooms, resultOf(applied.refusal), applied.refusal)
    case 'unknown':
    case 'forged':
      return refused(rooms, 'forged')
    default:
      return applied satisfies never
  }
}

/** A repeat is answered from the row like the rotation itself: the same successor, the same `jti`. */
function refreshed(
  rooms: Rooms,
  applied: Extract<Applied, { kind: 'moved' | 'unchanged' }>,
  input: RefreshInput,
): RefreshAnswer {
  const { session, now } = applied
  if (session.rotation === null) return refused(rooms, 'forged')
  rooms.signals.refreshed(applied.kind === 'moved' ? 'rotated' : 'repeated')
  const order = {
    session,
    minted: session.rotation.minted,
    now,
    wish: input.wish,
    // Of a bound session it is the same key: anybody else's was refused.
    dpopThumbprint: input.dpopThumbprint,
    refreshToken: true,
    sessionToken: false,
  }
  return { kind: 'refreshed', tokens: tokenSet(rooms, order) }
}

function ended(rooms: Rooms, applied: Extract<Applied, { kind: 'ended' }>): RefreshAnswer {
  const reuse = applied.byThis && applied.end.reason === 'refresh_reuse'
  rooms.signals.refreshed(reuse ? 'reuse' : 'ended')
  return { kind: 'ended', end: applied.end }
}

function refused(rooms: Rooms, result: RefreshResult, refusal?: Refusal): RefreshAnswer {
  rooms.signals.refreshed(result)
  if (refusal?.why === 'not-issued') rooms.signals.alarm({ kind: 'generation-not-issued' })
  return { kind: 'refused', result }
}

function resultOf(refusal: Refusal): RefreshResult {
  switch (refusal.why) {
    case 'not-issued':
      return 'not_issued'
    case 'refresh-token-expired':
      return 'expired'
    case 'wrong-client':
      return 'wrong_client'
    default:
      return 'forged'
  }
}
