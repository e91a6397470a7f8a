import type { VerifyErrorCode } from './errors.ts'

export interface VerifierStatus {
  /** Keys and the whole feed were loaded at least once. */
  readonly ready: boolean
  readonly lastPullAt: Date | undefined
  /** Since the start of the last good pull; Infinity before it. */
  readonly stalenessSeconds: number
  /** How many sessions are denied. */
  readonly denied: number
  /** The position in the feed up to which every end is known. */
  readonly cursor: string | undefined
}

/** Counts since the start, and how things stand: for metrics of your own. Nothing in it names anybody. */
export interface VerifierMetrics {
  /** Tokens whose signature was checked and good. */
  readonly verified: number
  /** Calls that were answered from memory. */
  readonly remembered: number
  readonly refused: Readonly<Partial<Record<VerifyErrorCode, number>>>
  /** Calls that were answered although the feed was stale (`onStale: 'accept'`). */
  readonly acceptedStale: number
  readonly pulls: number
  readonly pullFailures: number
  /** Everything was loaded again: another epoch, a gap, or rows that are gone. */
  readonly reloads: number
  /** Ends that the event stream brought. */
  readonly streamed: number
  /** Messages of push channels, and those that were none of Curfew's. */
  readonly hints: number
  readonly hintsMalformed: number
  /** Messages that were not believed, because there were too many; the pull tells. */
  readonly hintsDropped: number
  /** The event stream made the pull look for itself. */
  readonly doubts: number
  readonly keyFetches: number
  readonly faults: number
  readonly stalenessSeconds: number
  readonly streamOpen: boolean
  readonly denied: number
  readonly denylistBytes: number
  readonly tokensRemembered: number
  /** Proofs of possession that would be known as used; and those forgotten too early, for want of room. */
  readonly proofsRemembered: number
  readonly proofsDropped: number
  /** Signals that somebody waits for. */
  readonly signals: number
}

export interface Counters {
  verified: number
  remembered: number
  refused: Partial<Record<VerifyErrorCode, number>>
  acceptedStale: number
  pulls: number
  pullFailures: number
  reloads: number
  streamed: number
  hints: number
  hintsMalformed: number
  hintsDropped: number
  doubts: number
  keyFetches: number
  faults: number
}

export function newCounters(): Counters {
  return {
    verified: 0,
    remembered: 0,
    refused: {},
    acceptedStale: 0,
    pulls: 0,
    pullFailures: 0,
    reloads: 0,
    streamed: 0,
    hints: 0,
    hintsMalformed: 0,
    hintsDropped: 0,
    doubts: 0,
    keyFetches: 0,
    faults: 0,
  }
}
