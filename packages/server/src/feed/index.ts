/*
 * The feed: how this process learns of every end, and hands it on. `Tail` follows the store's feed into
 * the denylist that is asked before any cache; `openStream` turns it into what server-sent events send;
 * `EndsPush` tells ends on a channel, and channel-hints.ts hears what others tell there.
 * It may import domain, authority and @curfew/verifier, whose denylist and reader it runs.
 * Start at tail.ts, then stream.ts.
 */
export {
  followEnds,
  joinHints,
  type Messages,
  SessionChannel,
} from './channel-hints.ts'
export { EndsPush, type PushSignals } from './push.ts'
export { type MarkKeeper, type MarkSealer, SharedMark } from './shared-mark.ts'
export { openStream, type StreamItem, type StreamOptions } from './stream.ts'
export type { TailListener, TailNews } from './subscribers.ts'
export { Tail, type TailClock, type TailOptions, type TailStore } from './tail.ts'
export type { LostCause, TailSignals } from './tail-signals.ts'
