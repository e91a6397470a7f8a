/* Asks a verifier in another process (verifier-process.ts), and writes down what it says. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { clients } from '#test/harness/config.ts'
import type { History, UseAct, Verdict } from '#test/races/rig/history.ts'
import type { Held } from '#test/races/rig/witness.ts'
import { maxStalenessMs, pullIntervalMs, type Town, type TownReplica } from './town.ts'
import type { Orders, Told } from './verifier-process.ts'

const program = fileURLToPath(new URL('./verifier-process.ts', import.meta.url))

export class VerifierWitness {
  readonly #history: History
  readonly #replica: TownReplica
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (code: string) => void>()
  readonly #name: string
  #next = 0

  private constructor(name: string, replica: TownReplica, history: History) {
    this.#name = name
    this.#history = history
    this.#replica = replica
    this.#child = fork(program, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  }

  /** One that is pushed to over Redis, or else reads the stream of its replica. */
  static async open(
    town: Town,
    history: History,
    { replica, overRedis }: { readonly replica: TownReplica; readonly overRedis: boolean },
  ): Promise<VerifierWitness> {
    const witness = new VerifierWitness(`verifier of ${replica.name}`, replica, history)
    const orders: Orders = {
      issuer: town.issuer,
      url: replica.curfew.url,
      audience: 'https://api.example.com',
      ...{ clientId: clients.satellite.id, clientSecret: clients.satellite.secret },
      ...{ pullInterval: `${pullIntervalMs}ms`, maxStaleness: `${maxStalenessMs}ms` },
      redisUrl: overRedis ? replica.redis.url(town.redis.url) : undefined,
    }
    await witness.#begin(orders)
    return witness
  }

  #begin(orders: Orders): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#child.once('exit', (code) => {
        reject(new Error(`the verifier ended with ${code}`))
        for (const answer of this.#waiting.values()) answer('gone')
      })
      this.#child.on('message', (told: Told) => {
        if (told.kind === 'ready') resolve()
        else this.#hear(told)
      })
      this.#child.send(orders)
    })
  }

  async check({ sid, accessToken }: Held): Promise<UseAct> {
    const from = performance.now()
    const code = await this.#ask(accessToken)
    const till = performance.now()
    return this.#write({ sid, how: 'verifier', from, till, verdict: verdictOf(code) })
  }

  close(): void {
    this.#child.kill('SIGKILL')
  }

  #ask(token: string): Promise<string> {
    const id = this.#next
    this.#next += 1
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#child.send({ id, token })
    })
  }

  #hear(told: Exclude<Told, { kind: 'ready' }>): void {
    if (told.kind === 'ended') {
      const now = performance.now()
      this.#write({ sid: told.sid, how: 'event', from: now, till: now, verdict: 'ended' })
      return
    }
    this.#waiting.get(told.id)?.(told.code)
    this.#waiting.delete(told.id)
  }

  #write(seen: Pick<UseAct, 'sid' | 'how' | 'from' | 'till' | 'verdict'>): UseAct {
    return this.#history.add<UseAct>({
      ...{ kind: 'use', at: this.#name, through: this.#replica.name, fromMemory: true },
      ...{ status: seen.verdict === 'accepted' ? 200 : 401 },
      ...seen,
    })
  }
}

function verdictOf(code: string): Verdict {
  switch (code) {
    case 'good':
      return 'accepted'
    case 'ended':
      return 'ended'
    case 'stale':
    case 'keys_unavailable':
    // It was handed out more than `accessTtl` ago, which says nothing about its session.
    case 'expired':
      return 'unknown'
    default:
      return 'odd'
  }
}
