/*
 * @curfew/verifier: what a service needs to verify Curfew's access tokens on its own, and to learn of the
 * end of a session in milliseconds. It imports jose and nothing of node:, and runs wherever WebCrypto and
 * fetch are. Nothing happens when it is loaded; `createVerifier` starts everything, `close` ends it.
 * Start at verifier.ts (one call's way), then following.ts (what goes on behind it).
 */
export type { AccessClaims } from './access-token.ts'
export type { IncomingRequest } from './bearer.ts'
export type { VerifierMetrics, VerifierStatus } from './counters.ts'
export type { PresentedProof } from './dpop-request.ts'
export type { Duration } from './duration.ts'
export {
  type AnyVerifyError,
  type FaultCode,
  isVerifyError,
  type StatusOf,
  VerifierFault,
  VerifyError,
  type VerifyErrorCode,
} from './errors.ts'
export type { FollowingEvents as VerifierEvents } from './following.ts'
export type { SessionId, UserId } from './ids.ts'
export type { VerifierOptions } from './options.ts'
export type { Session } from './session.ts'
export type { StateStore } from './state.ts'
export {
  closeCodeEnded,
  closeSocketOnEnd,
  endStreamOnEnd,
  type OutgoingStream,
  type Socket,
  untilEnd,
} from './streams.ts'
export { createVerifier, type Verifier, type VerifyOptions } from './verifier.ts'
