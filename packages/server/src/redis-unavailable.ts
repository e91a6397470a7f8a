/**
 * Why a command of Redis was not carried out, as far as is known:
 *
 *   offline   there is no connection
 *   resting   the breaker is open: several commands in a row were not answered
 *   full      too many commands wait for their answers
 *   timeout   no answer in time; the command may have been carried out
 *   lost      the connection broke; the command may have been carried out
 *   refused   Redis answered with an error: rights, memory, a cluster that is down
 */
export const redisFailures = ['offline', 'resting', 'full', 'timeout', 'lost', 'refused'] as const
export type RedisFailure = (typeof redisFailures)[number]

/** Go on without Redis: whatever it holds, the store holds the truth. */
export class RedisUnavailable extends Error {
  readonly code = 'redis_unavailable'
  readonly failure: RedisFailure

  constructor(failure: RedisFailure, options: { readonly cause?: unknown } = {}) {
    super(`Redis did not carry out the command (${failure}); go on without it.`, options)
    this.failure = failure
  }
}
