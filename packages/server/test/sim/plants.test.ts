/* Bugs that are planted are found: a rig that finds nothing in a sick house proves nothing in a sound one. */
import { describe, expect, test } from 'vitest'
import { seedOfRun } from '#test/races/rig/chance.ts'
import type { Violation } from '#test/races/rig/judge.ts'
import { type PlantName, patchedProgram, plants } from './plants.ts'
import { Watch } from './round.ts'
import { openTown } from './town.ts'

/** What gives them away. The others take their turn by `npm run sim -- --plant NAME`: each needs a town. */
const found = {
  'cache-without-denylist': 'dead-accepted',
  'lease-without-fence': 'two-grants',
} as const satisfies Partial<Record<PlantName, Violation['kind']>>

/** Without faults: these bugs show in plain traffic, if not in the first round. */
const order = { operations: 1500, faultEvery: 0, people: 24, withinMs: 30_000 }
const roundsMax = 5

describe.each(Object.entries(found))('the planted bug %s', (name, kind) => {
  test(`${Object.hasOwn(plants, name) ? plants[name as PlantName].what : name}: found as ${kind}`, async () => {
    const { program, remove } = patchedProgram(name)
    const town = await openTown({ programs: { 0: program, 1: program, 2: program } })
    const watch = await Watch.over(town)
    try {
      const kinds: string[] = []
      for (let round = 0; round < roundsMax && !kinds.includes(kind); round++) {
        const { violations } = await watch.round({ ...order, seed: (seedOfRun + round) % 2 ** 20 })
        kinds.push(...violations.map((one) => one.kind))
      }
      expect(kinds).toContain(kind)
    } finally {
      await watch.close()
      await town.close()
      remove()
    }
  })
})

test.each(Object.keys(plants))('the place of %s is still where the plant says', (name) => {
  const { program, remove } = patchedProgram(name)
  expect(program).toMatch(/bin\.ts$/)
  remove()
})

test('a plant whose place is gone says so, and none is run', () => {
  expect(() => patchedProgram('no-such-plant')).toThrow('is none of')
})
