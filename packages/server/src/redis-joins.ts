import type { RecordedEnd, SessionHints } from '#authority'
import type { Config } from '#config'
import type { FeedCursor } from '#domain'
import { EndsPush, followEnds, SessionChannel, SharedMark, type Tail } from '#feed'
import type { Metrics } from '#http'
import type { Sealer } from '#tokens'
import type { RedisConnection } from './redis-connection.ts'

export interface RedisJoinsOptions {
  readonly redis: RedisConnection
  readonly config: Config
  readonly sealer: Sealer
  readonly metrics: Metrics
}

/** What a server does with Redis beside its cache: it tells ends, hears hints, and keeps the mark. */
export class RedisJoins {
  readonly #redis: RedisConnection
  readonly #channel: string
  readonly #metrics: Metrics
  readonly #push: EndsPush
  readonly #sessions: SessionChannel
  readonly #sealer: Sealer
  readonly #stops: (() => void)[] = []
  #mark: SharedMark | undefined

  constructor({ redis, config, sealer, metrics }: RedisJoinsOptions) {
    this.#redis = redis
    this.#channel = config.revocation.channel
    this.#metrics = metrics
    this.#sealer = sealer
    this.#push = endsPush(redis, this.#channel, (result) => {
      metrics.count('curfew_push_total', { result })
    })
    this.#sessions = new SessionChannel({
      messages: redis,
      channel: `${redis.keyPrefix}sessions`,
      heard: () => metrics.count('curfew_redis_messages_total', { about: 'sessions' }),
    })
    metrics.source('curfew_push_waiting', () => this.#push.waiting)
  }

  get hints(): SessionHints {
    return this.#sessions
  }

  /** From now on this tail reads when others end something, and its progress is kept. */
  follow(tail: Pick<Tail, 'hint' | 'heardMark'>): void {
    const mark = new SharedMark({
      keeper: this.#redis,
      sealer: this.#sealer,
      onMark: (each) => tail.heardMark(each),
    })
    this.#mark = mark
    mark.connected()
    const stopHints = followEnds({
      messages: this.#redis,
      channel: this.#channel,
      hint: () => tail.hint(),
      heard: () => this.#metrics.count('curfew_redis_messages_total', { about: 'ends' }),
    })
    this.#stops.push(
      stopHints,
      this.#redis.onReady(() => mark.connected()),
    )
  }

  followed(head: FeedCursor): void {
    this.#mark?.advanced(head)
  }

  /** A session ended here; its end is committed. */
  ended(ended: RecordedEnd): void {
    this.#push.push(ended)
  }

  /** What was pushed is told or given up; nothing is heard any more. */
  async close(): Promise<void> {
    for (const stop of this.#stops) stop()
    this.#sessions.close()
    this.#mark?.close()
    await this.#push.idle()
  }
}

type PushResult = 'published' | 'failed' | 'dropped'

function endsPush(
  redis: Pick<RedisConnection, 'publish'>,
  channel: string,
  count: (result: PushResult) => void,
): EndsPush {
  return new EndsPush({
    publish: (message) => redis.publish(channel, message),
    signals: {
      published: () => count('published'),
      failed: () => count('failed'),
      dropped: () => count('dropped'),
    },
  })
}
