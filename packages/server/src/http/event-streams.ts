import type { LimitTable } from './deps.ts'

export interface OpenStream {
  /** Aborts when the server shuts down. */
  readonly signal: AbortSignal
  close(): void
}

/** The event streams that are open: so many in all, so many for one caller (rule 37). */
export class EventStreams {
  readonly #limits: Pick<LimitTable, 'eventStreams' | 'eventStreamsPerCaller'>
  readonly #open = new Set<AbortController>()
  readonly #byCaller = new Map<string, number>()

  constructor(limits: Pick<LimitTable, 'eventStreams' | 'eventStreamsPerCaller'>) {
    this.#limits = limits
  }

  open(caller: string): OpenStream | 'eventStreams' | 'eventStreamsPerCaller' {
    const own = this.#byCaller.get(caller) ?? 0
    if (this.#open.size >= this.#limits.eventStreams) return 'eventStreams'
    if (own >= this.#limits.eventStreamsPerCaller) return 'eventStreamsPerCaller'
    const controller = new AbortController()
    this.#open.add(controller)
    this.#byCaller.set(caller, own + 1)
    return { signal: controller.signal, close: () => this.#close(caller, controller) }
  }

  get size(): number {
    return this.#open.size
  }

  closeAll(): void {
    for (const controller of [...this.#open]) controller.abort()
  }

  #close(caller: string, controller: AbortController): void {
    if (!this.#open.delete(controller)) return
    controller.abort()
    const left = (this.#byCaller.get(caller) ?? 1) - 1
    if (left > 0) this.#byCaller.set(caller, left)
    else this.#byCaller.delete(caller)
  }
}
