import type { Brand } from './brand.ts'

/** Names one history of the feed; a restored store gets a new one (rule 7). It begins with a letter. */
export type Epoch = Brand<string, 'Epoch'>

/** A position in the feed: all ends up to `seq` of this epoch have been seen. */
export interface FeedCursor {
  readonly epoch: Epoch
  readonly seq: number
}

/** Wider than what we write: a cursor of another store, or of another version, resets and is no mistake. */
const cursorShape = /^([A-Za-z][A-Za-z0-9_-]*)\.(0|[1-9][0-9]*)$/

/** A number that no feed reaches stands for the greatest one: either is ahead of every head. */
export function parseCursor(text: string): FeedCursor | undefined {
  const match = cursorShape.exec(text)
  if (match === null) return undefined
  return { epoch: match[1] as Epoch, seq: Math.min(Number(match[2]), Number.MAX_SAFE_INTEGER) }
}

export function formatCursor(cursor: FeedCursor): string {
  return `${cursor.epoch}.${cursor.seq}`
}
