/*
 * Use of sessions that brings no token of its own, such as forward auth: each is written at most once a
 * minute, behind the answer, and not given up before it is written or the session has ended (rule 8).
 *
 *   noted -> writing -> gone     written, or the session ended
 *                    -> noted    the store did not answer: again in a second
 */
import { setTimeout as delay } from 'node:timers/promises'
import { addMs, type Instant, type LiveSession, type SessionId } from '#domain'
import { apply, type CommandFor } from './apply.ts'
import { rulesOf } from './policy.ts'
import { StoreUnavailable } from './ports.ts'
import type { Rooms } from './rooms.ts'

export interface LastSeenOptions {
  readonly rooms: Rooms
  /** Sessions that wait to be written; what comes beyond that is counted, and noted at its next use. */
  readonly waitingMax?: number
  readonly dropped?: () => void
  readonly failed?: (error: unknown) => void
}

/** Of sessions that end by idleness sooner than that, twice within it. */
const everyMsMax = 60_000
const writersMax = 8
const retryMs = 1000

export class LastSeen {
  readonly #options: LastSeenOptions
  readonly #waitingMax: number
  readonly #waiting = new Set<SessionId>()
  readonly #writers = new Set<Promise<void>>()
  #closing = false

  constructor(options: LastSeenOptions) {
    this.#options = options
    this.#waitingMax = options.waitingMax ?? 100_000
  }

  note(sid: SessionId): void {
    if (this.#waiting.has(sid)) return
    if (this.#waiting.size >= this.#waitingMax) {
      this.#options.dropped?.()
      return
    }
    this.#waiting.add(sid)
    if (this.#writers.size < writersMax) this.#hire()
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** Writes what waits, unless the store is away. */
  async close(): Promise<void> {
    this.#closing = true
    await Promise.allSettled([...this.#writers])
  }

  #hire(): void {
    const writer = this.#write().finally(() => {
      this.#writers.delete(writer)
      // Something may have come between the last look and now.
      if (this.#waiting.size > 0 && this.#writers.size === 0 && !this.#closing) this.#hire()
    })
    this.#writers.add(writer)
  }

  async #write(): Promise<void> {
    for (const sid of this.#waiting) {
      this.#waiting.delete(sid)
      try {
        await touch(this.#options.rooms, sid)
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) this.#options.failed?.(error)
        else if (this.#closing) return
        else {
          this.#waiting.add(sid)
          await delay(retryMs, undefined, { ref: false })
        }
      }
    }
  }
}

async function touch(rooms: Rooms, sid: SessionId): Promise<void> {
  // A row that has moved on since was seen later still: nothing need be read to leave it as it is.
  const known = rooms.cache.lastKnown(sid)
  if (known !== undefined && rooms.clock.now() < dueAt(rooms, known)) return
  const command: CommandFor = ({ origin }) => {
    const { idleTtlMs } = rulesOf(rooms.policy, origin.device)
    return { kind: 'touch', idleTtlMs, everyMs: everyMsOf(idleTtlMs) }
  }
  await apply(rooms, sid, command, { cached: true })
}

function dueAt({ policy }: Rooms, { origin, life }: LiveSession): Instant {
  return addMs(life.lastSeenAt, everyMsOf(rulesOf(policy, origin.device).idleTtlMs))
}

function everyMsOf(idleTtlMs: number): number {
  return Math.min(everyMsMax, Math.floor(idleTtlMs / 2))
}
