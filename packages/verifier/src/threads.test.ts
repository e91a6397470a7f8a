import v8 from 'node:v8'
import vm from 'node:vm'
import { describe, expect, test } from 'vitest'
import { newSid } from '../test/fake-curfew.ts'
import { ScriptedTiming } from '../test/scripted-timing.ts'
import type { SessionId } from './ids.ts'
import { Threads } from './threads.ts'

function setUp(untilEnd: boolean) {
  const timing = new ScriptedTiming()
  const threads = new Threads({ timing, nowMs: () => timing.nowMs, untilEnd })
  const join = (sid = newSid(), livesMs = 1000) =>
    threads.join(sid as SessionId, timing.nowMs + livesMs)
  return { timing, threads, join }
}

function codeOf(signal: AbortSignal): unknown {
  return Reflect.get(Object(signal.reason), 'code')
}

v8.setFlagsFromString('--expose-gc')
const collectNow = vm.runInNewContext('gc') as () => void

/** Everything that nobody holds is gone. Weak references are kept alive until the turn is over. */
async function collect(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setImmediate(resolve))
    collectNow()
  }
}

describe('a signal until the end', () => {
  test('aborts with `ended` once the session ends, and outlives the token', async () => {
    const { timing, threads, join } = setUp(true)
    const sid = newSid()
    const { signal } = join(sid)
    const heard: unknown[] = []
    signal.addEventListener('abort', () => heard.push(codeOf(signal)))
    await timing.pass(10_000_000)
    expect(heard).toEqual([])
    expect(threads.end(sid)).toBe(true)
    expect(threads.end(sid)).toBe(false)
    expect(heard).toEqual(['ended'])
    expect(signal.aborted).toBe(true)
    expect(threads.watched).toBe(0)
  })

  test('is one for all tokens of a session, and aborted when asked for too late', () => {
    const { threads, join } = setUp(true)
    const sid = newSid()
    const [first, second] = [join(sid), join(sid)]
    expect(first.signal).toBe(second.signal)
    const quiet = newSid()
    const thread = join(quiet)
    threads.end(quiet)
    expect(thread.signal.aborted).toBe(true)
    expect(codeOf(thread.signal)).toBe('ended')
  })
})

describe('a signal until the expiry', () => {
  test('aborts with `expired` when the newest token does', async () => {
    const { timing, threads, join } = setUp(false)
    const sid = newSid()
    const { signal } = join(sid, 1000)
    const heard: unknown[] = []
    signal.onabort = () => heard.push(codeOf(signal))
    await timing.pass(500)
    join(sid, 1000)
    await timing.pass(900)
    expect(heard).toEqual([])
    await timing.pass(200)
    expect(heard).toEqual(['expired'])
    expect(threads.watched).toBe(0)
    expect(join(sid).signal.aborted).toBe(false)
  })

  test('needs one timer, however many there are, and none that is too long', async () => {
    const { timing, threads, join } = setUp(false)
    const month = 31 * 86_400_000
    const signals = Array.from({ length: 1000 }, (_, n) => join(newSid(), month + n).signal)
    for (const signal of signals) signal.addEventListener('abort', () => undefined)
    expect(timing.timers.size).toBe(1)
    await timing.pass(3_600_000)
    expect(threads.watched).toBe(1000)
    threads.close()
    expect(timing.timers.size).toBe(0)
  })

  test('counts as aborted when it is read, though no timer was set for it', () => {
    const { timing, threads, join } = setUp(false)
    const [first, second, third] = Array.from({ length: 3 }, () => join(newSid(), 1000).signal)
    timing.nowMs += 999
    expect(second?.reason).toBeUndefined()
    third?.throwIfAborted()
    expect(threads.watched).toBe(0)
    timing.nowMs += 1
    expect(first?.aborted).toBe(true)
    expect(second?.reason).toMatchObject({ code: 'expired' })
    expect(() => third?.throwIfAborted()).toThrow('expired')
  })
})

describe('what a signal costs', () => {
  test('one that nobody watches goes with its session', async () => {
    const { threads, join } = setUp(true)
    const sids = Array.from({ length: 5000 }, () => newSid())
    for (const sid of sids) expect(join(sid).signal).toBeInstanceOf(AbortSignal)
    expect(threads.watched).toBe(0)
    await collect()
    for (let n = 0; n < 5000; n++) join()
    // References to what was collected are taken out as new ones come.
    expect(threads.size).toBeLessThan(9000)
    expect(sids.filter((sid) => threads.end(sid)).length).toBe(0)
  })

  test('one that somebody listens to is held, and fires though nothing else holds it', async () => {
    const { threads, join } = setUp(true)
    const sids = Array.from({ length: 100 }, () => newSid())
    let fired = 0
    for (const sid of sids) join(sid).signal.addEventListener('abort', () => (fired += 1))
    await collect()
    for (const sid of sids) threads.end(sid)
    expect(fired).toBe(100)
  })

  test('one that was combined by AbortSignal.any is held too', async () => {
    const { threads, join } = setUp(true)
    const sids = Array.from({ length: 100 }, () => newSid())
    let fired = 0
    for (const sid of sids) {
      const any = AbortSignal.any([join(sid).signal, new AbortController().signal])
      any.addEventListener('abort', () => (fired += 1))
    }
    await collect()
    for (const sid of sids) threads.end(sid)
    expect(fired).toBe(100)
  })

  test('it is let go of once its listeners are gone, in whichever way they go', () => {
    const { threads, join } = setUp(true)
    const { signal } = join()
    const listener = (): void => undefined
    signal.addEventListener('abort', listener)
    signal.addEventListener('abort', listener)
    signal.addEventListener('abort', listener, { capture: true })
    signal.addEventListener('error', listener)
    expect(threads.watched).toBe(1)
    signal.removeEventListener('abort', listener)
    expect(threads.watched).toBe(1)
    signal.removeEventListener('abort', listener, true)
    expect(threads.watched).toBe(0)
    signal.onabort = listener
    expect(signal.onabort).toBe(listener)
    expect(threads.watched).toBe(1)
    signal.onabort = null
    expect(threads.watched).toBe(0)
    const other = new AbortController()
    signal.addEventListener('abort', listener, { signal: other.signal })
    expect(threads.watched).toBe(1)
    other.abort()
    expect(threads.watched).toBe(0)
  })

  test('ten thousand watched ones end in one go, and leave nothing', async () => {
    const { threads, join } = setUp(true)
    const sids = Array.from({ length: 10_000 }, () => newSid())
    let fired = 0
    for (const sid of sids) {
      join(sid).signal.addEventListener('abort', () => (fired += 1), { once: true })
    }
    for (const sid of sids) threads.end(sid)
    expect(fired).toBe(10_000)
    expect(threads.watched).toBe(0)
    expect(threads.size).toBe(0)
  })
})
