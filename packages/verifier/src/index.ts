/*
 * @curfew/verifier: what a service needs to refuse a session once it has ended. It imports nothing,
 * not even node:, and runs wherever JavaScript does. Clocks and timers are passed in, or taken from
 * globalThis when something is built, never when this module is loaded.
 * Start at feed-reader.ts (how ends arrive), then denylist.ts (where they are kept).
 */
export { Denylist, type DenylistOptions } from './denylist.ts'
export { FeedReader, type FeedReaderOptions } from './feed-reader.ts'
export {
  type FeedEvent,
  FeedMalformed,
  type FeedPosition,
  type FeedRead,
  type FeedSource,
  type ResetCause,
  type SourceEntry,
} from './feed-source.ts'
export { defaultTiming, type Timing } from './timing.ts'
