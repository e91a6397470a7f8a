import { expect, test } from 'vitest'
import { Circuit } from './circuit.ts'

/** Fails at these times; answers the places left a millisecond after each. */
function failing(circuit: Circuit, times: readonly number[]): readonly number[] {
  return times.map((at) => {
    circuit.failed(at, null)
    return circuit.places(at + 1)
  })
}

test('three failures in a row let the target rest, then one attempt at a time is made', () => {
  const circuit = new Circuit(16)
  expect(failing(circuit, [0, 0, 0])).toEqual([16, 16, 0])
  expect([circuit.places(999), circuit.places(1000)]).toEqual([0, 1])
  circuit.failed(1000, null)
  expect([circuit.places(2999), circuit.places(3000)]).toEqual([0, 1])
  circuit.succeeded()
  expect(circuit.places(3000)).toBe(16)
})

test('it never rests for longer than a minute, whatever it is asked', () => {
  const circuit = new Circuit(16)
  failing(
    circuit,
    Array.from({ length: 50 }, () => 0),
  )
  circuit.failed(0, 10 ** 9)
  expect([circuit.places(59_999), circuit.places(60_000)]).toEqual([0, 1])
})

test('a target that asks to be left alone is left alone at once', () => {
  const circuit = new Circuit(16)
  circuit.failed(0, 5000)
  expect([circuit.places(4999), circuit.places(5000)]).toEqual([0, 16])
})
