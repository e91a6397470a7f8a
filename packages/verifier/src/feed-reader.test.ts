import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ScriptedTiming, settled } from '../test/scripted-timing.ts'
import { FeedReader } from './feed-reader.ts'
import type { FeedEvent, FeedPosition, FeedRead, FeedSource, SourceEntry } from './feed-source.ts'

function entry(seq: number): SourceEntry {
  return { seq, sid: `s${seq}`, keepUntilSeconds: 10 }
}

function entries(from: number, to: number): SourceEntry[] {
  return Array.from({ length: Math.max(to - from + 1, 0) }, (_, n) => entry(from + n))
}

/** A feed that a test writes, in pages of three; it can fail, hang, and be restored. */
class ScriptedFeed implements FeedSource {
  epoch = 'aaaa'
  head = 0
  floor = 0
  failing = false
  hanging = false
  /** Numbers that the next reads leave out. */
  readonly hidden = new Set<number>()
  readonly reads: (FeedPosition | null)[] = []
  /** Applied to the next answer alone. */
  spoil: ((read: FeedRead) => FeedRead) | undefined

  async read(after: FeedPosition | null): Promise<FeedRead> {
    this.reads.push(after)
    await Promise.resolve()
    if (this.hanging) return await new Promise(() => undefined)
    if (this.failing) throw new Error('out of reach')
    const from = Math.max(after?.seq ?? 0, this.floor)
    const to = Math.min(from + 3, this.head)
    const shown = entries(from + 1, to).filter(({ seq }) => !this.hidden.has(seq))
    const more = to < this.head
    const whole = {
      epoch: this.epoch,
      headSeq: this.head,
      entries: shown,
      more,
      floorSeq: this.floor,
      nowMs: 0,
    }
    const spoil = this.spoil ?? ((read) => read)
    this.spoil = undefined
    return spoil(whole)
  }
}

function setUp() {
  const feed = new ScriptedFeed()
  const timing = new ScriptedTiming()
  const events: FeedEvent[] = []
  const seen: number[] = []
  let refuse = false
  const reader = new FeedReader({
    source: feed,
    timing,
    pullIntervalMs: 1000,
    maxStalenessMs: 30_000,
    retryMaxMs: 8000,
    readTimeoutMs: 5000,
    onEvent: (event) => {
      if (event.kind === 'entries') {
        if (refuse) throw new Error('not now')
        seen.push(...event.entries.map(({ seq }) => seq))
      }
      events.push(event)
    },
  })
  const kinds = () => events.map(({ kind }) => kind).filter((kind) => kind !== 'entries')
  const refusing = (on: boolean) => {
    refuse = on
  }
  return { feed, timing, reader, events, seen, kinds, refusing }
}

