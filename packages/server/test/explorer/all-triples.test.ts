import { describe, expect, test } from 'vitest'
import { allPrograms, exploreAll, multiple, shared, single } from './suites.ts'

describe('every interleaving of any three programs keeps all invariants', {
  timeout: 180_000,
}, () => {
  test.each([
    ['single', single, 4960],
    ['shared', shared, 1306],
    ['multiple', multiple, 1306],
  ] as const)('policy %s', (name, policy, sets) => {
    const total = exploreAll(policy, allPrograms, 3)
    console.log(
      `${name}: ${total.sets} sets, ${total.states} states, ${total.interleavings} interleavings`,
    )
    expect(total.sets).toBe(sets)
  })
})
