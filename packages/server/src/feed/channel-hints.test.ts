import { describe, expect, test } from 'vitest'
import type { SessionId } from '#domain'
import { sidOf } from '#test/feed/scripted-store.ts'
import { ScriptedTiming, settled } from '../../../verifier/test/scripted-timing.ts'
import { followEnds, joinHints, type Messages, SessionChannel } from './channel-hints.ts'

/** Everybody hears everything, the sender too, as on Redis. */
class ScriptedMessages implements Messages {
  readonly published: string[] = []
  readonly #listeners = new Set<(message: string) => void>()
  readonly #onReady = new Set<() => void>()
  failing = false

  publish(_channel: string, message: string): Promise<void> {
    if (this.failing) return Promise.reject(new Error('away'))
    this.published.push(message)
    this.say(message)
    return Promise.resolve()
  }

  say(message: string): void {
    for (const listener of this.#listeners) listener(message)
  }

  subscribe(_channel: string, listener: (message: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  onReady(listener: () => void): () => void {
    this.#onReady.add(listener)
    return () => this.#onReady.delete(listener)
  }

  connected(): void {
    for (const listener of this.#onReady) listener()
  }

  get listeners(): number {
    return this.#listeners.size + this.#onReady.size
  }
}

const strange = ['', '{', 'null', '*', 'x'.repeat(1_000_000), '{"epoch":"e1","seq":-1}', '\u0000']

describe('followEnds', () => {
  function setUp() {
    const messages = new ScriptedMessages()
    const timing = new ScriptedTiming()
    const reads = { count: 0 }
    const hint = () => void reads.count++
    const stop = followEnds({ messages, channel: 'auth:revoked', hint, timing })
    return { messages, timing, reads, stop }
  }

  test('rule 20 Redis is not trusted: whatever is said there is no more than a hint to read', async () => {
    const { messages, timing, reads } = setUp()
    for (const [index, message] of strange.entries()) {
      messages.say(message)
      await timing.pass(1000)
      expect(reads.count).toBe(index + 1)
    }
  })

  test('rule 20 Redis is not trusted: a flood causes a read now and one later', async () => {
    const { messages, timing, reads } = setUp()
    for (let n = 0; n < 10_000; n++) messages.say('{}')
    expect(reads.count).toBe(1)
    await timing.pass(20)
    expect(reads.count).toBe(2)
    await timing.pass(60_000)
    expect(reads.count).toBe(2)
  })

  test('reads after each connection, since messages may have been missed', async () => {
    const { messages, timing, reads, stop } = setUp()
    messages.connected()
    await timing.pass(1000)
    messages.connected()
    expect(reads.count).toBe(2)
    stop()
    expect([messages.listeners, timing.timers.size]).toEqual([0, 0])
  })
})

describe('SessionChannel', () => {
  function setUp() {
    const messages = new ScriptedMessages()
    const timing = new ScriptedTiming()
    const open = () => {
      const channel = new SessionChannel({ messages, channel: 'curfew:sessions', timing })
      const heard: (SessionId | undefined)[] = []
      channel.onSessionHint((sid) => heard.push(sid))
      return { channel, heard }
    }
    return { messages, timing, a: open(), b: open() }
  }

  test('tells others of sessions, many in one message, and does not heed itself', async () => {
    const { messages, a, b } = setUp()
    for (const n of [1, 2, 3, 2]) a.channel.announceSession(sidOf(n))
    await settled()
    expect(messages.published.length).toBe(1)
    expect(b.heard).toEqual([sidOf(1), sidOf(2), sidOf(3)])
    expect(a.heard).toEqual([])
  })

  test('says that it may be any session when there are too many', async () => {
    const { messages, timing, a, b } = setUp()
    for (let n = 0; n < 2001; n++) a.channel.announceSession(sidOf(n))
    await settled()
    await timing.pass(1000)
    expect(b.heard).toEqual([undefined])
    expect(messages.published[0]?.split(' ')[1]).toBe('*')
  })

  test('goes on when a message could not be sent', async () => {
    const { messages, a, b } = setUp()
    messages.failing = true
    a.channel.announceSession(sidOf(1))
    await settled()
    messages.failing = false
    a.channel.announceSession(sidOf(2))
    await settled()
    expect(b.heard).toEqual([sidOf(2)])
  })

  test('rule 20 Redis is not trusted: what is no sid may be about any session, and floods are one', async () => {
    const { messages, timing, b } = setUp()
    messages.say('somebody')
    expect(b.heard).toEqual([])
    for (let n = 0; n < 1000; n++) messages.say(`somebody ${n} * x`)
    messages.say('x'.repeat(1_000_000))
    expect(b.heard).toEqual([undefined])
    await timing.pass(60_000)
    expect(b.heard).toEqual([undefined, undefined])
  })

  test('after each connection any session may have changed', () => {
    const { messages, a, b } = setUp()
    messages.connected()
    expect([a.heard, b.heard]).toEqual([[undefined], [undefined]])
    a.channel.close()
    b.channel.close()
    expect(messages.listeners).toBe(0)
  })

  test('hints that go several ways are heard on each of them', async () => {
    const { a, b } = setUp()
    const joined = joinHints(a.channel, b.channel)
    const heard: unknown[] = []
    const stop = joined.onSessionHint((sid) => heard.push(sid))
    joined.announceSession(sidOf(1))
    await settled()
    expect(heard).toEqual([sidOf(1), sidOf(1)])
    stop()
    joined.announceSession(sidOf(2))
    await settled()
    expect(heard.length).toBe(2)
  })
})
