import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aimed, anyHistory, type Event } from '#test/domain/arbitraries.ts'
import { session } from '#test/domain/sessions.ts'
import type { Command } from './commands.ts'
import type { Outcome } from './outcome.ts'
import type { Session } from './session.ts'
import { toInstant } from './time.ts'
import { transition } from './transition.ts'

interface Step {
  readonly before: Session
  readonly after: Session
  readonly command: Command
  readonly outcome: Outcome
  readonly at: Event['at']
}

const runs = { numRuns: 300 }

/** Forty minutes of life at the most, so that random histories also reach the end of it. */
const begun = session({ provider: {}, idleTtlMs: 900_000, absoluteTtlMs: 2_400_000 })

function run(history: readonly Event[]): readonly Step[] {
  let now: Session = frozen(begun)
  let feed = 0
  return history.map(({ command: random, at }) => {
    const before = now
    const command = frozen(aimed(random, before))
    const outcome = transition(before, command, at)
    if (outcome.kind === 'moved') now = frozen({ ...outcome.next, version: before.version + 1 })
    if (outcome.kind === 'ends') {
      feed += 1
      const { reason, by } = outcome.cause
      const end = { at, reason, by, seq: feed }
      now = frozen({ ...before, version: before.version + 1, kind: 'ended', end })
    }
    return { before, after: now, command, outcome, at }
  })
}

/** Whoever writes into it throws: modules are strict. */
function frozen<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) frozen(part)
  }
  return value
}

function always(holds: (step: Step) => void): void {
  fc.assert(
    fc.property(anyHistory, (history) => {
      for (const step of run(history)) holds(step)
    }),
    runs,
  )
}

describe('whatever happens to a session', () => {
  test('random histories reach every kind of outcome and of end', () => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(anyHistory, (history) => {
        for (const { after, outcome, command } of run(history)) {
          seen.add(outcome.kind === 'refused' ? outcome.refusal.why : outcome.kind)
          if (after.kind === 'ended') seen.add(after.end.reason)
          if (after.provider?.refreshLost === true) seen.add('lost')
          if (outcome.kind === 'moved') seen.add(`moved by ${command.kind}`)
        }
      }),
      { ...runs, seed: 2 },
    )
    expect([...seen].toSorted()).toEqual(
      expect.arrayContaining([
        ...['moved', 'ends', 'unchanged', 'ended', 'not-issued', 'wrong-client', 'not-joinable'],
        ...['leased', 'outdated', 'backing-off', 'no-provider-token', 'lost'],
        ...['refresh_reuse', 'user_logout', 'expired', 'idp_refused'],
        ...['refresh', 'join', 'mint', 'touch', 'rename', 'regrant', 'take-lease'].map(movedBy),
        ...['store-provider-tokens', 'provider-fault', 'provider-refused'].map(movedBy),
      ]),
    )
  })

  test('rule 2 no way back: nothing leads out of ended, and the first end stands', () => {
    always(({ before, after, outcome }) => {
      if (before.kind === 'live') return
      expect(outcome).toEqual({ kind: 'refused', refusal: { why: 'ended', end: before.end } })
      expect(after).toBe(before)
    })
  })

  test('the generation rises by one at a refresh, by none at anything else', () => {
    always(({ before, after, command }) => {
      const risen = (after.rotation?.generation ?? 0) - (before.rotation?.generation ?? 0)
      expect([0, command.kind === 'refresh' ? 1 : 0]).toContain(risen)
    })
  })

  test('one-successor: of a generation at most one successor is ever answered', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const successors = new Map<number, string>()
        for (const { after, command, outcome } of run(history)) {
          if (command.kind !== 'refresh') continue
          if (outcome.kind !== 'moved' && outcome.kind !== 'unchanged') continue
          const { generation, keyId, rotatedAt } = after.rotation ?? {}
          expect(generation).toBe(command.presented + 1)
          const successor = JSON.stringify([generation, keyId, rotatedAt])
          expect(successors.get(command.presented) ?? successor).toBe(successor)
          successors.set(command.presented, successor)
        }
      }),
      runs,
    )
  })

  test('rule 4 every mint is a swap: the latest expiry covers all tokens, and only rises', () => {
    always(({ before, after }) => {
      expect(after.access.latestExp).toBeGreaterThanOrEqual(before.access.latestExp)
      for (const minted of [after.access.newest, after.rotation?.minted]) {
        expect(after.access.latestExp).toBeGreaterThanOrEqual(minted?.exp ?? 0)
        expect(toInstant(minted?.exp ?? after.access.latestExp)).toBeLessThanOrEqual(
          after.origin.absoluteExpiresAt,
        )
      }
    })
  })

  test('last seen and idle expiry never go back', () => {
    always(({ before, after }) => {
      expect(after.life.lastSeenAt).toBeGreaterThanOrEqual(before.life.lastSeenAt)
      expect(after.life.idleExpiresAt).toBeGreaterThanOrEqual(before.life.idleExpiresAt)
    })
  })

  test('versions of grants and of provider tokens rise by one with their change, and never else', () => {
    always(({ before, after }) => {
      const grants = after.grants.version - before.grants.version
      expect(grants).toBe(after.grants === before.grants ? 0 : 1)
      const tokens = (after.provider?.tokensVersion ?? 0) - (before.provider?.tokensVersion ?? 0)
      expect([0, 1]).toContain(tokens)
    })
  })

  test('the origin never changes, and a move leaves the version to the store', () => {
    always(({ before, after, outcome }) => {
      expect(after.origin).toBe(before.origin)
      if (outcome.kind === 'moved') expect(outcome.next.version).toBe(before.version)
    })
  })

  test('the same session, command and time give the same outcome, and nothing is written into them', () => {
    always(({ before, command, at, outcome }) => {
      expect(transition(before, command, at)).toEqual(outcome)
      expect(transition(structuredClone(before), structuredClone(command), at)).toEqual(outcome)
    })
  })

  test('what is unchanged is the very session, and a move is another one', () => {
    always(({ before, outcome }) => {
      if (outcome.kind === 'unchanged') expect(outcome.session).toBe(before)
      if (outcome.kind === 'moved') expect(outcome.next).not.toBe(before)
    })
  })

  test('rule 21 lease: while a lease runs, nobody else gets one for the same tokens', () => {
    always(({ before, after, command, at }) => {
      if (command.kind !== 'take-lease') return
      const running = before.provider?.lease ?? null
      if (running === null || at >= running.until) return
      expect(after.provider?.lease).toEqual(running)
    })
  })

  test('an end for expiry happens only past the time', () => {
    always(({ before, after, at }) => {
      if (before.kind === 'ended' || after.kind === 'live') return
      const runOut = at >= before.life.idleExpiresAt || at >= before.origin.absoluteExpiresAt
      expect(after.end.reason === 'expired').toBe(runOut)
    })
  })
})

function movedBy(kind: string): string {
  return `moved by ${kind}`
}
