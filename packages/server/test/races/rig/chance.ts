/* Chance with a seed, so that a failing run can be told apart and its choices made again. */
import { randomInt } from 'node:crypto'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'

export const seedOfRun = Number(process.env['CURFEW_RACES_SEED'] ?? randomInt(2 ** 31))

export class Chance {
  #state: number

  constructor(seed: number = seedOfRun) {
    this.#state = seed >>> 0
  }

  /** mulberry32: from 0 up to, not including, 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  maybe(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(list: readonly T[]): T {
    const one = list[this.below(list.length)]
    if (one === undefined) throw new Error('nothing to pick from')
    return one
  }

  shuffled<T>(list: readonly T[]): readonly T[] {
    const keyed = list.map((value) => ({ value, key: this.next() }))
    return keyed.sort((a, b) => a.key - b.key).map(({ value }) => value)
  }
}

/** Runs the acts at once, each after a head start of the others of 0 to about 4 ms. */
export async function race<T extends readonly (() => Promise<unknown>)[]>(
  chance: Chance,
  ...acts: T
): Promise<{ -readonly [Index in keyof T]: Awaited<ReturnType<T[Index]>> }>
export async function race(
  chance: Chance,
  ...acts: readonly (() => Promise<unknown>)[]
): Promise<unknown[]> {
  const delays = acts.map(() => (chance.maybe(0.4) ? 0 : chance.below(9)))
  const results = new Array<Promise<unknown>>(acts.length)
  const order = chance.shuffled(acts.map((_act, index) => index))
  for (const index of order) {
    results[index] = late(delays[index] ?? 0, acts[index] ?? (() => Promise.resolve(undefined)))
  }
  return Promise.all(results)
}

async function late(steps: number, act: () => Promise<unknown>): Promise<unknown> {
  if (steps > 4) await sleep(steps - 4)
  else for (let step = 0; step < steps * 4; step++) await turn()
  return act()
}

/** `rounds` times `round`, several at once; each has its own chance, made from the seed of the run. */
export async function inLanes(
  { rounds, lanes }: { readonly rounds: number; readonly lanes: number },
  round: (chance: Chance, index: number) => Promise<void>,
): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < rounds) {
      const index = next++
      await round(new Chance(seedOfRun + index * 7919), index)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}
