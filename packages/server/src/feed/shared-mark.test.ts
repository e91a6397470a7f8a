import { describe, expect, test } from 'vitest'
import { type Epoch, type FeedCursor, Secret } from '#domain'
import { ScriptedTiming, settled } from '../../../verifier/test/scripted-timing.ts'
import { type MarkKeeper, type MarkSealer, SharedMark } from './shared-mark.ts'

const key = 'curfew:head'

/** One value, and what its script does to it; the script itself is run on a real Redis elsewhere. */
class ScriptedKeeper implements MarkKeeper {
  readonly keyPrefix = 'curfew:'
  kept: string | null = null
  failing = false
  writes = 0

  get(asked: string): Promise<string | null> {
    if (this.failing) return Promise.reject(new Error('away'))
    return Promise.resolve(asked === key ? this.kept : null)
  }

  script(_script: object, [asked]: readonly string[], args: readonly string[]): Promise<unknown> {
    if (this.failing) return Promise.reject(new Error('away'))
    expect(asked).toBe(key)
    this.writes += 1
    this.kept = args.join(' ')
    return Promise.resolve(1)
  }
}

const sealer: MarkSealer = {
  seal: (_purpose, [place], plaintext) => btoa(`${place}|${plaintext.reveal()}`),
  unseal: (_purpose, [place], sealed) => {
    const [where, text] = atob(sealed).split('|')
    if (where !== place || text === undefined) return { kind: 'unreadable' }
    return { kind: 'opened', plaintext: new Secret(text) }
  },
}

function setUp() {
  const keeper = new ScriptedKeeper()
  const timing = new ScriptedTiming()
  const marks: FeedCursor[] = []
  const mark = new SharedMark({ keeper, sealer, onMark: (each) => marks.push(each), timing })
  return { keeper, timing, marks, mark }
}

function cursor(seq: number, epoch = 'eaaa'): FeedCursor {
  return { epoch: epoch as Epoch, seq }
}

describe('SharedMark', () => {
  test('writes how far the feed has come, at most once a second', async () => {
    const { keeper, timing, mark } = setUp()
    for (let seq = 1; seq <= 50; seq++) {
      mark.advanced(cursor(seq))
      await timing.pass(100)
    }
    expect(keeper.writes).toBeLessThanOrEqual(6)
    await timing.pass(2000)
    const { writes } = keeper
    mark.advanced(cursor(50))
    await timing.pass(60_000)
    expect(keeper.writes).toBe(writes)
    expect(keeper.kept).toMatch(/^eaaa 50 /)
    mark.close()
    expect(timing.timers.size).toBe(0)
  })

  test('rule 7 restored: what another replica left is handed on before anything is written', async () => {
    const { keeper, timing, marks, mark } = setUp()
    mark.advanced(cursor(9))
    await timing.pass(1000)
    const second = setUp()
    second.keeper.kept = keeper.kept
    second.mark.connected()
    second.mark.advanced(cursor(3))
    await second.timing.pass(0)
    expect(second.marks).toEqual([cursor(9)])
    expect(marks).toEqual([])
  })

  test('rule 7 restored: a mark that is not ours, or belongs elsewhere, is none', async () => {
    const elsewhere = `eaaa 9 ${btoa(`other:head|${JSON.stringify(cursor(9))}`)}`
    for (const kept of ['', 'x', 'eaaa 999', `eaaa 999 ${btoa('x')}`, elsewhere]) {
      const { keeper, timing, marks, mark } = setUp()
      keeper.kept = kept
      mark.connected()
      await timing.pass(10)
      expect(marks).toEqual([])
    }
  })

  test('what could not be read is read later, and what could not be written is written later', async () => {
    const { keeper, timing, marks, mark } = setUp()
    mark.advanced(cursor(4))
    await timing.pass(1000)
    keeper.failing = true
    mark.connected()
    await timing.pass(1000)
    mark.advanced(cursor(5))
    await timing.pass(1000)
    expect(marks).toEqual([])
    keeper.failing = false
    mark.advanced(cursor(5))
    await timing.pass(1000)
    await settled()
    expect(marks).toEqual([cursor(4)])
    expect(keeper.kept).toMatch(/^eaaa 5 /)
  })

  test('a Redis that lost its memory is told again after the next connection', async () => {
    const { keeper, timing, mark } = setUp()
    mark.advanced(cursor(4))
    await timing.pass(1000)
    keeper.kept = null
    mark.connected()
    await timing.pass(1000)
    expect(keeper.kept).toMatch(/^eaaa 4 /)
  })
})
