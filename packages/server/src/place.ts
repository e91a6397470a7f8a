import type { Config } from '#config'
import type { Fellows, Metrics } from '#http'
import type { Signalled } from './stopping.ts'

/** Where a server runs: as a process of its own, or as one of several workers of one. */
export interface Place {
  readonly config: Config
  readonly signalled: Signalled
  /** The worker's number, in its log lines. */
  readonly worker: number | undefined
  readonly fellows: Fellows
  /** All listeners accept requests. */
  listening(url: string): void
  /** These are this process's own metrics. */
  counts(metrics: Metrics): void
}
