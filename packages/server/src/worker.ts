import cluster, { type Worker } from 'node:cluster'
import type { Config } from '#config'
import type { Heard, Metrics, Word } from '#http'
import { type Files, player, type ReadFile } from './config-files.ts'
import type { Place } from './place.ts'
import type { Message, Order } from './worker-messages.ts'

/** Whether this process is one of several that share the listeners (`server.workers`). */
export function isWorker(): boolean {
  return cluster.isWorker
}

/**
 * Serves as the primary says (supervisor.ts): with the texts that it read, until it says stop. Without the
 * primary a worker ends at once; node:cluster sees to that.
 */
export async function serveAsWorker(
  load: (read: ReadFile) => Config,
  serveAt: (place: Place) => Promise<number>,
): Promise<number> {
  const { worker } = cluster
  if (worker === undefined) throw new Error('this process is no worker')
  const post = new Post(worker, load)
  try {
    return await serveAt(await post.place())
  } finally {
    worker.disconnect()
  }
}

/** The worker's end of the channel to its primary. */
class Post {
  readonly #worker: Worker
  readonly #load: (read: ReadFile) => Config
  readonly #begun = Promise.withResolvers<Extract<Order, { kind: 'begin' }>>()
  readonly #stopped = Promise.withResolvers<void>()
  readonly #questions = new Map<number, (text: string) => void>()
  #isStopped = false
  #newer: Files | null = null
  #reload: ((read: () => Config) => void) | undefined
  #heed: (heard: Heard) => void = () => undefined
  #words: Word[] = []
  #metrics: Metrics | undefined

  constructor(worker: Worker, load: (read: ReadFile) => Config) {
    this.#worker = worker
    this.#load = load
    // A terminal and a service manager signal every process of a group: a stop that comes twice is one.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.#stop())
    // The primary reads the files for all.
    process.on('SIGHUP', () => undefined)
    worker.on('message', (order: Order) => this.#obey(order))
    this.#say({ kind: 'awake' })
  }

  async place(): Promise<Place> {
    const { worker, files, newer } = await this.#begun.promise
    this.#newer ??= newer
    return {
      config: this.#load(player(files)),
      worker,
      signalled: {
        stopped: this.#stopped.promise,
        isStopped: () => this.#isStopped,
        onReload: (listener) => this.#onReload(listener),
      },
      fellows: {
        tell: (word) => this.#tell(word),
        onWord: (listener) => {
          this.#heed = listener
        },
      },
      listening: (url) => this.#say({ kind: 'listening', url }),
      counts: (metrics) => this.#counts(metrics),
    }
  }

  #obey(order: Order): void {
    switch (order.kind) {
      case 'begin':
        this.#begun.resolve(order)
        break
      case 'stop':
        this.#stop()
        break
      case 'reload':
        this.#readAgain(order.files)
        break
      case 'count':
        void this.#count(order.round)
        break
      case 'metrics':
        this.#questions.get(order.question)?.(order.text)
        this.#questions.delete(order.question)
        break
      case 'heard':
        for (const heard of order.heard) this.#heed(heard)
        break
      default:
        order satisfies never
    }
  }

  #tell(word: Word): void {
    this.#words.push(word)
    if (this.#words.length > 1) return
    setImmediate(() => {
      const words = this.#words
      this.#words = []
      this.#say({ kind: 'words', words })
    })
  }

  #stop(): void {
    this.#isStopped = true
    this.#stopped.resolve()
  }

  /** What was brought before the server could take it over is taken over now. */
  #onReload(listener: (read: () => Config) => void): void {
    this.#reload = listener
    if (this.#newer !== null) this.#readAgain(this.#newer)
  }

  #readAgain(files: Files): void {
    this.#newer = files
    this.#reload?.(() => this.#load(player(files)))
  }

  #counts(metrics: Metrics): void {
    this.#metrics = metrics
    let questions = 0
    metrics.gatherFrom(() => {
      const question = ++questions
      return new Promise((resolve) => {
        this.#questions.set(question, resolve)
        this.#say({ kind: 'metrics', question })
      })
    })
  }

  async #count(round: number): Promise<void> {
    const report = (await this.#metrics?.report()) ?? []
    this.#say({ kind: 'counted', round, report })
  }

  /** A primary that is gone is told nothing: this process is about to end. */
  #say(message: Message): void {
    if (this.#worker.isConnected()) this.#worker.send(message, () => undefined)
  }
}