describe('FeedReader', () => {
  test('loads every page, and is ready only at the head', async () => {
    const { feed, timing, reader, seen } = setUp()
    feed.head = 8
    reader.start()
    expect(reader.ready).toBe(false)
    await reader.whenReady()
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(reader.position).toEqual({ epoch: 'aaaa', seq: 8 })
    feed.head = 9
    await timing.pass(1000)
    expect(seen.at(-1)).toBe(9)
    reader.close()
    expect(timing.timers.size).toBe(0)
  })

  test('any number of hints during a pull cause exactly one more', async () => {
    const { feed, reader } = setUp()
    reader.start()
    for (let n = 0; n < 10; n++) reader.hint()
    await settled()
    expect(feed.reads.length).toBe(2)
    reader.hint()
    await settled()
    expect(feed.reads.length).toBe(3)
    reader.close()
  })

  test('waits twice as long after each failure, up to the limit, and hints do not hurry it', async () => {
    const { feed, timing, reader, events } = setUp()
    reader.start()
    await settled()
    feed.failing = true
    const failedAt: number[] = []
    await timing.pass(1000)
    for (let n = 0; n < 400; n++) {
      const before = feed.reads.length
      await timing.pass(100)
      if (feed.reads.length > before) failedAt.push((n + 1) / 10)
    }
    expect(failedAt).toEqual([1, 3, 7, 15, 23, 31, 39])
    const reads = feed.reads.length
    for (let n = 0; n < 5; n++) reader.hint()
    await timing.pass(900)
    expect(feed.reads.length - reads).toBeLessThanOrEqual(1)
    feed.failing = false
    reader.hint()
    await timing.pass(1000)
    expect(reader.failures).toBe(0)
    expect(events.filter(({ kind }) => kind === 'stale').length).toBe(1)
    reader.close()
  })

  test('a read that hangs has failed, and its late answer changes nothing', async () => {
    const { feed, timing, reader, kinds, seen } = setUp()
    let answer: (read: FeedRead) => void = () => undefined
    const source = feed.read.bind(feed)
    feed.read = () => new Promise((resolve) => (answer = resolve))
    reader.start()
    await timing.pass(5000)
    expect(kinds()).toEqual(['error', 'stale'])
    feed.read = source
    feed.head = 2
    answer({ epoch: 'zzzz', headSeq: 1, entries: entries(1, 1), more: false, nowMs: 0 })
    await settled()
    expect(seen).toEqual([])
    await timing.pass(1000)
    expect(seen).toEqual([1, 2])
    reader.close()
  })

  test('rule 35 stale: counted from the start of the last good read, and a sleep counts', async () => {
    const { feed, timing, reader } = setUp()
    expect(reader.stale).toBe(true)
    reader.start()
    await settled()
    expect(reader.stalenessMs).toBe(0)
    feed.hanging = true
    await timing.pass(30_000)
    expect(reader.stalenessMs).toBe(30_000)
    expect(reader.stale).toBe(false)
    timing.wallAheadMs = 1
    expect(reader.stale).toBe(true)
    timing.wallAheadMs = -1_000_000
    expect(reader.stalenessMs).toBe(30_000)
    reader.close()
  })

  test('rule 35 stale: an answer is as old as its question', async () => {
    const { feed, timing, reader } = setUp()
    const read = feed.read.bind(feed)
    feed.read = async (after) => {
      const answer = await read(after)
      timing.nowMs += 400
      return answer
    }
    reader.start()
    await reader.whenReady()
    expect(reader.stalenessMs).toBe(400)
    reader.close()
  })

  test('rule 7 restored: another epoch loads everything, and the position moves at its end only', async () => {
    const { feed, reader, seen, events } = setUp()
    feed.head = 4
    reader.start()
    await reader.whenReady()
    seen.length = 0
    feed.epoch = 'bbbb'
    feed.head = 5
    const positions: (FeedPosition | null)[] = []
    const read = feed.read.bind(feed)
    feed.read = (after) => {
      positions.push(reader.position)
      return read(after)
    }
    reader.hint()
    await settled()
    expect(seen).toEqual([1, 2, 3, 4, 5])
    expect(new Set(positions.map((at) => at?.epoch))).toEqual(new Set(['aaaa']))
    expect(reader.position).toEqual({ epoch: 'bbbb', seq: 5 })
    expect(events).toContainEqual({ kind: 'reset', cause: 'epoch' })
    reader.close()
  })

  test('a missing number, a pruned position and a lower head each load everything', async () => {
    const { feed, reader, events } = setUp()
    const causes = () => events.flatMap((event) => (event.kind === 'reset' ? [event.cause] : []))
    feed.head = 4
    reader.start()
    await reader.whenReady()
    feed.head = 6
    feed.spoil = (read) => ({ ...read, entries: read.entries.filter(({ seq }) => seq !== 5) })
    reader.hint()
    await settled()
    feed.head = 20
    feed.floor = 15
    reader.hint()
    await settled()
    feed.head = 16
    reader.hint()
    await settled()
    expect(causes()).toEqual(['gap', 'pruned', 'behind'])
    expect(reader.position).toEqual({ epoch: 'aaaa', seq: 16 })
    reader.close()
  })

  test('a page that its listener refuses, or that contradicts itself, is not taken as seen', async () => {
    const { feed, timing, reader, seen, refusing, kinds } = setUp()
    feed.head = 2
    refusing(true)
    reader.start()
    await settled()
    expect(reader.ready).toBe(false)
    refusing(false)
    await timing.pass(1000)
    const spoils: ((read: FeedRead) => FeedRead)[] = [
      (read) => ({ ...read, entries: read.entries.toReversed() }),
      (read) => ({ ...read, epoch: '' }),
      (read) => ({ ...read, headSeq: Number.NaN }),
      (read) => ({ ...read, headSeq: 3 }),
      (read) => ({ ...read, more: true, entries: [] }),
    ]
    for (const spoil of spoils) {
      feed.head += 2
      feed.spoil = spoil
      await timing.pass(1000)
      expect(kinds().at(-1)).toBe('error')
      await timing.pass(1000)
      expect(reader.position?.seq).toBe(feed.head)
    }
    expect(seen).toEqual(entries(1, feed.head).map(({ seq }) => seq))
    reader.close()
  })

  test('whatever is lost, late, repeated or failing: each entry arrives once, in order, none unseen', async () => {
    const act = fc.oneof(
      fc.record({ kind: fc.constant('end' as const), count: fc.integer({ min: 1, max: 8 }) }),
      fc.constantFrom(
        { kind: 'hint' as const },
        { kind: 'fail' as const },
        { kind: 'mend' as const },
        { kind: 'hang' as const },
        { kind: 'repeat' as const },
        { kind: 'shuffle' as const },
        { kind: 'refuse' as const },
      ),
      fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 4000 }) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
        const { feed, timing, reader, seen, refusing } = setUp()
        reader.start()
        await settled()
        for (const each of acts) {
          if (each.kind === 'end') feed.head += each.count
          if (each.kind === 'hint') reader.hint()
          if (each.kind === 'fail') feed.failing = true
          if (each.kind === 'hang') feed.hanging = true
          if (each.kind === 'refuse') refusing(true)
          if (each.kind === 'mend') {
            feed.failing = feed.hanging = false
            refusing(false)
          }
          // An answer that begins with what was seen before.
          if (each.kind === 'repeat') {
            feed.spoil = (read) => ({
              ...read,
              entries: entries(feed.floor + 1, read.entries.at(-1)?.seq ?? read.headSeq),
            })
          }
          if (each.kind === 'shuffle') {
            feed.spoil = (read) => ({ ...read, entries: read.entries.toReversed() })
          }
          if (each.kind === 'pass') await timing.pass(each.ms)
          expect(reader.position?.seq ?? 0).toBeLessThanOrEqual(seen.length)
        }
        feed.failing = feed.hanging = false
        refusing(false)
        await timing.pass(20_000)
        reader.close()
        expect(seen).toEqual(entries(1, feed.head).map(({ seq }) => seq))
      }),
      { numRuns: 150 },
    )
  })

  test('closing rejects those who wait, and lets nothing run on', async () => {
    const { feed, timing, reader } = setUp()
    feed.hanging = true
    reader.start()
    const ready = reader.whenReady()
    reader.close()
    await expect(ready).rejects.toThrow('closed')
    await settled()
    expect(timing.timers.size).toBe(0)
    reader.hint()
    expect(feed.reads.length).toBe(1)
  })
})
