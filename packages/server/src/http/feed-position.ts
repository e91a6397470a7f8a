import type { FeedPosition } from '#authority'
import { type EpochSeconds, type Instant, parseCursor, toSeconds } from '#domain'
import { invalid, type Problem } from './problems.ts'

/** A `since` further ahead of our clock than this is a mistake, such as milliseconds (rule 38). */
const futureMaxSeconds = 300

/**
 * Where a reader stands: nothing, Unix seconds, or a cursor of ours. An epoch begins with a letter, so
 * the two never mix.
 *
 * @throws Problem 400
 */
export function feedPosition(since: string | undefined, now: Instant): FeedPosition {
  if (since === undefined) return { kind: 'start' }
  const cursor = parseCursor(since)
  if (cursor !== undefined) return { kind: 'cursor', cursor }
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(since)) throw malformedSince()
  const seconds = Number(since)
  if (seconds > toSeconds(now) + futureMaxSeconds) throw malformedSince()
  return { kind: 'since', seconds: seconds as EpochSeconds }
}

function malformedSince(): Problem {
  return invalid(
    'query',
    '/since',
    'must be Unix seconds that do not lie in the future, or a cursor of ours',
  )
}
