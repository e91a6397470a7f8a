/*
 * The primary of `server.workers`: it forks, watches and passes words on, and opens no store.
 *
 *   beginning: all are forked and the first one begins, alone: what is wrong with the store is said once
 *   starting:  the first one listens, and the others begin
 *   serving:   all have listened, which is announced; one that ends is replaced, with back-off
 *   stopping:  asked to, or given up; nobody is replaced, who does not end in time is killed
 *   ended
 */
import cluster, { type Worker } from 'node:cluster'
import type { Logger } from 'pino'
import type { Heard } from '#http'
import type { Files } from './config-files.ts'
import { StreamsKept } from './streams-kept.ts'
import type { Message, Order } from './worker-messages.ts'
import { WorkerMetrics } from './worker-metrics.ts'

/** A worker that ends sooner than this has failed to start, whatever it did meanwhile. */
const settledMs = 10_000
const backOffMsMin = 100
const backOffMsMax = 30_000
/** So many failures in a row, without a worker that listens: the next one would fail as well. */
const failuresMax = 5

export interface SupervisorOptions {
  readonly workers: number
  /** What the configuration was made of. */
  readonly files: Files
  readonly log: Logger
  /** How long after `stop` a worker is waited for. */
  readonly stopWithinMs: number
  /** Every worker accepts requests at this address. Once. */
  readonly listening: (url: string) => void
}

interface Member {
  /** From 1; whoever replaces it has the same. */
  readonly slot: number
  readonly worker: Worker
  readonly timer: NodeJS.Timeout
  awake: boolean
  begun: boolean
  listening: boolean
  settled: boolean
}

