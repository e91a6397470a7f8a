/* What the bench and the process that asks say to each other. */
import type { Window } from '../measure/contestant.ts'
import type { Failed } from '../measure/ordered-process.ts'

/** Ask one server on so many connections at once, for so long. */
export interface AskOrder {
  readonly port: number
  /** All of its bytes, in ASCII. */
  readonly request: string
  readonly connections: number
  readonly windowMs: number
  /** Without it, each request is the same. */
  readonly turns?: Turns
}

/** What stands in the place of `turnMark` in each request. */
export interface Turns {
  readonly texts: readonly string[]
  /** From the first one again, when all have been asked about; else the window ends early. */
  readonly again: boolean
}

export const turnMark = '{turn}'

export type AskAnswer =
  | { readonly kind: 'asked'; readonly window: Window; readonly answerBytes: number }
  | Failed
