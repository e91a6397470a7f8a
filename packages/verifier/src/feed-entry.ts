import { VerifierFault } from './errors.ts'
import type { FeedPosition } from './feed-source.ts'
import { isSessionId, type SessionId } from './ids.ts'

/** One end, as the feed and the push channels write it (API.md, section 6). */
export interface FeedEntry {
  readonly sid: SessionId
  /** When the last access token of the session expires, in Unix seconds; the past, where there is none. */
  readonly exp: number
}

/** Far beyond any expiry: the year 2106. */
const secondsMax = 0xffff_ffff

/** Undefined when it is none. Members that we don't know are of no interest. */
export function readEntry(value: unknown): FeedEntry | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const sid: unknown = Reflect.get(value, 'sid')
  const exp: unknown = Reflect.get(value, 'exp')
  if (!isSessionId(sid) || typeof exp !== 'number') return undefined
  return Number.isInteger(exp) && exp >= 0 && exp < secondsMax ? { sid, exp } : undefined
}

/** @throws VerifierFault `feed_malformed` */
export function readCursor(text: string | null): FeedPosition {
  const [, epoch = '', seq = ''] =
    /^([A-Za-z][\w-]{0,63})\.(0|[1-9]\d{0,15})$/.exec(text ?? '') ?? []
  if (epoch === '' || !Number.isSafeInteger(Number(seq))) {
    throw new VerifierFault('feed_malformed', `'${text}' is no position of the feed.`)
  }
  return { epoch, seq: Number(seq) }
}

export function formatCursor({ epoch, seq }: FeedPosition): string {
  return `${epoch}.${seq}`
}
