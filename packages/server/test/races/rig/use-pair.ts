/* Two replicas that live as long as the test file that asks for them. */
import { afterAll, beforeAll } from 'vitest'
import { type Chance, inLanes } from './chance.ts'
import { openPair, type Pair, type PairOptions } from './pair.ts'

export type Rounds = {
  readonly rounds: number
  readonly lanes: number
}

export type UsedPair = Omit<Pair, 'close'> & {
  /**
   * Plays a round many times and judges all that happened. Half of them over slow wires: then the
   * statements of both replicas interleave at every step.
   */
  play(rounds: Rounds, round: (chance: Chance, index: number) => Promise<void>): Promise<void>
}

const slowWireMs = 4

/** Only inside of tests and hooks. */
export function usePair(options: PairOptions = {}): UsedPair {
  let opened: Pair | undefined
  beforeAll(async () => {
    opened = await openPair(options)
  })
  afterAll(() => opened?.close())
  const running = (): Pair => {
    if (opened === undefined) throw new Error('the replicas have not been started yet')
    return opened
  }
  return {
    get a() {
      return running().a
    },
    get b() {
      return running().b
    },
    get both() {
      return running().both
    },
    get witness() {
      return running().witness
    },
    get stage() {
      return running().stage
    },
    settle: () => running().settle(),
    play: async ({ rounds, lanes }, round) => {
      for (const jitterMs of [0, slowWireMs]) {
        for (const { wire } of running().both) wire.jitterMs = jitterMs
        await inLanes({ rounds: Math.ceil(rounds / 2), lanes }, round)
      }
      for (const { wire } of running().both) wire.jitterMs = 0
      await running().settle()
    },
  }
}
