/*
 * Carries out a plan. Each fault strikes one thing at a time: what is broken is made whole before the next
 * one strikes it, and all that was done is written down with its times.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Mishap } from '#test/oidc/scriptable-provider.ts'
import { Chance } from '#test/races/rig/chance.ts'
import type { History, Trouble } from '#test/races/rig/history.ts'
import type { Wire } from '#test/races/rig/wire.ts'
import type { Fault, FaultKind } from './plan.ts'
import type { Town, TownReplica } from './town.ts'

/** Ends and refreshes are one statement each, which commits itself; everything else says so. */
const commits = ['commit', 'curfew_end', 'rotation_access'] as const

export class Troublemaker {
  readonly #town: Town
  readonly #history: History
  readonly #chance: Chance
  readonly #busy = new Map<string, Promise<unknown>>()
  readonly #failed: unknown[] = []
  readonly counts = new Map<FaultKind, number>()

  constructor(town: Town, history: History, seed: number) {
    this.#town = town
    this.#history = history
    this.#chance = new Chance(seed)
  }

  /** Begins as soon as its target is whole; nobody needs to wait for it. */
  strike(fault: Fault): void {
    const { target } = placeOf(fault, this.#town)
    const before = this.#busy.get(target) ?? Promise.resolve()
    this.#busy.set(
      target,
      before.then(() => this.#strike(fault)).catch((error) => this.#failed.push(error)),
    )
  }

  /** When nothing more strikes: all that was begun is over, and everything is whole. */
  async whole(): Promise<void> {
    await Promise.all(this.#busy.values())
    if (this.#failed.length > 0) throw new AggregateError(this.#failed, 'the rig itself failed')
    this.#town.provider.release()
    await Promise.all(this.#town.replicas.map((replica) => replica.whenReady()))
  }

  async #strike(fault: Fault): Promise<void> {
    this.counts.set(fault.kind, (this.counts.get(fault.kind) ?? 0) + 1)
    const { at, harmless } = placeOf(fault, this.#town)
    const from = performance.now()
    const trouble: Trouble = { what: fault.kind, at, from, till: Infinity, harmless }
    this.#history.troubles.push(trouble)
    await this.#carryOut(fault)
    trouble.till = performance.now()
  }

  async #carryOut(fault: Fault): Promise<void> {
    const replica = struck(fault, this.#town)
    const { forMs } = fault
    switch (fault.kind) {
      case 'kill':
        await replica.kill()
        await sleep(forMs)
        await replica.restart()
        return replica.whenReady()
      case 'pause':
      case 'long-pause':
        replica.curfew.signal('SIGSTOP')
        await sleep(forMs)
        replica.curfew.signal('SIGCONT')
        return
      case 'slow-queries':
        replica.store.jitterMs = 150
        await sleep(forMs)
        replica.store.jitterMs = 0
        return
      case 'hints-lost':
        return deaf(replica.store, forMs)
      case 'pushes-lost':
        return deaf(replica.redis, forMs)
      case 'store-silent':
        return interrupted(replica.store, 'silent', forMs)
      case 'store-cut':
        return interrupted(replica.store, 'refused', forMs)
      case 'redis-silent':
        return interrupted(replica.redis, 'silent', forMs)
      case 'redis-cut':
        return interrupted(replica.redis, 'refused', forMs)
      case 'commit-lost':
      case 'commit-unheard':
        return this.#breakCommits(replica.store, fault)
      default:
        return this.#atService(fault.kind, forMs)
    }
  }

  async #atService(kind: FaultKind, forMs: number): Promise<void> {
    const { redis, stage } = this.#town
    switch (kind) {
      case 'redis-restart':
        await redis.kill()
        await sleep(forMs)
        return redis.start()
      case 'redis-flush':
        return redis.flush()
      case 'redis-pause':
        return paused(redis, forMs)
      case 'store-restart':
        return stage.postgres.restart()
      case 'store-crash':
        await stage.postgres.kill()
        await sleep(forMs)
        return stage.postgres.start()
      case 'store-pause':
        return paused(stage.postgres, forMs)
      default:
        return this.#atProvider(kind, forMs)
    }
  }

  async #atProvider(kind: FaultKind, forMs: number): Promise<void> {
    const { provider } = this.#town
    switch (kind) {
      case 'provider-slow':
        provider.latencyMs = 300 + this.#chance.below(3000)
        await sleep(forMs)
        provider.latencyMs = 0
        return
      case 'provider-down':
        await provider.close()
        await sleep(forMs)
        return provider.listen()
      default: {
        const over = performance.now() + forMs
        while (performance.now() < over) {
          provider.script = Array.from({ length: 4 }, () => this.#mishap(kind))
          await sleep(50)
        }
        provider.script = []
        provider.release()
      }
    }
  }

  #mishap(kind: FaultKind): Mishap {
    switch (kind) {
      case 'provider-silent':
        return this.#chance.pick<Mishap>(['hang', 'hang-after-rotation', { status: 504 }])
      case 'provider-answers-lost':
        return this.#chance.pick<Mishap>(['reset-after-rotation', 'half-answer', 'reset', 'page'])
      default:
        return { status: this.#chance.pick([500, 503, 429]) }
    }
  }

  /** A commit does not arrive, or nobody hears of it: the connection breaks around it. */
  async #breakCommits(wire: Wire, { kind, forMs }: Fault): Promise<void> {
    const word = this.#chance.pick(commits)
    const catching = kind === 'commit-lost' ? wire.catchRequest(word) : wire.catchAnswer(word)
    const caught = catching.catch(() => undefined)
    const late = sleep(5000).then(() => undefined)
    const piece = await Promise.race([caught, late])
    wire.disarm()
    // It may have been caught at the very last moment.
    void caught.then((one) => one?.drop())
    if (piece === undefined) return
    await sleep(forMs)
    piece.drop()
  }
}

type Place = {
  readonly target: string
  readonly at: string | undefined
  readonly harmless: boolean
}

/** What it strikes, whose memory may be old for it, and whether anything but hints and caches is hit. */
function placeOf(fault: Fault, town: Town): Place {
  const { kind } = fault
  const { name } = struck(fault, town)
  if (kind.startsWith('provider-')) return { target: 'provider', at: undefined, harmless: false }
  if (['redis-restart', 'redis-flush', 'redis-pause'].includes(kind)) {
    return { target: 'redis', at: undefined, harmless: true }
  }
  if (['store-restart', 'store-crash', 'store-pause'].includes(kind)) {
    return { target: 'store', at: undefined, harmless: false }
  }
  if (kind.startsWith('redis-') || kind === 'pushes-lost') {
    return { target: `redis of ${name}`, at: name, harmless: true }
  }
  if (kind === 'hints-lost') return { target: `hints of ${name}`, at: name, harmless: true }
  if (['kill', 'pause', 'long-pause'].includes(kind)) {
    return { target: name, at: name, harmless: false }
  }
  return { target: `store of ${name}`, at: name, harmless: false }
}

function struck({ replica }: Fault, { replicas }: Town): TownReplica {
  const one = replicas[replica]
  if (one === undefined) throw new Error(`there is no replica ${replica}`)
  return one
}

async function deaf(wire: Wire, forMs: number): Promise<void> {
  wire.deaf = true
  await sleep(forMs)
  wire.deaf = false
}

async function interrupted(wire: Wire, mode: 'silent' | 'refused', forMs: number): Promise<void> {
  wire.set(mode)
  await sleep(forMs)
  wire.set('open')
}

async function paused(service: { pause(): void; resume(): void }, forMs: number): Promise<void> {
  service.pause()
  await sleep(forMs)
  service.resume()
}
