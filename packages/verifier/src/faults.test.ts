/*
 * Fault injection: whatever happens to the pushes, a dead token is accepted for one pull at most, and a
 * living one is never denied.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type End, FakeCurfew, json, newSid, until } from '../test/fake-curfew.ts'
import { verdict } from '../test/running.ts'
import { createVerifier, type Verifier } from './verifier.ts'

const pullMs = 30_000

/** What may happen to one push; a push that is lost is one that nothing happens to. */
type Fate = 'lost' | 'pushed' | 'hinted' | 'late' | 'repeated'

const fate = fc.constantFrom<Fate>('lost', 'pushed', 'hinted', 'late', 'repeated')
const act = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('end' as const), fate }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(40_000) }) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      { kind: 'deliver' as const },
      { kind: 'break' as const },
      { kind: 'failOnce' as const },
      { kind: 'restore' as const },
    ),
  },
)

interface Person {
  readonly sid: string
  readonly token: string
  endedAtMs: number | undefined
}

class Scene {
  readonly curfew: FakeCurfew
  readonly verifier: Verifier
  readonly people: readonly Person[]
  /** Pushes that are under way, to be delivered in the wrong order. */
  late: End[] = []
  failures = 0

  constructor(curfew: FakeCurfew, verifier: Verifier, people: readonly Person[]) {
    this.curfew = curfew
    this.verifier = verifier
    this.people = people
  }

  end(how: Fate): void {
    const person = this.people.find(({ endedAtMs }) => endedAtMs === undefined)
    if (person === undefined) return
    person.endedAtMs = this.curfew.timing.nowMs
    const end = this.curfew.end(person.sid, 100_000)
    if (how === 'pushed' || how === 'repeated') this.push(end)
    if (how === 'repeated') this.push(end)
    if (how === 'hinted') this.verifier.hint(this.curfew.message(end))
    if (how === 'late' || how === 'repeated') this.late.push(end)
  }

  deliver(): void {
    for (const end of this.late.toReversed()) {
      this.push(end)
      this.verifier.hint(this.curfew.message(end))
    }
    this.late = []
  }

  push(end: End): void {
    this.curfew.tell(end)
  }

  break(): void {
    for (const stream of [...this.curfew.streams]) stream.close()
  }

  failOnce(): void {
    this.curfew.spoil = (path, answer) => {
      if (path !== 'feed') return answer()
      this.curfew.spoil = undefined
      this.failures += 1
      return json({}, 503)
    }
  }

  /** A restored store: another epoch, and the feed numbered anew. */
  restore(): void {
    const { curfew } = this
    curfew.epoch = `e${Number.parseInt(curfew.epoch.slice(1), 36) + 1}aaaaaa`.slice(0, 8)
    const kept = curfew.ends.map((end, index) => ({ ...end, seq: index + 1 }))
    curfew.ends.splice(0, curfew.ends.length, ...kept)
    this.late = []
  }

  async judge(): Promise<void> {
    // A failed pull is tried again after a second.
    const bound = pullMs + this.failures * 2000
    for (const { token, endedAtMs } of this.people) {
      const seen = await verdict(this.verifier, token)
      if (endedAtMs === undefined) expect(seen).toBe('good')
      else if (this.curfew.timing.nowMs - endedAtMs > bound) expect(seen).toBe('ended')
    }
  }
}

test('rule 20 Redis is not trusted: lost, late, repeated and reordered pushes cost one pull at most and deny nobody', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 30 }), async (acts) => {
      const curfew = await FakeCurfew.start()
      curfew.streaming = false
      const verifier = await createVerifier(curfew.options({ maxStaleness: '24h' }))
      const people: Person[] = []
      for (let n = 0; n < 8; n++) {
        const sid = newSid()
        const token = await curfew.token({ sid, expiresInSeconds: 100_000 })
        people.push({ sid, token, endedAtMs: undefined })
      }
      const scene = new Scene(curfew, verifier, people)
      await until(() => verifier.metrics.streamOpen)
      for (const each of acts) {
        if (each.kind === 'pass') await curfew.timing.pass(each.ms)
        else if (each.kind === 'end') scene.end(each.fate)
        else scene[each.kind]()
        await scene.judge()
      }
      await curfew.timing.pass(pullMs + 4000)
      await scene.judge()
      await verifier.close()
    }),
    { numRuns: 40 },
  )
}, 60_000)
