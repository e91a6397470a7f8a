import { type MetricsReport, sumOfReports, whatStays } from '#http'

/** A worker that has not answered by then is shown as it was when it last did. */
const answerWithinMs = 1000

interface Round {
  readonly waitingFor: Set<number>
  readonly done: () => void
}

/** The metrics of all workers together, kept by the primary. What a worker counted outlives it. */
export class WorkerMetrics {
  readonly #ask: (worker: number, round: number) => void
  readonly #last = new Map<number, MetricsReport>()
  readonly #rounds = new Map<number, Round>()
  #gone: Promise<MetricsReport> = Promise.resolve([])
  #round = 0

  constructor(ask: (worker: number, round: number) => void) {
    this.#ask = ask
  }

  async text(workers: readonly number[]): Promise<string> {
    await this.#askAll(workers)
    // Both of the same moment: one that ends meanwhile is counted once.
    const [gone, last] = [this.#gone, [...this.#last.values()]]
    return sumOfReports([await gone, ...last])
  }

  counted(worker: number, round: number, report: MetricsReport): void {
    this.#last.set(worker, report)
    this.#answered(worker, round)
  }

  /** A worker has ended: its gauges go, what it counted stays. */
  ended(worker: number): void {
    const last = this.#last.get(worker)
    this.#last.delete(worker)
    for (const round of this.#rounds.keys()) this.#answered(worker, round)
    if (last === undefined) return
    const before = this.#gone
    this.#gone = before.then((gone) => whatStays([gone, last]))
  }

  #askAll(workers: readonly number[]): Promise<void> {
    if (workers.length === 0) return Promise.resolve()
    const round = ++this.#round
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(), answerWithinMs)
      const done = () => {
        clearTimeout(timer)
        this.#rounds.delete(round)
        resolve()
      }
      this.#rounds.set(round, { waitingFor: new Set(workers), done })
      for (const worker of workers) this.#ask(worker, round)
    })
  }

  #answered(worker: number, number: number): void {
    const round = this.#rounds.get(number)
    if (round === undefined) return
    round.waitingFor.delete(worker)
    if (round.waitingFor.size === 0) round.done()
  }
}
