import type { Brand } from './brand.ts'

/** Names one history of the feed; a restored store gets a new one (rule 7). It begins with a letter. */
export type Epoch = Brand<string, 'Epoch'>

/** A position in the feed: all ends up to `seq` of this epoch have been seen. */
export interface FeedCursor {
  readonly epoch: Epoch
  readonly seq: number
}

const cursorShape = /^([a-z][a-z0-9]{3,31})\.(0|[1-9][0-9]{0,15})$/

export function parseCursor(text: string): FeedCursor | undefined {
  const match = cursorShape.exec(text)
  if (match === null) return undefined
  const seq = Number(match[2])
  return Number.isSafeInteger(seq) ? { epoch: match[1] as Epoch, seq } : undefined
}

export function formatCursor(cursor: FeedCursor): string {
  return `${cursor.epoch}.${cursor.seq}`
}
