import { randomFillSync, randomUUID } from 'node:crypto'
import type { Randomness } from '#authority'
import { type Instant, type Salt, type SessionId, sessionIdFrom, type TokenId } from '#domain'

const poolSize = 4096
const sessionRandomLength = 10
const saltLength = 16

/** Drawing from a pool is several times cheaper than a call into the system for each few bytes. */
export function createRandomness(): Randomness {
  const pool = Buffer.alloc(poolSize)
  let used = poolSize

  function draw(length: number): Buffer {
    if (used + length > poolSize) {
      randomFillSync(pool)
      used = 0
    }
    const bytes = Buffer.from(pool.subarray(used, used + length))
    pool.fill(0, used, used + length)
    used += length
    return bytes
  }

  return {
    sessionId(now: Instant): SessionId {
      return sessionIdFrom(now, draw(sessionRandomLength))
    },
    tokenId(): TokenId {
      return randomUUID() as TokenId
    },
    salt(): Salt {
      return draw(saltLength).toString('base64url') as Salt
    },
  }
}
