import type { LimitName } from './limits.ts'

/** What one worker tells the others, so that the table of limits holds for all of them together (rule 37). */
export type Word =
  | { readonly kind: 'taken' | 'given'; readonly limit: LimitName; readonly key: string }
  /** So many event streams of the caller are open at the worker that says it. */
  | { readonly kind: 'streams'; readonly caller: string; readonly open: number }

/** What a worker hears of another one, which `from` names. */
export type Heard =
  | (Word & { readonly from: number })
  /** It has ended, and its event streams with it. */
  | { readonly kind: 'gone'; readonly from: number }

/** The other workers of this server (`server.workers`). */
export interface Fellows {
  tell(word: Word): void
  /** One listener. */
  onWord(listener: (heard: Heard) => void): void
}

/** The server is one process. */
export const noFellows: Fellows = { tell: () => undefined, onWord: () => undefined }
