/*
 * The authority: the use cases (start, present, refresh, end, list) and the ports that they need.
 * It imports the domain alone; stores, tokens, cache and feed implement its ports, main joins them.
 * Start at ports.ts (what others must offer), then apply.ts (decide, swap, decide again), then the
 * use case that you look for: one file each.
 */

export { type AdminLinks, createAdminLinks, type RedeemLink } from './admin-links.ts'
export { everything, type Regrant, type RevokeUserOrder } from './administer.ts'
export type { Applied } from './apply.ts'
export type { AdministrativeAct } from './audit.ts'
export {
  type AdminLink,
  type AdminLinkStore,
  type AuditAction,
  type AuditEntry,
  type AuditQuery,
  type AuditRow,
  type AuditStore,
  auditActions,
  type NewAdminLink,
} from './audit-ports.ts'
export { type Authority, createAuthority } from './authority.ts'
export type {
  AuthorizationRequest,
  CodeAnswer,
  CodeOrder,
  RedeemAnswer,
  RedeemInput,
} from './authorization-code.ts'
export { Behind } from './behind.ts'
export type { CheckRooms, IdentityStanding, SessionCheck } from './check-session.ts'
export type { ClientTokenAnswer } from './client-token.ts'
export type { CodeStore, NewCode, StoredCode } from './code-ports.ts'
export { describeSession, type SessionDescription } from './describe-session.ts'
export type {
  CodeHashes,
  CodePurpose,
  DeviceCodes,
  DeviceStore,
  NewDevice,
  PolledDevice,
  ReadDevice,
  WatchedDevice,
} from './device-ports.ts'
export {
  createDeviceAuthority,
  type DecisionAnswer,
  type DeviceAuthority,
  deviceCodeGrant,
  deviceLifetimeMs,
  pollIntervalMs,
  type ScanAnswer,
} from './devices.ts'
export { noEffects, startPayload, toldOf } from './effect-plan.ts'
export type {
  ClaimOrder,
  CursorStore,
  Delivery,
  EffectCounts,
  EffectEvent,
  EffectKind,
  EffectPlan,
  EffectQuery,
  EffectStore,
  EffectTarget,
  GivenUp,
  LeasedEffect,
  ListedEffect,
  RetryChoice,
  Tombstones,
} from './effect-ports.ts'
export {
  type ExchangeAnswer,
  type ExchangeDeps,
  type ExchangeInput,
  exchangeToken,
} from './exchange.ts'
export {
  createGatewayAuthority,
  type GatewayAuthority,
  gatewayClient,
} from './gateway-authority.ts'
export { identityClaims, identityScopes } from './id-claims.ts'
export type { Introspection, RevocationAnswer } from './introspect.ts'
export type { IssueAnswer, IssueInput } from './issue.ts'
export { endAll, endExpired, endForgottenClients, prune } from './keep-house.ts'
export { KeyMissing } from './key-missing.ts'
export { LastSeen } from './last-seen.ts'
export type { LogoutAnswer, ManyAnswer } from './logout.ts'
export { NextRead } from './next-read.ts'
export type { ClientRules, DeviceRules, PersonMatch, Policy } from './policy.ts'
export {
  type Clock,
  type Denylist,
  type EndOrder,
  type EndResult,
  type ExpiredScan,
  type FeedEntry,
  type FeedPage,
  type FeedPosition,
  type FeedQuery,
  type FeedStore,
  type KeyStore,
  type ListedKeyId,
  type OnceStore,
  type Pruned,
  type PruneLimits,
  type ReadSession,
  type RecordedEnd,
  type ScanPosition,
  type SessionHints,
  type SessionPage,
  type SessionQuery,
  type SessionSearch,
  type SessionStore,
  type SnapshotCache,
  type StartRequest,
  type StartResult,
  type Store,
  type StoredSigningKey,
  StoreUnavailable,
  type TailRead,
  type UserEndOrder,
  type UserEndResult,
  type UserState,
} from './ports.ts'
export { kindOf, type Presented, type TokenKind } from './present.ts'
export {
  type ProviderRefreshDeps,
  type ProviderRefreshResult,
  type ProviderSignals,
  tokensOf,
} from './provider-attempt.ts'
export {
  type Announcement,
  endByProviderSid,
  endBySubject,
  type ProviderLogoutAnswer,
} from './provider-logout.ts'
export type {
  GrantResult,
  ProviderGrants,
  ProviderLogoutOrder,
  ProviderLogoutResult,
  ProviderRules,
  ProviderSessionStore,
  ProviderTokens,
  RefreshOrder,
  RevocationOrder,
  RevocationResult,
  TokenSeal,
} from './provider-ports.ts'
export {
  createProviderRefresh,
  type FlightDeps,
  type Freshness,
  type ProviderRefresh,
} from './provider-refresh.ts'
export { handBack, type RevocationDeps, type RevocationSignals } from './provider-revocation.ts'
export type { CannotRefresh } from './provider-standing.ts'
export type { RefreshAnswer, RefreshInput } from './refresh.ts'
export { reservedRoles } from './roles.ts'
export type { Alarm, RefreshResult, Rooms, Signals } from './rooms.ts'
export { Shared } from './shared.ts'
export {
  type ProviderIdentity,
  type SignInAnswer,
  type SignInInput,
  signIn,
} from './sign-in.ts'
export type { SignedOut } from './sign-out.ts'
export type {
  AccessClaims,
  AccessTokens,
  AccessVerdict,
  CodeTokens,
  IdClaims,
  IdTokenHint,
  IdTokens,
  OpaqueParts,
  OpaquePurpose,
  OpaqueTokens,
  OpenedToken,
  OpenResult,
  ProofQuestion,
  ProofVerdict,
  Randomness,
} from './token-ports.ts'
export { noWish, type TokenSet, type TokenWish } from './token-set.ts'
export type { UpstreamToken } from './upstream-token.ts'
export type { UserInfo } from './userinfo.ts'
export type { CodeHash, DeviceVoucher } from './voucher.ts'
export type {
  ActivityCount,
  ActivityKind,
  ActivityPage,
  ActivityQuery,
  FollowersPage,
  Replica,
  Verifier,
  WatchStore,
} from './watch-ports.ts'
