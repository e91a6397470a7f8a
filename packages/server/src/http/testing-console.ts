/* What a console is shown, in memory. Imported by tests alone. */
import type {
  ActivityPage,
  EffectCounts,
  FollowersPage,
  ListedEffect,
  RetryChoice,
} from '#authority'
import type { Epoch, KeyId, Session, SessionId } from '#domain'
import type { TailListener } from '#feed'
import type { SigningKey } from '#tokens'
import type { AdminDeps } from './admin/deps.ts'
import { nowMs, sidOf } from './testing-values.ts'

export class FakeConsole {
  effects: readonly ListedEffect[] = []
  readonly retries: RetryChoice[] = []
  waiting: readonly EffectCounts[] = []
  activity: ActivityPage = { from: nowMs, counts: [] }
  followers: FollowersPage = {
    head: { epoch: 'abcd' as Epoch, seq: 10 },
    unreported: 0,
    now: nowMs,
    replicas: [],
  }
  readonly keys = [keyOf('k1', 0)]
  readonly listeners = new Set<TailListener>()
  readonly #sessions: ReadonlyMap<SessionId, Session>

  constructor(sessions: ReadonlyMap<SessionId, Session>) {
    this.#sessions = sessions
  }

  addEffect(id: number, more: Partial<ListedEffect> = {}): void {
    const own = { id, kind: 'webhook', target: 'wh_a', sid: sidOf(1), event: 'session.ended' }
    const tries = { state: 'waiting', attempts: 0, lastError: null }
    const times = { createdAt: nowMs, dueAt: nowMs, gaveUpAt: null }
    this.effects = [...this.effects, { ...own, ...tries, ...times, ...more } as ListedEffect]
  }

  /** `ask` notes the call, and throws while the store is away. */
  deps(ask: (call: string) => void): AdminDeps {
    return {
      effects: {
        effects: async ({ state, limit }) => {
          ask('effects')
          const effects = this.effects.filter((one) => state === 'all' || one.state === state)
          return { effects: effects.slice(0, limit), now: nowMs }
        },
        countEffects: async () => {
          ask('countEffects')
          return this.waiting
        },
        retryEffects: async (choice) => {
          ask('retryEffects')
          this.retries.push(choice)
          return this.effects.length
        },
      },
      webhookHosts: new Map([['wh_a', 'im.example.com']]),
      keys: this.#keys(ask),
      sessions: this.#watched(ask),
      system: this.#system(ask),
    }
  }

  #system(ask: (call: string) => void): AdminDeps['system'] {
    return {
      countUnended: async () => {
        ask('countUnended')
        return [...this.#sessions.values()].filter(({ kind }) => kind === 'live').length
      },
      activity: async () => {
        ask('activity')
        return this.activity
      },
      followers: async () => {
        ask('followers')
        return this.followers
      },
    }
  }

  #watched(ask: (call: string) => void): AdminDeps['sessions'] {
    return {
      ends: {
        subscribe: (listener) => {
          this.listeners.add(listener)
          return () => this.listeners.delete(listener)
        },
      },
      store: {
        startedAfter: async (after, limit) => {
          ask('startedAfter')
          const sids = [...this.#sessions.keys()].filter((sid) => sid > after)
          return sids.toSorted().toReversed().slice(0, limit)
        },
        sessions: async (sids) => {
          ask('sessions')
          return sids.toSorted().flatMap((sid) => this.#sessions.get(sid) ?? [])
        },
      },
    }
  }

  #keys(ask: (call: string) => void): AdminDeps['keys'] {
    const { keys } = this
    return {
      ring: { holds: () => true, current: () => 'aaaa' as KeyId },
      store: {
        keyIds: async () => {
          ask('keyIds')
          return [{ keyId: 'aaaa' as KeyId, activatesAt: nowMs }]
        },
      },
      signingKeys: {
        load: async () => ask('load'),
        all: () => keys,
        byKid: (kid) => keys.find((key) => key.kid === kid),
        current: () => keys.find((key) => key.activatesAt <= nowMs) as never,
        rotate: async ({ now = false } = {}) => {
          ask('rotate')
          keys.unshift(keyOf(`k${keys.length + 1}`, now ? 0 : 600_000))
          return keys[0]?.kid ?? ''
        },
      },
    }
  }
}

function keyOf(kid: string, delayMs: number): SigningKey {
  const times = { createdAt: nowMs, activatesAt: nowMs + delayMs }
  return { kid, algorithm: 'ES256', ...times } as SigningKey
}
