/*
 * What stands in Redis under the key of a session:
 *
 *   s<shape>.<version>.<seq>.<readAt>.<sealed>   a snapshot: the script compares the numbers
 *   s<shape>.<version>.0.<readAt>.               the session has reached this version, and no more is known
 *   t                                            it has ended: nothing replaces this until it runs out
 *
 * The seal covers the key and the numbers, so that a value is good in one place and as it was written
 * (rule 20). Whoever can write to Redis can thereby cause misses, and nothing else.
 */
import {
  type Epoch,
  type FeedCursor,
  type Instant,
  type LiveSession,
  Secret,
  type SessionId,
} from '#domain'
import { isLiveSession } from './session-shape.ts'

/** A live session as it was read, or as it stood after a swap. */
export interface SharedSnapshot {
  readonly session: LiveSession
  readonly asOf: FeedCursor
  /** By the store's clock; a little too early rather than too late. */
  readonly readAt: Instant
}

export type SharedValue =
  | { readonly kind: 'snapshot'; readonly snapshot: SharedSnapshot }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'tombstone' }
  /** Of other secrets, of another shape, for another place, damaged, or never ours. */
  | { readonly kind: 'unreadable' }

/** What the cache needs of the key ring. */
export interface SnapshotSeal {
  seal(purpose: 'snapshot', identity: readonly string[], plaintext: Secret): string
  unseal(
    purpose: 'snapshot',
    identity: readonly string[],
    sealed: string,
  ):
    | { readonly kind: 'opened'; readonly plaintext: Secret }
    | { readonly kind: 'key-missing' | 'unreadable' }
}

export const tombstone = 't'

/** Larger ones are neither written nor read. */
const valueCharsMax = 128 * 1024
/** Changes whenever a session of the same fields means something else than before. */
const shape = 's1'
const valueShape = /^s1\.(\d{1,15})\.(\d{1,15})\.(\d{1,15})\.([\w-]*)$/

/** One key to a value, so that each script stays within one slot of a cluster. */
export function sharedKey(prefix: string, epoch: Epoch, sid: SessionId): string {
  return `${prefix}${epoch}:s:${sid}`
}

/** Undefined: too large to be worth it. */
export function writeValue(
  seal: SnapshotSeal,
  key: string,
  { session, asOf, readAt }: SharedSnapshot,
): string | undefined {
  const head = headOf(session.version, asOf.seq, readAt)
  const plaintext = JSON.stringify(session)
  // Base64 of UTF-8 is never shorter.
  if (plaintext.length > valueCharsMax) return undefined
  const value = `${head}.${seal.seal('snapshot', [key, head], new Secret(plaintext))}`
  return value.length > valueCharsMax ? undefined : value
}

/** Nothing but the version: it keeps older snapshots out. */
export function writeMark(version: number, readAt: Instant): string {
  return `${headOf(version, 0, readAt)}.`
}

export function readValue(
  seal: SnapshotSeal,
  { key, epoch, sid }: { readonly key: string; readonly epoch: Epoch; readonly sid: SessionId },
  value: string | null,
): SharedValue {
  if (value === null) return { kind: 'nothing' }
  if (value === tombstone) return { kind: 'tombstone' }
  const match = value.length > valueCharsMax ? null : valueShape.exec(value)
  if (match === null) return { kind: 'unreadable' }
  const [, version, seq, readAt, sealed = ''] = match
  if (sealed === '') return { kind: 'nothing' }
  const head = headOf(Number(version), Number(seq), Number(readAt))
  const opened = seal.unseal('snapshot', [key, head], sealed)
  if (opened.kind !== 'opened') return { kind: 'unreadable' }
  const session = parsed(opened.plaintext.reveal())
  if (session?.origin.sid !== sid || session.version !== Number(version)) {
    return { kind: 'unreadable' }
  }
  const asOf = { epoch, seq: Number(seq) }
  return { kind: 'snapshot', snapshot: { session, asOf, readAt: Number(readAt) as Instant } }
}

function headOf(version: number, seq: number, readAt: number): string {
  return `${shape}.${version}.${seq}.${readAt}`
}

function parsed(plaintext: string): LiveSession | undefined {
  try {
    const value: unknown = JSON.parse(plaintext)
    return isLiveSession(value) ? value : undefined
  } catch {
    // Another version of Curfew writes something else than JSON: as good as nothing.
    return undefined
  }
}