export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #metrics = new WorkerMetrics((id, round) => this.#tell(id, { kind: 'count', round }))
  readonly #streams = new StreamsKept()
  readonly #members = new Map<number, Member>()
  readonly #replacements = new Set<NodeJS.Timeout>()
  readonly #exitCode = Promise.withResolvers<number>()
  #newer: Files | null = null
  #phase: 'beginning' | 'starting' | 'serving' | 'stopping' = 'beginning'
  #failures = 0
  #code = 0

  constructor(options: SupervisorOptions) {
    this.#options = options
    // Connections are handed out in turn: left to the kernel, a few workers get most of those that last.
    cluster.schedulingPolicy = cluster.SCHED_RR
    cluster.setupPrimary({ serialization: 'advanced' })
  }

  /** Answers the exit code, when all workers have ended. */
  run(): Promise<number> {
    for (let slot = 1; slot <= this.#options.workers; slot++) this.#start(slot)
    return this.#exitCode.promise
  }

  /** All workers are unready at once, and end as `serve` does. */
  stop(code = 0): void {
    if (this.#phase === 'stopping') return
    this.#phase = 'stopping'
    this.#code = code
    for (const timer of this.#replacements) clearTimeout(timer)
    this.#tellAll({ kind: 'stop' })
    // Who has not begun has nothing to finish.
    for (const { worker, begun } of this.#members.values())
      if (!begun) worker.process.kill('SIGKILL')
    setTimeout(() => this.#killRest(), this.#options.stopWithinMs).unref()
    this.#endIfAlone()
  }

  reload(files: Files): void {
    this.#newer = files
    this.#tellAll({ kind: 'reload', files })
  }

  #start(slot: number): void {
    const worker = cluster.fork()
    const timer = setTimeout(() => this.#settle(member), settledMs).unref()
    const state = { awake: false, begun: false, listening: false, settled: false }
    const member: Member = { slot, worker, timer, ...state }
    this.#members.set(worker.id, member)
    worker.on('message', (message: Message) => this.#hear(member, message))
    worker.on('exit', (code, signal) => this.#ended(member, code, signal))
    // A fork that fails, an order to one that is just ending: its end follows.
    worker.on('error', (error) => this.#options.log.warn({ err: error, worker: slot }, 'a worker'))
  }

  #hear(member: Member, message: Message): void {
    const { id } = member.worker
    if (!this.#members.has(id)) return
    switch (message.kind) {
      case 'awake':
        member.awake = true
        if (this.#phase !== 'beginning' || member.slot === 1) this.#begin(member)
        break
      case 'listening':
        this.#listens(member, message.url)
        break
      case 'counted':
        this.#metrics.counted(id, message.round, message.report)
        break
      case 'metrics':
        void this.#answerMetrics(id, message.question)
        break
      case 'words': {
        const heard: readonly Heard[] = message.words.map((word) => ({ ...word, from: id }))
        for (const one of heard) this.#streams.note(one)
        this.#tellOthers(id, { kind: 'heard', heard })
        break
      }
      default:
        message satisfies never
    }
  }

  #begin(member: Member): void {
    const { worker, slot } = member
    if (this.#phase === 'stopping') return
    member.begun = true
    const { files } = this.#options
    this.#tell(worker.id, { kind: 'begin', worker: slot, files, newer: this.#newer })
    this.#tell(worker.id, { kind: 'heard', heard: this.#streams.all() })
  }

  #listens(member: Member, url: string): void {
    member.listening = true
    const { slot, worker } = member
    this.#options.log.info({ worker: slot, pid: worker.process.pid }, 'a worker listens')
    if (this.#phase === 'beginning') {
      this.#phase = 'starting'
      for (const other of this.#members.values()) {
        if (other.awake && !other.begun) this.#begin(other)
      }
    }
    if (this.#phase !== 'starting' || this.#listeners() < this.#options.workers) return
    this.#phase = 'serving'
    this.#options.listening(url)
  }

  #listeners(): number {
    return [...this.#members.values()].filter(({ listening }) => listening).length
  }

  #settle(member: Member): void {
    member.settled = member.listening
    if (member.settled) this.#failures = 0
  }

  #ended(member: Member, code: number | null, signal: string | null): void {
    this.#forget(member)
    if (this.#phase === 'stopping') {
      if (code !== 0 && member.begun) this.#code ||= 1
      this.#endIfAlone()
      return
    }
    // One that was told to stop, by hand, leaves in good order.
    const failed = !member.settled && !(member.listening && code === 0)
    if (failed) this.#failures += 1
    if (this.#isHopeless()) this.#giveUp(code, signal)
    else {
      const againInMs = failed ? backOffMs(this.#failures) : 0
      const { slot } = member
      this.#options.log.error({ worker: slot, code, signal, againInMs }, 'a worker has ended')
      this.#replace(slot, againInMs)
    }
  }

  #forget({ worker: { id }, timer }: Member): void {
    clearTimeout(timer)
    this.#members.delete(id)
    this.#metrics.ended(id)
    const heard: Heard = { kind: 'gone', from: id }
    this.#streams.note(heard)
    this.#tellAll({ kind: 'heard', heard: [heard] })
  }

  #replace(slot: number, inMs: number): void {
    const timer = setTimeout(() => {
      this.#replacements.delete(timer)
      this.#start(slot)
    }, inMs)
    this.#replacements.add(timer)
  }

  #isHopeless(): boolean {
    if (this.#phase === 'beginning') return true
    if (this.#failures < failuresMax) return false
    return this.#phase === 'starting' || this.#listeners() === 0
  }

  /** A worker that could not begin has said itself what is wrong, unless it was killed. */
  #giveUp(code: number | null, signal: string | null): void {
    if (this.#phase !== 'beginning' || signal !== null) {
      const { log } = this.#options
      log.fatal({ failures: this.#failures, code, signal }, 'workers cannot be started; giving up')
    }
    this.stop(code === null || code === 0 ? 1 : code)
  }

  #endIfAlone(): void {
    if (this.#members.size === 0) this.#exitCode.resolve(this.#code)
  }

  #killRest(): void {
    this.#options.log.error({ workers: this.#members.size }, 'workers did not stop in time: killed')
    this.#code ||= 1
    for (const { worker } of this.#members.values()) worker.process.kill('SIGKILL')
  }

  async #answerMetrics(id: number, question: number): Promise<void> {
    const text = await this.#metrics.text([...this.#members.keys()])
    this.#tell(id, { kind: 'metrics', question, text })
  }

  #tell(id: number, order: Order): void {
    const worker = this.#members.get(id)?.worker
    if (worker?.isConnected() === true) worker.send(order, () => undefined)
  }

  #tellAll(order: Order): void {
    for (const id of this.#members.keys()) this.#tell(id, order)
  }

  #tellOthers(id: number, order: Order): void {
    for (const other of this.#members.keys()) if (other !== id) this.#tell(other, order)
  }
}

function backOffMs(failures: number): number {
  return Math.min(backOffMsMin * 2 ** (failures - 1), backOffMsMax)
}
