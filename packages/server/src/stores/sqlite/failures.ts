import { StoreUnavailable } from '#authority'

/** Primary result codes (sqlite.org/rescode.html) that say nothing about the statement itself. */
const unavailableCodes: ReadonlySet<number> = new Set([
  5, // busy: another process held the write lock for the whole busy time-out
  6, // locked
  7, // out of memory
  8, // read-only
  10, // input or output
  13, // the disk is full
  14, // cannot open
  15, // locking protocol
])

const uniqueCodes: ReadonlySet<number> = new Set([1555, 2067])

/** An error of the driver as the ports know it; any other error is a mistake of ours and goes on. */
export function toSqliteFailure(error: unknown): unknown {
  const code = errcodeOf(error)
  if (code === undefined) return error
  return unavailableCodes.has(code & 0xff) ? new StoreUnavailable(error) : error
}

export function isUniqueViolation(error: unknown): boolean {
  return uniqueCodes.has(errcodeOf(error) ?? 0)
}

function errcodeOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode : undefined
}
