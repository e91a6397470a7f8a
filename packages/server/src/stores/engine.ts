import type { EndOrder, EndResult, SessionHints } from '#authority'
import type { Act } from './act.ts'
import type { Dialect } from './dialect.ts'

/** Makes an act anew for each attempt: a generator runs only once. */
export type Begin<Result> = () => Act<Result>

/** What runs acts: one for each kind of database. Its errors are StoreUnavailable, or mistakes of ours. */
export interface Engine extends SessionHints {
  readonly dialect: Dialect
  /** An act that only reads, with one statement. */
  read<Result>(begin: Begin<Result>): Promise<Result>
  /** An act of one statement that may write. */
  writeOne<Result>(begin: Begin<Result>): Promise<Result>
  /** All of it or nothing; what `keeps` refuses is rolled back, and still answered. */
  write<Result>(begin: Begin<Result>, keeps?: (result: Result) => boolean): Promise<Result>
  /** In one transaction with all other ends that wait. */
  end(order: EndOrder): Promise<EndResult>
  isUniqueViolation(error: unknown): boolean
  /** Tells other processes that something was committed which they should read. */
  announce(): void
  onHint(listener: () => void): () => void
  close(): Promise<void>
}
