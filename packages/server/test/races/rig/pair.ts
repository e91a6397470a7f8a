/* Two replicas on one PostgreSQL, each behind a wire of its own, and a witness of all that happens. */
import {
  type Curfew,
  type JsonObject,
  merge,
  openStage,
  type Stage,
  startCurfew,
} from '#test/harness/index.ts'
import { expectSound } from './judge.ts'
import { Wire } from './wire.ts'
import { feedSince, type Replica, Witness } from './witness.ts'

export type Player = Replica & { readonly curfew: Curfew; readonly wire: Wire }

export type Pair = {
  readonly a: Player
  readonly b: Player
  readonly both: readonly [Player, Player]
  readonly witness: Witness
  readonly stage: Stage
  /** Judges all that was witnessed, with the feed since the beginning; then forgets it. */
  settle(): Promise<void>
  close(): Promise<void>
}

/** Sessions of which a user may have any number, for tests that sign many in. */
const fleet = { sessions: { devices: { fleet: { policy: 'multiple' } } } }

export type PairOptions = { readonly stage?: Stage; readonly config?: JsonObject }

export async function openPair(options: PairOptions = {}): Promise<Pair> {
  const stage = options.stage ?? (await openStage('postgres'))
  const wires = [await Wire.to(stage.storeUrl), await Wire.to(stage.storeUrl)] as const
  const config = merge(merge(fleet, quiet), options.config ?? {})
  const first = await startCurfew({
    store: stage,
    env: production,
    config: { ...config, store: wires[0].url(stage.storeUrl) },
  })
  const second = await first.twin({ config: { store: wires[1].url(stage.storeUrl) } })
  const a = { name: 'a', api: first.api, curfew: first, wire: wires[0] }
  const b = { name: 'b', api: second.api, curfew: second, wire: wires[1] }
  for (const { name, curfew } of [a, b]) void sayIfItDies(name, curfew)
  const witness = new Witness()
  let cursor = await first.api.head()
  return {
    a,
    b,
    both: [a, b],
    witness,
    stage,
    settle: async () => {
      const part = await feedSince(b, cursor)
      cursor = part.cursor
      expectSound(witness.history, part)
      witness.history.acts.length = 0
    },
    close: async () => {
      await Promise.all([first.kill(), second.kill()])
      await Promise.all(wires.map((wire) => wire.close()))
      stage.remove()
    },
  }
}

// Thousands of lines of a debug log would be the slowest part of a race.
const quiet = { server: { logLevel: 'warn' } }

/** As in production: without the clock of the tests, with prepared statements. */
export const production = { NODE_ENV: 'production', CURFEW_TEST_CLOCK_FILE: '' }

/** A server that ends by itself says why; that the test then fails is not enough to mend it. */
async function sayIfItDies(name: string, curfew: Curfew): Promise<void> {
  const { code, signal } = await curfew.ended
  if (signal === null)
    console.log(`replica ${name} ended with ${code}:\n${curfew.log().slice(-3000)}`)
}
