import { setTimeout as pause } from 'node:timers/promises'
import type { RecordedEnd } from '#authority'
import type { Config, RedisConfig } from '#config'
import { EndsPush } from '#feed'
import { ActivityCounter } from './activity-counter.ts'
import { type Memory, noMemory, type RememberedParts } from './house.ts'
import { within } from './redis-client.ts'
import { openRedis, type RedisConnection } from './redis-connection.ts'

/** More are not told on the channel: `curfew recover` may end all there are, and verifiers pull. */
const endsToldMax = 10_000
/** Somebody waits at a shell, and nobody behind it: longer than a server may. */
const connectWithinMs = 2000
const tellWithinMs = 2000

/** A command remembers nothing; before it leaves it counts what it ended, and tells it where there is Redis. */
export function commandMemory(
  { store }: Pick<RememberedParts, 'store'>,
  { redis, revocation }: Config,
  warn: (text: string) => void,
): Memory {
  const none = noMemory({ store })
  const activity = new ActivityCounter()
  const ends: RecordedEnd[] = []
  const deny = (ended: RecordedEnd) => {
    activity.note('ended', ended.end.reason)
    if (redis !== null && ends.length < endsToldMax) ends.push(ended)
  }
  const close = async () => {
    activity.start(store)
    await activity.stop()
    // Only then is Redis asked for at all.
    if (redis === null || ends.length === 0) return
    await tell(ends.splice(0), { redis, channel: revocation.channel, warn })
  }
  return { ...none, denylist: { denies: () => false, deny }, close }
}

interface Telling {
  readonly redis: RedisConfig
  readonly channel: string
  readonly warn: (text: string) => void
}

/** The sessions have ended, whatever happens here: it is said, and no failure of the command. */
async function tell(
  ends: readonly RecordedEnd[],
  { redis: config, channel, warn }: Telling,
): Promise<void> {
  const redis = openRedis(config, { commandMs: tellWithinMs })
  let untold = ends.length
  const push = new EndsPush({
    publish: (message) => redis.publish(channel, message),
    signals: { published: () => void untold-- },
    pushQueueMax: ends.length,
  })
  try {
    await connected(redis)
    for (const ended of ends) push.push(ended)
    await within(tellWithinMs, push.idle())
  } catch {
    // Chosen outcome: leave; what was not told is counted below.
  } finally {
    await redis.close()
  }
  if (untold > 0) {
    warn(`${untold} end(s) were not told over Redis; verifiers learn of them with their next pull`)
  }
}

/** Or not, after a while: then publishing says so. */
async function connected(redis: Pick<RedisConnection, 'ready'>): Promise<void> {
  const deadline = performance.now() + connectWithinMs
  while (!redis.ready && performance.now() < deadline) await pause(20)
}
