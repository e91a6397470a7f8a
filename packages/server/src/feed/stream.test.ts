import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FeedEntry, StoreUnavailable } from '#authority'
import { ScriptedStore } from '#test/feed/scripted-store.ts'
import { ScriptedTiming, settled } from '../../../verifier/test/scripted-timing.ts'
import { openStream, type StreamItem, type StreamOptions } from './stream.ts'
import type { TailListener } from './subscribers.ts'
import { Tail } from './tail.ts'

async function setUp(
  options: Partial<StreamOptions> = {},
  prepare?: (store: ScriptedStore) => void,
) {
  const store = new ScriptedStore()
  prepare?.(store)
  const timing = new ScriptedTiming()
  const tail = new Tail({
    store,
    timing,
    clock: {
      now: () => store.now,
      processNow: () => timing.nowMs,
      observe: () => undefined,
      lost: () => undefined,
    },
    pullIntervalMs: 1000,
    maxStalenessMs: 30_000,
  })
  tail.start()
  await tail.whenReady()
  const controller = new AbortController()
  const stream = openStream({
    store,
    tail,
    timing,
    now: () => store.now,
    position: { kind: 'start' },
    all: false,
    signal: controller.signal,
    pageLimit: 3,
    streamBufferMax: 4,
    ...options,
  })
  const items: StreamItem[] = []
  const gate = { open: Promise.resolve() }
  let failure: unknown
  const done = (async () => {
    for await (const item of stream) {
      items.push(item)
      await gate.open
    }
  })().catch((error: unknown) => {
    failure = error
  })
  const stop = async () => {
    controller.abort()
    await done
    tail.close()
  }
  const seqs = () => items.flatMap((item) => (item.kind === 'entry' ? [item.entry.seq] : []))
  const kinds = () => items.map(({ kind }) => kind)
  await settled()
  return { store, timing, tail, items, gate, stop, seqs, kinds, done, failure: () => failure }
}

