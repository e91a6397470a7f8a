/* Which rows of a long list stand in the document. All rows of one list have one height. */

export interface Scroll {
  readonly top: number
  readonly viewport: number
  readonly rowHeight: number
  readonly count: number
}

export interface RowWindow {
  readonly first: number
  /** The row after the last one. */
  readonly end: number
  readonly offset: number
  readonly height: number
}

/** Rows beyond the edge, so that a turn of the wheel meets rows and not a gap. */
const overscan = 8

export function windowOf({ top, viewport, rowHeight, count }: Scroll): RowWindow {
  const height = count * rowHeight
  // A list that has become shorter is scrolled back by the browser a moment later.
  const from = Math.min(Math.max(0, top), Math.max(0, height - viewport))
  const first = Math.max(0, Math.floor(from / rowHeight) - overscan)
  const end = Math.min(count, Math.ceil((from + viewport) / rowHeight) + overscan)
  return { first, end, offset: first * rowHeight, height }
}

/** Rows from the end at which the next page is asked for: about two screens. */
const aheadRows = 40

export function wantsMore(shown: RowWindow, loaded: number): boolean {
  return shown.end + aheadRows >= loaded
}

/** Where to scroll so that a row is seen whole; undefined when it is. */
export function scrollTo(row: number, { top, viewport, rowHeight }: Scroll): number | undefined {
  const start = row * rowHeight
  if (start < top) return start
  if (start + rowHeight > top + viewport) return start + rowHeight - viewport
  return undefined
}
