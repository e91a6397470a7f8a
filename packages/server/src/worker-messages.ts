import type { Heard, MetricsReport, Word } from '#http'
import type { Files } from './config-files.ts'

/* What the primary of `server.workers` and its workers say to each other. */

export type Order =
  /** The answer to `awake`. `newer`: what SIGHUP has brought since the server began. */
  | {
      readonly kind: 'begin'
      readonly worker: number
      readonly files: Files
      readonly newer: Files | null
    }
  | { readonly kind: 'reload'; readonly files: Files }
  | { readonly kind: 'stop' }
  /** Another worker was asked for the metrics of all. */
  | { readonly kind: 'count'; readonly round: number }
  | { readonly kind: 'metrics'; readonly question: number; readonly text: string }
  | { readonly kind: 'heard'; readonly heard: readonly Heard[] }

export type Message =
  /** It listens to orders. */
  | { readonly kind: 'awake' }
  /** All of its listeners accept requests. */
  | { readonly kind: 'listening'; readonly url: string }
  | { readonly kind: 'counted'; readonly round: number; readonly report: MetricsReport }
  /** It was asked for the metrics of all. */
  | { readonly kind: 'metrics'; readonly question: number }
  /** All of one turn of its event loop: a busy worker sends fewer, longer messages. */
  | { readonly kind: 'words'; readonly words: readonly Word[] }
