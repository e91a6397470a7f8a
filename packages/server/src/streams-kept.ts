import type { Heard } from '#http'

type StreamsHeard = Extract<Heard, { kind: 'streams' }>

/** Which event streams are open at which worker, for one that begins later. */
export class StreamsKept {
  /** By worker and caller. */
  readonly #open = new Map<number, Map<string, StreamsHeard>>()

  note(heard: Heard): void {
    if (heard.kind === 'gone') this.#open.delete(heard.from)
    if (heard.kind !== 'streams') return
    const ofWorker = this.#open.get(heard.from) ?? new Map<string, StreamsHeard>()
    if (heard.open > 0) ofWorker.set(heard.caller, heard)
    else ofWorker.delete(heard.caller)
    this.#open.set(heard.from, ofWorker)
  }

  all(): readonly StreamsHeard[] {
    return [...this.#open.values()].flatMap((ofWorker) => [...ofWorker.values()])
  }
}
