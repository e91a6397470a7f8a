/*
 * The loaded part of the list, the newest first, and what happens to it: pages are appended, events change
 * rows where they stand, and new rows wait while somebody reads. Nothing ever moves under the reader's cursor.
 */
import type { SessionItem } from '../api/shapes.ts'

export interface Loaded {
  readonly items: readonly SessionItem[]
  /** Matching sessions that are not in the list yet, because it is being read. */
  readonly waiting: readonly SessionItem[]
  /** undefined: nothing was loaded yet; null: all of it is. */
  readonly cursor: string | null | undefined
}

export const nothingLoaded: Loaded = { items: [], waiting: [], cursor: undefined }

export function append(
  loaded: Loaded,
  page: { readonly items: readonly SessionItem[]; readonly next_cursor: string | null },
): Loaded {
  const known = new Set(loaded.items.map((one) => one.sid))
  const items = [...loaded.items, ...page.items.filter((one) => !known.has(one.sid))]
  return { ...loaded, items, cursor: page.next_cursor }
}

export interface Arrival {
  readonly item: SessionItem
  readonly matches: boolean
  readonly reading: boolean
}

export function arrive(loaded: Loaded, { item, matches, reading }: Arrival): Loaded {
  if (loaded.items.some((one) => one.sid === item.sid)) {
    // Also when it no longer matches: the row says what happened to it, until the list is loaded anew.
    return { ...loaded, items: replace(loaded.items, item) }
  }
  if (loaded.waiting.some((one) => one.sid === item.sid)) {
    const waiting = matches
      ? replace(loaded.waiting, item)
      : loaded.waiting.filter((one) => one.sid !== item.sid)
    return { ...loaded, waiting }
  }
  if (!matches) return loaded
  const arrived = { ...loaded, waiting: [...loaded.waiting, item] }
  return reading ? arrived : release(arrived)
}

/** Lets in those that wait. What belongs below the loaded part comes with its page. */
export function release(loaded: Loaded): Loaded {
  const last = loaded.items.at(-1)
  const whole = loaded.cursor === null || last === undefined
  const fitting = loaded.waiting.filter((one) => whole || one.sid > last.sid)
  return { ...loaded, items: [...fitting, ...loaded.items].sort(newestFirst), waiting: [] }
}

function replace(items: readonly SessionItem[], item: SessionItem): SessionItem[] {
  // `current` says which session asked; whoever wrote the event does not know that of us.
  return items.map((one) => (one.sid === item.sid ? { ...item, current: one.current } : one))
}

/** A sid is a UUIDv7: its order is that of the starts. */
export function newestFirst(one: SessionItem, other: SessionItem): number {
  if (one.sid === other.sid) return 0
  return one.sid > other.sid ? -1 : 1
}
