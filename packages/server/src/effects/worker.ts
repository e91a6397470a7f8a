/*
 * Sees to the outbox: a courier for each target that this replica knows, woken by whoever wrote a row here,
 * and by a timer for what other replicas, the command line or a process that died have left. A target that
 * no replica knows any more is given up by its age alone.
 *
 *   new -> running (start) -> stopped (stop: what is under way may finish)
 */
import type { EffectCounts, EffectKind, EffectStore, EffectTarget } from '#authority'
import { Courier, type CourierOptions, type Deliver } from './courier.ts'

export interface KnownTarget extends EffectTarget {
  readonly deliver: Deliver
}

export interface WorkerOptions extends Omit<CourierOptions, 'at' | 'deliver' | 'store'> {
  readonly store: EffectStore
  /** By the configuration in force. */
  readonly targets: () => readonly KnownTarget[]
}

const pollMs = 1000
const countEveryMs = 15_000
const sweepEveryMs = 60_000
const sweptRowsMax = 1000

export class EffectWorker {
  readonly #options: WorkerOptions
  readonly #couriers = new Map<string, Courier>()
  #timers: readonly NodeJS.Timeout[] = []
  #deaf: () => void = () => undefined
  #counts: readonly EffectCounts[] = []
  #sweeping: Promise<void> | undefined
  #counting: Promise<void> | undefined

  constructor(options: WorkerOptions) {
    this.#options = options
  }

  start(): void {
    this.#deaf = this.#options.store.onEffects(() => this.wake())
    this.#timers = [
      setInterval(() => this.wake(), pollMs),
      setInterval(() => this.#count(), countEveryMs),
      setInterval(() => this.#sweep(), sweepEveryMs),
    ]
    for (const timer of this.#timers) timer.unref()
    this.#count()
    this.wake()
  }

  wake(): void {
    const targets = this.#options.targets()
    for (const target of targets) this.#courierOf(target).wake()
    if (this.#couriers.size > targets.length) this.#dismiss(targets)
  }

  /** As of the last look at the outbox. */
  counts(kind: EffectKind): EffectCounts {
    const counted = this.#counts.find((one) => one.kind === kind)
    return counted ?? { kind, waiting: 0, oldestMs: null, givenUp: 0 }
  }

  /** What is under way may finish until the signal aborts; then it goes back to the others. */
  async stop(drained: AbortSignal): Promise<void> {
    this.#deaf()
    for (const timer of this.#timers) clearInterval(timer)
    await Promise.all([...this.#couriers.values()].map((courier) => courier.stop(drained)))
    await Promise.all([this.#sweeping, this.#counting])
    const { store, owner, signals } = this.#options
    await store.releaseEffects(owner).catch((error: unknown) => signals.disturbed(error))
  }

  #courierOf({ kind, target, deliver }: KnownTarget): Courier {
    const key = keyOf({ kind, target })
    let courier = this.#couriers.get(key)
    if (courier === undefined) {
      courier = new Courier({ ...this.#options, at: { kind, target }, deliver })
      this.#couriers.set(key, courier)
    }
    return courier
  }

  /** Those of targets that have left the configuration. */
  #dismiss(targets: readonly KnownTarget[]): void {
    const known = new Set(targets.map(keyOf))
    for (const [key, courier] of this.#couriers) {
      if (known.has(key)) continue
      this.#couriers.delete(key)
      void courier.stop(AbortSignal.abort())
    }
  }

  #count(): void {
    const { store, signals } = this.#options
    this.#counting ??= store
      .countEffects()
      .then(
        (counts) => {
          this.#counts = counts
        },
        (error: unknown) => signals.disturbed(error),
      )
      .finally(() => {
        this.#counting = undefined
      })
  }

  #sweep(): void {
    this.#sweeping ??= this.#giveUpOverdue()
      .catch((error: unknown) => this.#options.signals.disturbed(error))
      .finally(() => {
        this.#sweeping = undefined
      })
  }

  async #giveUpOverdue(): Promise<void> {
    const { store, giveUpAfterMs, signals } = this.#options
    for (;;) {
      const given = await store.giveUpOverdue(giveUpAfterMs, sweptRowsMax)
      for (const effect of given) signals.gaveUp(effect, null)
      if (given.length < sweptRowsMax) return
    }
  }
}

function keyOf({ kind, target }: EffectTarget): string {
  return `${kind} ${target}`
}
