/* What the long command is told: `npm run sim -- --seed N --operations 200000`. */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'

export type Wishes = {
  readonly seed: number
  readonly operations: number
  readonly roundOperations: number
  readonly faultEvery: number
  readonly people: number
  readonly plant: string | undefined
}

const defaults = { operations: 200_000, round: 5000, 'fault-every': 300, people: 24 } as const

/** @throws Error which says what is wrong */
export function readWishes(args: readonly string[]): Wishes {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      operations: { type: 'string' },
      round: { type: 'string' },
      'fault-every': { type: 'string' },
      people: { type: 'string' },
      plant: { type: 'string' },
    },
  })
  const whole = (name: keyof typeof defaults): number => countOf(name, values[name], defaults[name])
  return {
    seed: countOf('seed', values.seed, randomInt(2 ** 20)),
    operations: whole('operations'),
    roundOperations: whole('round'),
    faultEvery: whole('fault-every'),
    people: whole('people'),
    plant: values.plant,
  }
}

function countOf(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new Error(`--${name} wants a whole number, not '${text}'`)
}
