import { describe, expect, test } from 'vitest'
import type { Bugs } from '#test/explorer/bugs.ts'
import { explore } from '#test/explorer/explore.ts'
import { type Program, programs as p } from '#test/explorer/programs.ts'
import {
  allPrograms,
  corePrograms,
  exploreAll,
  multiple,
  providerPrograms,
  shared,
  single,
} from '#test/explorer/suites.ts'
import { type Invariant, Violation } from '#test/explorer/violation.ts'
import type { DevicePolicy } from './placement.ts'

const slow = { timeout: 60_000 }

describe('every interleaving', slow, () => {
  test.each([
    ['single', single],
    ['shared', shared],
    ['multiple', multiple],
  ] as const)('keeps all invariants: any two programs, policy %s', (_name, policy) => {
    const { sets, states } = exploreAll(policy, allPrograms, 2)
    expect(sets).toBeGreaterThan(80)
    expect(states).toBeGreaterThan(sets)
  })

  test.each([
    ['single', single],
    ['shared', shared],
    ['multiple', multiple],
  ] as const)(
    'keeps all invariants: any three of the core programs, policy %s',
    (_name, policy) => {
      expect(exploreAll(policy, corePrograms, 3).sets).toBeGreaterThan(150)
    },
  )

  test('rule 21 lease: any three programs at the provider keep one grant and lose no session', () => {
    expect(exploreAll(single, providerPrograms, 3).sets).toBe(165)
  })
})

/** How the programs are answered, in all interleavings, in order. */
function answers(policy: DevicePolicy, programs: readonly Program[]): readonly string[] {
  return [...explore(policy, programs).answers].toSorted()
}

describe('what clients are answered', () => {
  test('two refreshes of one token on two replicas both get the same successor', () => {
    expect(answers(single, [p.refresh, p.refreshElsewhere])).toEqual([
      'refresh: gen 4 | refresh elsewhere: gen 4',
    ])
  })

  test('a refresh beside a logout is answered before the end, or told of it', () => {
    expect(answers(single, [p.refresh, p.logout])).toEqual([
      'refresh: ended | logout: ended user_logout',
      'refresh: gen 4 | logout: ended user_logout',
    ])
  })

  test('a repeat is answered until the successor has been used, and is reuse from then on', () => {
    expect(answers(single, [p.refresh, p.repeat])).toEqual([
      'refresh: gen 4 | repeat: ended refresh_reuse',
      'refresh: gen 4 | repeat: gen 3',
    ])
  })

  test('of two ends at once one ends it, and the other hears that it has ended', () => {
    expect(answers(single, [p.logout, p.revoke])).toEqual([
      'logout: already ended | revoke: ended admin_revoke',
      'logout: ended user_logout | revoke: already ended',
    ])
  })

  test('two starts of a single class both succeed, one after the other', () => {
    expect(answers(single, [p.start, p.startElsewhere])).toEqual([
      'start: started | start elsewhere: started',
    ])
  })

  test('rule 9 joins: a start joins the live session, or begins a new one if it ends first', () => {
    expect(answers(shared, [p.start, p.logout])).toEqual([
      'start: joined | logout: ended user_logout',
      'start: started | logout: ended user_logout',
    ])
  })

  test('rule 1 fence: a sign-in that began before a logout everywhere cannot finish after it', () => {
    expect(answers(single, [p.start, p.logoutAll])).toEqual([
      'start: fence-moved | logout everywhere: ended 1',
      'start: started | logout everywhere: caller ended',
      'start: started | logout everywhere: ended 1',
    ])
  })

  test('rule 1 fence: not by joining the session that the logout spared, either', () => {
    expect(answers(shared, [p.start, p.logoutOthers])).toEqual([
      'start: fence-moved | logout others: ended 0',
      'start: joined | logout others: ended 0',
    ])
  })

  test('rule 21 lease: while the clock stands, one of two senders asks the provider', () => {
    const both = answers(single, [p.providerTokens, p.providerTokensElsewhere])
    expect(both).toEqual([
      'provider tokens: ok | provider tokens elsewhere: ok',
      'provider tokens: ok | provider tokens elsewhere: refused leased',
      'provider tokens: refused leased | provider tokens elsewhere: ok',
    ])
  })

  test('rule 8 expired frees its place: a start past idle time begins a new session', () => {
    expect(answers(shared, [p.pastIdle, p.start])).toEqual([
      'clock past idle: ok | start: joined',
      'clock past idle: ok | start: started',
    ])
  })
})

/** Without the mistake all is well; with it, this invariant breaks, and a trace says how. */
function finds(
  bug: keyof Bugs,
  invariant: Invariant,
  policy: DevicePolicy,
  programs: readonly Program[],
): void {
  explore(policy, programs)
  const violation = violationOf(() => explore(policy, programs, { [bug]: true }))
  expect(violation?.invariant).toBe(invariant)
  expect(violation?.trace).not.toEqual([])
}

function violationOf(run: () => unknown): Violation | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    if (error instanceof Violation) return error
    throw error
  }
}

describe('planted mistakes are found', () => {
  test('rule 3 cache proposes: a repeat answered from a cached row', () => {
    finds('cachedRepeat', 'dead-stays-dead', single, [p.repeat, p.logout])
  })

  test('rule 2 no way back: a swap that compares no version, beside an end', () => {
    finds('swapWithoutVersion', 'no-way-back', single, [p.refresh, p.logout])
  })

  test('rule 4 every mint is a swap: a swap that compares no version, beside another refresh', () => {
    finds('swapWithoutVersion', 'one-successor', single, [p.refresh, p.refreshElsewhere])
  })

  test('rule 2 no way back: an end that does not ask whether the session has ended', () => {
    finds('endWithoutGuard', 'no-lost-end', single, [p.logout, p.revoke])
  })

  test('rule 1 fence: a start that does not compare its fence', () => {
    finds('startWithoutFence', 'fence', single, [p.start, p.logoutAll])
  })

  test('rule 1 fence: a join that does not look at the fence again', () => {
    finds('joinWithoutFence', 'fence', shared, [p.start, p.logoutOthers])
  })

  test('a feed number that is drawn before its transaction commits', () => {
    finds('numberBeforeCommit', 'no-lost-end', multiple, [p.logout, p.logoutAll, p.tail])
  })

  test('rule 21 lease: a request that is written although its lease may run out', () => {
    const senders = [p.providerTokens, p.providerTokensElsewhere]
    finds('sendWithoutTime', 'one-grant', single, [...senders, p.pastTheLease])
  })

  test('a start that leaves the old session in its place', () => {
    finds('startEndsNothing', 'one-live-row', single, [p.start])
  })

  test('a replica that asks its cache before its denylist', () => {
    finds('cacheBeforeDenylist', 'dead-stays-dead', single, [p.present, p.tail, p.revoke])
  })
})
