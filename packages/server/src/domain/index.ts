/*
 * The domain: what a session is, and the only ways in which it changes. Pure: no I/O, no clock, no
 * randomness, no async; time and random bytes come in as arguments. It imports nothing but itself.
 * Start at session.ts (the row), then transition.ts (its moves) and placement.ts (its start).
 */
export type { Brand } from './brand.ts'
export type {
  Command,
  EndCommand,
  ExpireCommand,
  Grace,
  JoinCommand,
  Joiner,
  MintCommand,
  MintOrder,
  ProviderFaultCommand,
  ProviderGrant,
  ProviderRefusedCommand,
  RefreshCommand,
  RegrantCommand,
  RenameCommand,
  Seen,
  Sender,
  StoreProviderTokensCommand,
  TakeLeaseCommand,
  TouchCommand,
} from './commands.ts'
export { type Epoch, type FeedCursor, formatCursor, parseCursor } from './cursor.ts'
export {
  type DecisionRefusal,
  type DeviceAuthorization,
  type DeviceRefusal,
  type DeviceRequest,
  type DeviceStanding,
  type DeviceState,
  decisionRefusal,
  deviceStanding,
  isFinalStanding,
  redeemRefusal,
  type ScanRefusal,
  scanRefusal,
} from './device-authorization.ts'
export {
  type ClientId,
  clientOfUid,
  clientUid,
  type KeyId,
  parseClientId,
  parseSessionId,
  parseUid,
  type Salt,
  type SessionId,
  sessionIdFrom,
  type TokenId,
  type Uid,
} from './ids.ts'
export { enter, mint } from './minting.ts'
export type { EndCause, Outcome, Refusal } from './outcome.ts'
export {
  type Applicant,
  type DevicePolicy,
  type PlacedEnd,
  type Placement,
  place,
  slotOf,
} from './placement.ts'
export { type EndReason, endReasons, endsChildren, parseReason, reason } from './reasons.ts'
export { Secret } from './secret.ts'
export {
  type AccessLedger,
  type Actor,
  type Claims,
  type End,
  type EndedSession,
  expiresAt,
  type Grants,
  isExpired,
  type Json,
  type Life,
  type LiveSession,
  type MintedAccess,
  type Origin,
  type Profile,
  type ProviderLease,
  type ProviderLink,
  type Rotation,
  type Session,
  type SessionParts,
  type SessionTokenState,
} from './session.ts'
export {
  addMs,
  type EpochSeconds,
  epochSeconds,
  type Instant,
  instant,
  later,
  toInstant,
  toSeconds,
} from './time.ts'
export { transition } from './transition.ts'
export { formatUserCode, parseUserCode, userCodeAlphabet, userCodeLength } from './user-code.ts'
