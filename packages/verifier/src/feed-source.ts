/** All ends up to `seq` of this epoch have been seen. */
export interface FeedPosition {
  readonly epoch: string
  readonly seq: number
}

/** One end. A source may add what its owner needs. */
export interface SourceEntry {
  readonly seq: number
  readonly sid: string
  /** Until which second, by the feed's clock, the session is to be denied. */
  readonly keepUntilSeconds: number
}

export interface FeedRead<Entry extends SourceEntry = SourceEntry> {
  readonly epoch: string
  readonly headSeq: number
  /** In order of `seq`. */
  readonly entries: readonly Entry[]
  /** More entries follow: read again at once. */
  readonly more: boolean
  /** The position after this page. Default: the last entry's number, or the head if no more follows. */
  readonly nextSeq?: number
  /**
   * Given by a source that leaves nothing out: every number above it is there, and a missing one is a
   * gap. A source that leaves out expired entries does not give it.
   */
  readonly floorSeq?: number
  /** The position was not understood; this is the first page of everything. */
  readonly reset?: boolean
  /** The feed's clock, in milliseconds. */
  readonly nowMs: number
}

export interface FeedSource<Entry extends SourceEntry = SourceEntry> {
  /** What follows a position; null: everything. The signal aborts when nobody waits any more. */
  read(after: FeedPosition | null, signal: AbortSignal): Promise<FeedRead<Entry>>
}

/** Why everything has to be loaded again. */
export type ResetCause =
  /** The feed has another epoch: its store was restored. */
  | 'epoch'
  /** A number is missing. */
  | 'gap'
  /** What followed our position is no longer kept. */
  | 'pruned'
  /** The head lies below our position, in the same epoch. */
  | 'behind'
  /** The source itself said so. */
  | 'source'

export type FeedEvent<Entry extends SourceEntry = SourceEntry> =
  /**
   * One page. A listener that throws refuses it: the position stays, and the page is read again.
   * `whole`: part of a load of everything, so that entries may repeat earlier ones.
   */
  | {
      readonly kind: 'entries'
      readonly entries: readonly Entry[]
      readonly whole: boolean
      readonly read: FeedRead<Entry>
    }
  /** The head was reached. `whole`: at the end of a load of everything. */
  | { readonly kind: 'current'; readonly position: FeedPosition; readonly whole: boolean }
  | { readonly kind: 'reset'; readonly cause: ResetCause }
  | { readonly kind: 'error'; readonly error: unknown; readonly failures: number }
  /** Once when `maxStalenessMs` is exceeded; again only after a good read. */
  | { readonly kind: 'stale'; readonly stalenessMs: number }

/** The source answered something that cannot be true. Nothing of it was taken over. */
export class FeedMalformed extends Error {
  readonly code = 'feed_malformed'
}

/** A page that fits a position: what of it is new, and where it leads. */
export type Judged<Entry extends SourceEntry> =
  | { readonly kind: 'page'; readonly fresh: readonly Entry[]; readonly next: FeedPosition }
  /** The page cannot follow this position: load everything. */
  | { readonly kind: 'reset'; readonly cause: ResetCause }

/**
 * Judges one answer of a source to `read(after)`.
 *
 * @throws FeedMalformed when the answer contradicts itself
 */
export function judge<Entry extends SourceEntry>(
  after: FeedPosition | null,
  read: FeedRead<Entry>,
): Judged<Entry> {
  const start = read.reset === true ? null : after
  checkShape(read)
  const cause = start === null ? undefined : misfit(start, read)
  if (cause !== undefined) return { kind: 'reset', cause }
  const from = start?.seq ?? 0
  const fresh = start === null ? read.entries : read.entries.filter((entry) => entry.seq > from)
  if (hasGap(from, fresh, read)) {
    // A whole load with a hole is no reason to load again at once: the source contradicts itself.
    if (start === null) throw new FeedMalformed('The feed leaves out numbers that it promised.')
    return { kind: 'reset', cause: 'gap' }
  }
  const next = { epoch: read.epoch, seq: nextSeq(read) }
  if (next.seq < from || (read.more && start !== null && next.seq === from)) {
    throw new FeedMalformed('The feed announces more, but its page leads nowhere.')
  }
  return { kind: 'page', fresh, next }
}

function misfit<Entry extends SourceEntry>(
  after: FeedPosition,
  read: FeedRead<Entry>,
): ResetCause | undefined {
  if (read.epoch !== after.epoch) return 'epoch'
  if (read.headSeq < after.seq) return 'behind'
  return read.floorSeq !== undefined && read.floorSeq > after.seq ? 'pruned' : undefined
}

function nextSeq<Entry extends SourceEntry>(read: FeedRead<Entry>): number {
  if (read.nextSeq !== undefined) return read.nextSeq
  return read.more ? (read.entries.at(-1)?.seq ?? 0) : read.headSeq
}

/** Is a number above the floor missing between the position, the entries and where the page leads? */
function hasGap<Entry extends SourceEntry>(
  from: number,
  fresh: readonly Entry[],
  read: FeedRead<Entry>,
): boolean {
  if (read.floorSeq === undefined) return false
  let last = Math.max(from, read.floorSeq)
  for (const { seq } of fresh) {
    if (seq <= last) continue
    if (seq !== last + 1) return true
    last = seq
  }
  return nextSeq(read) > last
}

function checkShape<Entry extends SourceEntry>(read: FeedRead<Entry>): void {
  if (typeof read.epoch !== 'string' || read.epoch === '' || !isCount(read.headSeq)) {
    throw new FeedMalformed('The feed answered without a position.')
  }
  let last = 0
  for (const { seq } of read.entries) {
    if (!isCount(seq) || seq <= last || seq > read.headSeq) {
      throw new FeedMalformed('The entries of the feed are not in order, or lie beyond its head.')
    }
    last = seq
  }
  const next = nextSeq(read)
  if (!isCount(next) || next < last || next > read.headSeq || (read.more && next === 0)) {
    throw new FeedMalformed('The feed announces a position that its page does not reach.')
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
