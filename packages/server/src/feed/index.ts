/*
 * The feed: how this process learns of every end, and hands it on. `Tail` follows the store's feed into
 * the denylist that is asked before any cache; `openStream` turns it into what server-sent events send.
 * It may import domain, authority and @curfew/verifier, whose denylist and reader it runs.
 * Start at tail.ts, then stream.ts.
 */
export { openStream, type StreamItem, type StreamOptions } from './stream.ts'
export type { TailListener, TailNews } from './subscribers.ts'
export { Tail, type TailClock, type TailOptions, type TailStore } from './tail.ts'
export type { LostCause, TailSignals } from './tail-signals.ts'
