import { LRUCache } from 'lru-cache'
import type { LimitTable, RateLimit } from './deps.ts'
import { OAuthError } from './oauth-error.ts'
import { Problem } from './problems.ts'

/** Keys remembered per limit. The least recently used is forgotten, which gives it a full bucket again. */
const limitKeysMax = 20_000

export const limitNames = [
  'tokenRequestsPerSession',
  'tokenRequestsPerAddress',
  'failedClientAuth',
  'sessionStarts',
  'signIns',
  'deviceAuthorizations',
  'userCodeGuesses',
] as const satisfies readonly (keyof LimitTable)[]
export type LimitName = (typeof limitNames)[number]

/** All that a refusal may be counted under. */
export const countedLimits = [...limitNames, 'eventStreamsPerCaller', 'eventStreams'] as const
export type CountedLimit = (typeof countedLimits)[number]

interface Bucket {
  tokens: number
  at: number
}

export interface LimitsOptions {
  /** Milliseconds of a monotonic clock: limits are no part of any session's time. */
  readonly monotonic: () => number
  readonly limited: (limit: CountedLimit) => void
  /** One was taken here: other workers take it from their buckets too (`note`). */
  readonly taken?: (limit: LimitName, key: string) => void
  /** What was taken here was given back. */
  readonly given?: (limit: LimitName, key: string) => void
}

/** Token buckets by limit and key (rule 37). Workers of one server tell each other what they take. */
export class Limits {
  readonly #table: LimitTable
  readonly #options: LimitsOptions
  readonly #buckets: Readonly<Record<LimitName, LRUCache<string, Bucket>>>

  constructor(table: LimitTable, options: LimitsOptions) {
    this.#table = table
    this.#options = options
    this.#buckets = {
      tokenRequestsPerSession: buckets(),
      tokenRequestsPerAddress: buckets(),
      failedClientAuth: buckets(),
      sessionStarts: buckets(),
      signIns: buckets(),
      deviceAuthorizations: buckets(),
      userCodeGuesses: buckets(),
    }
  }

  /** Takes one; answers 0, or the seconds to wait when there was none to take. */
  take(name: LimitName, key: string): number {
    return this.#try(name, key, 1)
  }

  /** Seconds to wait until there is one to take, 0 if there is; takes nothing. */
  wait(name: LimitName, key: string): number {
    return this.#try(name, key, 0)
  }

  /**
   * Another worker let one through. What several of them let through at the same moment is owed: it is
   * waited for later, so that over time no more than the table's rate passes all of them together.
   */
  note(name: LimitName, key: string): void {
    const limit = this.#table[name]
    if (limit === null) return
    const now = this.#options.monotonic()
    const bucket = this.#buckets[name].get(key) ?? { tokens: limit.burst, at: now }
    refill(bucket, limit, now)
    bucket.tokens = Math.max(bucket.tokens - 1, -limit.burst)
    this.#buckets[name].set(key, bucket)
  }

  /** What was taken turned out not to count. */
  giveBack(name: LimitName, key: string): void {
    this.noteBack(name, key)
    this.#options.given?.(name, key)
  }

  /** Another worker gave one back. */
  noteBack(name: LimitName, key: string): void {
    const limit = this.#table[name]
    const bucket = this.#buckets[name].get(key)
    if (limit === null || bucket === undefined) return
    bucket.tokens = Math.min(limit.burst, bucket.tokens + 1)
  }

  /** The caller was refused: counted, and answered with Retry-After. */
  refusal(limit: CountedLimit, seconds: number): Problem {
    this.#options.limited(limit)
    const detail = `The limit ${limit} was reached; wait ${seconds} s.`
    return new Problem('rate_limited', { detail, headers: { 'retry-after': String(seconds) } })
  }

  /** The same in the words of RFC 6749. */
  oauthRefusal(limit: CountedLimit, seconds: number): OAuthError {
    this.#options.limited(limit)
    return new OAuthError('temporarily_unavailable', {
      status: 429,
      description: `The limit ${limit} was reached; wait ${seconds} s.`,
      headers: { 'retry-after': String(seconds) },
    })
  }

  #try(name: LimitName, key: string, cost: 0 | 1): number {
    const limit = this.#table[name]
    if (limit === null) return 0
    const now = this.#options.monotonic()
    const bucket = this.#buckets[name].get(key)
    if (bucket === undefined) {
      if (cost > 0) this.#buckets[name].set(key, { tokens: limit.burst - cost, at: now })
    } else {
      refill(bucket, limit, now)
      if (bucket.tokens < 1) return secondsUntilOne(bucket, limit)
      bucket.tokens -= cost
    }
    if (cost > 0) this.#options.taken?.(name, key)
    return 0
  }
}

function buckets(): LRUCache<string, Bucket> {
  return new LRUCache({ max: limitKeysMax })
}

function refill(bucket: Bucket, limit: RateLimit, now: number): void {
  const gained = ((now - bucket.at) / 1000) * limit.perSecond
  bucket.tokens = Math.min(limit.burst, bucket.tokens + gained)
  bucket.at = now
}

function secondsUntilOne(bucket: Bucket, limit: RateLimit): number {
  if (limit.perSecond <= 0) return 3600
  return Math.max(1, Math.ceil((1 - bucket.tokens) / limit.perSecond))
}
