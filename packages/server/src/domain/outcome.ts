import type { EndReason } from './reasons.ts'
import type { Actor, End, LiveSession } from './session.ts'
import type { Instant } from './time.ts'

/** How a session is to end. `guard` repeats in the SQL what the decision rests on (rules 2 and 6). */
export interface EndCause {
  readonly reason: EndReason
  readonly by: Actor
  /** `live`: end it if it has not ended; `expired`: only if it has also run out by the store's clock. */
  readonly guard: 'live' | 'expired'
}

/** Why a command was refused. Each is decided on a row just read, never on a cached one (rule 3). */
export type Refusal =
  | { readonly why: 'ended'; readonly end: End }
  /** The generation is higher than the row's: a bug or a restored store. It ends nothing. */
  | { readonly why: 'not-issued' }
  | { readonly why: 'refresh-token-expired' }
  | { readonly why: 'wrong-client' }
  | { readonly why: 'no-refresh-token' }
  | { readonly why: 'not-joinable' }
  | { readonly why: 'leased' }
  | { readonly why: 'backing-off' }
  | { readonly why: 'no-provider-token' }
  | { readonly why: 'outdated' }

/**
 * What a command does to a session:
 * - `moved`: `next` is to be swapped in against the version it was decided on;
 * - `ends`: the session is to end for this cause, whatever its version;
 * - `unchanged`: the answer stands in the row already; nothing is written;
 * - `refused`: nothing is written, and the caller is told why.
 */
export type Outcome =
  | {
      readonly kind: 'moved'
      readonly next: LiveSession
      /** The decision holds only before this moment; the swap asks the store's clock again (rule 6). */
      readonly until: Instant | null
    }
  | { readonly kind: 'ends'; readonly cause: EndCause }
  | { readonly kind: 'unchanged'; readonly session: LiveSession }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

export function moved(next: LiveSession, until: Instant | null = null): Outcome {
  return { kind: 'moved', next, until }
}

export function unchanged(session: LiveSession): Outcome {
  return { kind: 'unchanged', session }
}

export function refused(refusal: Refusal): Outcome {
  return { kind: 'refused', refusal }
}

export function ends(cause: EndCause): Outcome {
  return { kind: 'ends', cause }
}
