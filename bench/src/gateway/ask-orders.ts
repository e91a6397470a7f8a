/* What the bench and the process that asks say to each other. */
import type { Window } from '../measure/contestant.ts'

/** Ask one server the same thing on so many connections at once, for so long. */
export interface AskOrder {
  readonly port: number
  /** All of its bytes, in ASCII. */
  readonly request: string
  readonly connections: number
  readonly windowMs: number
}

export type AskAnswer =
  | { readonly kind: 'asked'; readonly window: Window; readonly answerBytes: number }
  | { readonly kind: 'failed'; readonly why: string }
