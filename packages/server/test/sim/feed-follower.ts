/* A reader that follows the feed by its cursor, from whichever replica answers, while everything breaks. */
import { setTimeout as sleep } from 'node:timers/promises'
import { cursorOf } from '#test/harness/api.ts'
import { clients } from '#test/harness/config.ts'
import type { Answer } from '#test/harness/http.ts'
import type { Chance } from '#test/races/rig/chance.ts'
import type { FeedEntry, FeedPart } from '#test/races/rig/history.ts'
import { entryOf, seqOf } from '#test/races/rig/witness.ts'
import type { Balancer } from './balancer.ts'

const everyMs = 150
const answerWithinMs = 1500

export class FeedFollower {
  readonly #balancer: Balancer
  readonly #chance: Chance
  #cursor: string
  #from: string
  #entries: FeedEntry[] = []
  #resets = 0
  #over = false
  #running: Promise<void> = Promise.resolve()

  constructor(balancer: Balancer, chance: Chance, cursor: string) {
    this.#balancer = balancer
    this.#chance = chance
    this.#cursor = cursor
    this.#from = cursor
  }

  start(): void {
    this.#running = this.#follow()
  }

  async stop(): Promise<void> {
    this.#over = true
    await this.#running
  }

  /** Up to the head, when all is quiet; then a new part begins. */
  part(): FeedPart {
    const part = {
      reader: 'the reader that follows',
      resets: this.#resets,
      cursor: this.#cursor,
      afterSeq: seqOf(this.#from),
      headSeq: seqOf(this.#cursor),
      entries: this.#entries,
    }
    this.#from = this.#cursor
    this.#entries = []
    this.#resets = 0
    return part
  }

  get cursor(): string {
    return this.#cursor
  }

  async #follow(): Promise<void> {
    while (!this.#over) {
      const more = await this.#poll()
      if (!more) await sleep(everyMs)
    }
  }

  /** True: there is more at once. */
  async #poll(): Promise<boolean> {
    const replica = this.#balancer.pick(this.#chance)
    const answer = await replica.api
      .get('/sessions/revoked', {
        as: clients.satellite,
        query: { since: this.#cursor, all: true },
        signal: AbortSignal.timeout(answerWithinMs),
      })
      .catch(() => undefined)
    this.#balancer.heard(replica, answer?.status === 200 ? 'accepted' : 'unknown')
    return answer?.status === 200 && this.#take(answer)
  }

  #take(answer: Answer): boolean {
    if (answer.headers.get('curfew-reset') !== null) this.#resets += 1
    this.#entries.push(...answer.list.map(entryOf))
    this.#cursor = cursorOf(answer)
    return answer.headers.get('curfew-more') === 'true'
  }
}