describe('openStream', () => {
  test('catches up in pages, then follows, with the cursor of each end', async () => {
    const { store, timing, items, seqs, stop } = await setUp({}, (store) => {
      for (let n = 0; n < 8; n++) store.end()
    })
    expect(seqs()).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    store.end()
    await timing.pass(1000)
    expect(items.at(-1)).toMatchObject({ kind: 'entry', cursor: { epoch: 'eaaa', seq: 9 } })
    const { pages } = store
    store.end()
    await timing.pass(1000)
    expect(store.pages).toBe(pages)
    expect(seqs().at(-1)).toBe(10)
    await stop()
  })

  test('ends that happen between the subscription and the page arrive once', async () => {
    const { store, timing, seqs, stop } = await setUp({}, (store) => {
      store.end()
      let left = 2
      store.onPage = () => {
        if (left-- > 0) store.end()
      }
    })
    await timing.pass(1000)
    expect(seqs()).toEqual([1, 2])
    store.end()
    await timing.pass(1000)
    expect(seqs()).toEqual([1, 2, 3])
    await stop()
  })

  test('a slow reader overflows its buffer, reads pages again and loses nothing', async () => {
    const { store, timing, gate, seqs, stop } = await setUp()
    let open: () => void = () => undefined
    gate.open = new Promise((resolve) => {
      open = resolve
    })
    for (let round = 0; round < 5; round++) {
      for (let n = 0; n < 3; n++) store.end()
      await timing.pass(1000)
    }
    expect(seqs()).toEqual([1])
    gate.open = Promise.resolve()
    open()
    await settled()
    expect(seqs()).toEqual(Array.from({ length: 15 }, (_, n) => n + 1))
    await stop()
  })

  test('an overflow during the last page is made good without another end', async () => {
    const store = new ScriptedStore()
    const listeners: TailListener[] = []
    const subscribe = (listener: TailListener) => {
      listeners.push(listener)
      return () => undefined
    }
    const stop = new AbortController()
    const stream = openStream({
      store,
      tail: { subscribe },
      timing: new ScriptedTiming(),
      now: () => store.now,
      position: { kind: 'start' },
      all: true,
      signal: stop.signal,
      streamBufferMax: 2,
    })
    const next = async () => {
      const { value } = await stream.next()
      return value?.kind === 'entry' ? value.entry.seq : value?.kind
    }
    const tell = (entries: FeedEntry[]) => {
      const cursor = { epoch: store.epoch, seq: entries.at(-1)?.seq ?? 0 }
      for (const listener of listeners) listener({ kind: 'entries', entries, cursor })
    }
    store.end()
    store.end()
    expect(await next()).toBe(1)
    tell([store.end(), store.end(), store.end()])
    expect([await next(), await next(), await next(), await next()]).toEqual([2, 3, 4, 5])
    // A tail that leaves one out does not make the stream leave it out.
    const waiting = next()
    store.end()
    tell([store.end()])
    expect([await waiting, await next()]).toEqual([6, 7])
    stop.abort()
    expect((await stream.next()).done).toBe(true)
  })

  test('leaves out ends whose tokens have all expired, unless all are asked for', async () => {
    const prepare = (store: ScriptedStore) => {
      store.end(-1000)
      store.end()
    }
    for (const all of [false, true]) {
      const { store, timing, seqs, stop } = await setUp({ all }, prepare)
      store.end(-1000)
      store.end()
      await timing.pass(1000)
      expect(seqs()).toEqual(all ? [1, 2, 3, 4] : [2, 4])
      await stop()
    }
  })

  test('says reset for a position that is not known, and then all that counts', async () => {
    const cursor = { epoch: 'eold' as ScriptedStore['epoch'], seq: 99 }
    const { items, stop } = await setUp({ position: { kind: 'cursor', cursor } }, (store) => {
      store.end()
      store.end()
      store.pruneTo(1)
    })
    expect(items).toMatchObject([
      { kind: 'reset', cursor: { epoch: 'eaaa', seq: 1 } },
      { kind: 'entry', cursor: { epoch: 'eaaa', seq: 2 } },
    ])
    await stop()
  })

  test('rule 7 restored: a renewed epoch resets the stream in its course', async () => {
    const { store, timing, kinds, items, stop } = await setUp({}, (store) => {
      store.end()
      store.end()
    })
    store.restoreTo(1)
    await timing.pass(1000)
    expect(kinds()).toEqual(['entry', 'entry', 'reset', 'entry'])
    store.end()
    await timing.pass(1000)
    expect(items.at(-1)).toMatchObject({ cursor: { epoch: 'ebbb1', seq: 2 } })
    await stop()
  })

  test('keeps alive every 15 s, whether anything happens or not', async () => {
    const { store, timing, kinds, stop } = await setUp()
    await timing.pass(31_000)
    expect(kinds()).toEqual(['keepalive', 'keepalive'])
    store.end()
    await timing.pass(15_000)
    expect(kinds()).toEqual(['keepalive', 'keepalive', 'entry', 'keepalive'])
    await stop()
  })

  test('throws when the first page cannot be read, and leaves nothing behind', async () => {
    const { tail, timing, done, failure, stop } = await setUp({}, (store) => {
      store.onPage = () => {
        store.failing = true
      }
    })
    await done
    expect(failure()).toBeInstanceOf(StoreUnavailable)
    expect(tail.subscribers).toBe(0)
    await stop()
    expect(timing.timers.size).toBe(0)
  })

  test('waits for a store that is out of reach later on, and then loses nothing', async () => {
    const { store, timing, kinds, seqs, failure, stop } = await setUp()
    for (let n = 0; n < 6; n++) store.end()
    store.onPage = () => {
      store.failing = true
    }
    await timing.pass(16_000)
    expect(kinds()).toContain('keepalive')
    store.onPage = () => undefined
    store.failing = false
    await timing.pass(16_000)
    expect(seqs()).toEqual([1, 2, 3, 4, 5, 6])
    expect(failure()).toBeUndefined()
    await stop()
  })

  test('an abort ends it wherever it is, and leaves no timer and no subscription', async () => {
    for (const start of [0, 5]) {
      const { timing, tail, stop } = await setUp({}, (store) => {
        for (let n = 0; n < start; n++) store.end()
      })
      expect(tail.subscribers).toBe(1)
      await stop()
      expect(tail.subscribers).toBe(0)
      expect(timing.timers.size).toBe(0)
    }
    const { items, stop } = await setUp({ signal: AbortSignal.abort() })
    expect(items).toEqual([])
    await stop()
  })

  test('whatever the pace of ends, reader and store: each end once, in order', async () => {
    const act = fc.oneof(
      fc.record({ ends: fc.integer({ min: 1, max: 7 }) }),
      fc.record({ ms: fc.integer({ min: 1, max: 2500 }) }),
      fc.constantFrom('close', 'open', 'fail', 'mend'),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 25 }), async (acts) => {
        const { store, timing, gate, seqs, stop } = await setUp()
        let open: () => void = () => undefined
        for (const each of acts) {
          if (typeof each === 'object' && 'ends' in each) {
            for (let n = 0; n < each.ends; n++) store.end()
          } else if (typeof each === 'object') await timing.pass(each.ms)
          if (each === 'fail') store.failing = true
          if (each === 'mend') store.failing = false
          if (each === 'close') {
            open()
            gate.open = new Promise((resolve) => {
              open = resolve
            })
          }
          if (each === 'open') {
            gate.open = Promise.resolve()
            open()
          }
        }
        store.failing = false
        gate.open = Promise.resolve()
        open()
        await timing.pass(12_000)
        expect(seqs()).toEqual(Array.from({ length: store.head }, (_, n) => n + 1))
        await stop()
      }),
      { numRuns: 80 },
    )
  })
})
