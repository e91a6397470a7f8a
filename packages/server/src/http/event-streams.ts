import type { LimitTable } from './deps.ts'
import type { Fellows } from './fellows.ts'

export interface OpenStream {
  /** Aborts when the server shuts down. */
  readonly signal: AbortSignal
  close(): void
}

type StreamLimits = Pick<LimitTable, 'eventStreams' | 'eventStreamsPerCaller'>

/** The event streams that are open: so many in all, so many for one caller, over all workers (rule 37). */
export class EventStreams {
  readonly #limits: StreamLimits
  readonly #tell: Fellows['tell']
  readonly #open = new Set<AbortController>()
  readonly #byCaller = new Map<string, number>()
  /** By worker, then by caller. */
  readonly #elsewhere = new Map<number, Map<string, number>>()

  constructor(limits: StreamLimits, tell: Fellows['tell'] = () => undefined) {
    this.#limits = limits
    this.#tell = tell
  }

  open(caller: string): OpenStream | 'eventStreams' | 'eventStreamsPerCaller' {
    const own = this.#byCaller.get(caller) ?? 0
    const { all, ofCaller } = this.#countElsewhere(caller)
    if (this.#open.size + all >= this.#limits.eventStreams) return 'eventStreams'
    if (own + ofCaller >= this.#limits.eventStreamsPerCaller) return 'eventStreamsPerCaller'
    const controller = new AbortController()
    this.#open.add(controller)
    this.#set(caller, own + 1)
    return { signal: controller.signal, close: () => this.#close(caller, controller) }
  }

  get size(): number {
    return this.#open.size
  }

  closeAll(): void {
    for (const controller of [...this.#open]) controller.abort()
  }

  /** Another worker has so many of the caller. */
  heard(from: number, caller: string, open: number): void {
    const known = this.#elsewhere.get(from) ?? new Map<string, number>()
    if (open > 0) known.set(caller, open)
    else known.delete(caller)
    this.#elsewhere.set(from, known)
  }

  forget(from: number): void {
    this.#elsewhere.delete(from)
  }

  #countElsewhere(caller: string): { readonly all: number; readonly ofCaller: number } {
    let [all, ofCaller] = [0, 0]
    for (const callers of this.#elsewhere.values()) {
      for (const open of callers.values()) all += open
      ofCaller += callers.get(caller) ?? 0
    }
    return { all, ofCaller }
  }

  #set(caller: string, open: number): void {
    if (open > 0) this.#byCaller.set(caller, open)
    else this.#byCaller.delete(caller)
    this.#tell({ kind: 'streams', caller, open })
  }

  #close(caller: string, controller: AbortController): void {
    if (!this.#open.delete(controller)) return
    controller.abort()
    this.#set(caller, (this.#byCaller.get(caller) ?? 1) - 1)
  }
}
