/* What the bench and the process of pollers say to each other. */
import type { Window } from '../measure/contestant.ts'
import type { Failed } from '../measure/ordered-process.ts'

export interface PollOrder {
  readonly port: number
  /** Basic credentials of a client that reads the feed and starts sessions. */
  readonly authorization: string
  readonly pollers: number
  /** How often each of them asks. */
  readonly everyMs: number
  /** Sessions that end meanwhile, for the pollers to hear of. */
  readonly endsPerSecond: number
  readonly windowMs: number
}

export type PollAnswer = { readonly kind: 'polled'; readonly window: Window } | Failed
