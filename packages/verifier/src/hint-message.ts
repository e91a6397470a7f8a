import { type FeedEntry, readEntry } from './feed-entry.ts'
import type { FeedPosition } from './feed-source.ts'

/** What Curfew publishes on the Redis channel (API.md, section 6). */
export interface HintMessage {
  readonly entry: FeedEntry
  readonly at: FeedPosition
}

/** Curfew's own have some 150 characters. */
const messageCharsMax = 1024

/** JSON text, or what it stands for. Undefined when it is no message of Curfew's. */
export function readHint(message: unknown): HintMessage | undefined {
  const value = typeof message === 'string' ? parse(message) : message
  const entry = readEntry(value)
  if (entry === undefined || typeof value !== 'object' || value === null) return undefined
  const epoch: unknown = Reflect.get(value, 'epoch')
  const seq: unknown = Reflect.get(value, 'seq')
  if (typeof epoch !== 'string' || typeof seq !== 'number') return undefined
  return Number.isSafeInteger(seq) && seq > 0 ? { entry, at: { epoch, seq } } : undefined
}

function parse(text: string): unknown {
  if (text.length > messageCharsMax) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
