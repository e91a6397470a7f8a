/* What breaks when follows from the seed alone. */
import { expect, test } from 'vitest'
import { faultKinds, planFaults } from './plan.ts'

const options = { seed: 7, operations: 20_000, every: 100, replicas: 3 }

test('a seed draws the same faults at the same points again, and another one others', () => {
  expect(planFaults(options)).toEqual(planFaults(options))
  expect(planFaults({ ...options, seed: 8 })).not.toEqual(planFaults(options))
})

test('in a long plan everything breaks, on every replica, within the run and in order', () => {
  const faults = planFaults(options)
  expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(faultKinds))
  expect(new Set(faults.map(({ replica }) => replica))).toEqual(new Set([0, 1, 2]))
  expect(faults.length).toBeGreaterThan(options.operations / options.every / 1.3)
  expect(faults.map(({ at }) => at)).toEqual(faults.map(({ at }) => at).toSorted((a, b) => a - b))
  expect(faults.at(-1)?.at).toBeLessThan(options.operations)
})

test('a run without faults has none', () => {
  expect(planFaults({ ...options, every: 0 })).toEqual([])
})
