/*
 * The parts that Curfew's own server runs too: where ends are kept, and how a feed is followed. For
 * whoever builds a verifier of another kind; services use `createVerifier`.
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
export { PullSoon } from './pull-soon.ts'
export { defaultTiming, type Timing } from './timing.ts'
