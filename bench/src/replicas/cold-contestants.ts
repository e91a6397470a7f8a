import { type AskOrder, type Turns, turnMark } from '../gateway/ask-orders.ts'
import { fewConnections } from '../gateway/checks.ts'
import { type CurfewGate, sessionCookie } from '../gateway/curfew-gate.ts'
import type { Gatekeeper } from '../gateway/gatekeeper.ts'
import { type Contestant, counted, type Window } from '../measure/contestant.ts'
import type { ColdStage } from './cold-stage.ts'
import { idle, sharedHits } from './server-metrics.ts'

export const coldNames = {
  redis: 'never seen here, over Redis',
  postgres: 'never seen here, over PostgreSQL',
  warm: 'seen before',
} as const

/** How many checks were asked, and how many of them Redis answered. */
export interface Tally {
  asked: number
  hits: number
}

export type Tallies = Readonly<Record<keyof typeof coldNames, Tally>>

/** A window that has asked about all of its sessions ends early, with its true length. */
const stockedPerSecond = 6000
/** What was asked about elsewhere stays in Redis for 30 s. */
const stockMax = 12_000
const warmSessions = 2000
/** Long enough for a whole stock on a slow machine, and few enough that it refuses nobody. */
const primeMs = 15_000
const primeConnections = 8

export class ColdChecks {
  readonly #stage: ColdStage
  readonly tallies: Tallies = {
    redis: { asked: 0, hits: 0 },
    postgres: { asked: 0, hits: 0 },
    warm: { asked: 0, hits: 0 },
  }

  constructor(stage: ColdStage) {
    this.#stage = stage
  }

  contestants(): readonly Contestant[] {
    const { floors, overRedis, overPostgres } = this.#stage
    const cold = (windowMs: number) => this.#cookies(stockFor(windowMs))
    return [
      this.#floor(floors.redis),
      this.#contestant('redis', overRedis, async (windowMs) => this.#shared(await cold(windowMs))),
      this.#floor(floors.postgres),
      this.#contestant('postgres', overPostgres, cold),
      this.#contestant('warm', overRedis, async () =>
        this.#primed(await this.#cookies(warmSessions)),
      ),
    ]
  }

  #floor({ name, port, request, pids }: Gatekeeper): Contestant {
    const ask = async (windowMs: number) => {
      const order = { port, request, connections: fewConnections, windowMs }
      return (await this.#stage.asker.ask(order)).window
    }
    return { name, window: (windowMs) => this.#counted(pids, () => ask(windowMs)) }
  }

  #contestant(
    which: keyof typeof coldNames,
    gate: CurfewGate,
    make: (windowMs: number) => Promise<readonly string[]>,
  ): Contestant {
    let cookies: readonly string[] = []
    const before = async (windowMs: number): Promise<void> => {
      cookies = await make(windowMs)
    }
    const window = async (windowMs: number): Promise<Window> => {
      const { port, pids } = gate.gatekeeper
      const hitsBefore = await sharedHits(port)
      const again = which === 'warm'
      const window = await this.#counted(pids, async () => {
        const asked = await this.#ask(gate, cookies, {
          ...{ again, windowMs, connections: fewConnections },
        })
        // Its processor time belongs to the checks; what it does to the next window does not.
        await idle(port)
        return asked
      })
      if (window.acts === 0) throw new Error('all sessions were asked about before it counted')
      this.tallies[which].asked += window.allActs
      this.tallies[which].hits += (await sharedHits(port)) - hitsBefore
      return window
    }
    return { name: coldNames[which], before, window }
  }

  #counted(server: () => readonly number[], run: () => Promise<Window>): Promise<Window> {
    const { database, redis } = this.#stage.pids
    return counted(run, () => ({ server: server(), database: database(), redis: [redis] }))
  }

  async #ask(
    gate: CurfewGate,
    texts: readonly string[],
    how: Pick<AskOrder, 'connections' | 'windowMs'> & Pick<Turns, 'again'>,
  ): Promise<Window> {
    const request = gate.asking(new Map([[sessionCookie, turnMark]]))
    const { again, ...order } = how
    const { port } = gate.gatekeeper
    const asked = await this.#stage.asker.ask({ port, request, turns: { texts, again }, ...order })
    return asked.window
  }

  async #cookies(count: number): Promise<readonly string[]> {
    const sids = await this.#stage.copies.make(count)
    return sids.map((sid) => this.#stage.copies.token('cookie', sid))
  }

  /** The other replica has been asked about each, and has shared what it read. */
  async #shared(cookies: readonly string[]): Promise<readonly string[]> {
    await this.#seen(this.#stage.elsewhere, cookies)
    return cookies
  }

  async #primed(cookies: readonly string[]): Promise<readonly string[]> {
    await this.#seen(this.#stage.overRedis, cookies)
    return cookies
  }

  async #seen(gate: CurfewGate, cookies: readonly string[]): Promise<void> {
    await this.#ask(gate, cookies, {
      ...{ again: false, windowMs: primeMs, connections: primeConnections },
    })
    await idle(gate.gatekeeper.port)
  }
}

function stockFor(windowMs: number): number {
  return Math.min(Math.ceil((stockedPerSecond * windowMs) / 1000), stockMax)
}
