/* What the bench and the process that makes the load say to each other. */
import type { Window } from '../measure/contestant.ts'
import type { Failed } from '../measure/ordered-process.ts'

export const loadActs = ['start', 'refresh', 'logout'] as const
export type LoadAct = (typeof loadActs)[number]
/** `bare`: a form as long as a refresh, to whom it may concern. */
export type WindowAct = LoadAct | 'bare'

export interface LoadTarget {
  readonly port: number
  /** Basic credentials of a client with the role issuer. */
  readonly authorization: string
  /** The client whose sessions they are; it has no secret. */
  readonly publicClient: string
}

export type LoadOrder =
  | { readonly kind: 'target'; readonly target: LoadTarget }
  | {
      readonly kind: 'window'
      readonly act: WindowAct
      readonly callers: number
      readonly windowMs: number
    }
  /** Start sessions until so many are waiting to be used up. */
  | { readonly kind: 'supply'; readonly count: number; readonly callers: number }

export type LoadAnswer = { readonly kind: 'done'; readonly window: Window | null } | Failed
