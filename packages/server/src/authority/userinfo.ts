import type { Claims, End } from '#domain'
import { hasScope, scopedClaims } from './id-claims.ts'
import { present } from './present.ts'
import type { Rooms } from './rooms.ts'

export type UserInfo =
  | { readonly kind: 'claims'; readonly claims: Claims }
  | { readonly kind: 'ended'; readonly end: End }
  | { readonly kind: 'invalid' }
  /** The token is good, and not for this. */
  | { readonly kind: 'insufficient-scope' }

/**
 * `GET /userinfo` (OpenID Connect Core, section 5.3), for an access token with scope `openid` alone: the
 * claims as the row has them now.
 *
 * @throws StoreUnavailable
 */
export async function userInfo(rooms: Rooms, token: string): Promise<UserInfo> {
  const presented = await present(rooms, token, ['access'])
  if (presented.kind === 'ended') return { kind: 'ended', end: presented.session.end }
  if (presented.kind !== 'live') return { kind: 'invalid' }
  const verdict = rooms.access.verify(token)
  if (verdict.kind === 'invalid') return { kind: 'invalid' }
  const { scope } = verdict.claims
  if (!hasScope(scope, 'openid')) return { kind: 'insufficient-scope' }
  const { origin, grants } = presented.session
  return { kind: 'claims', claims: { ...scopedClaims(grants.claims, scope), sub: origin.uid } }
}
