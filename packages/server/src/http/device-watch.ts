/*
 * Follows device authorizations for the screens that listen, over all replicas: one read a tick for all of
 * them together, while anybody listens. A move that this process makes is told at once (`look`).
 *
 *   idle (nobody listens) -> ticking (somebody does) -> idle
 */
import type { DeviceAuthority } from '#authority'
import { type DeviceStanding, isFinalStanding } from '#domain'
import type { HttpDeps } from './deps.ts'

/** A person who has said yes looks at the screen at once. */
const tickMs = 500

type Listener = (standing: DeviceStanding) => void

interface Followed {
  told: DeviceStanding
  readonly listeners: Set<Listener>
}

export class DeviceWatch {
  readonly #devices: Pick<DeviceAuthority, 'standings'>
  readonly #log: Pick<HttpDeps['log'], 'warn'>
  readonly #followed = new Map<string, Followed>()
  #timer: NodeJS.Timeout | undefined
  #reading = false
  #again = false

  constructor(devices: Pick<DeviceAuthority, 'standings'>, log: Pick<HttpDeps['log'], 'warn'>) {
    this.#devices = devices
    this.#log = log
  }

  /** Calls for each change from `standing` on. Answers how to stop. */
  follow(id: string, standing: DeviceStanding, listener: Listener): () => void {
    const followed = this.#followed.get(id) ?? { told: standing, listeners: new Set() }
    followed.listeners.add(listener)
    this.#followed.set(id, followed)
    // Another screen of the same code may have been told more already.
    if (followed.told !== standing) listener(followed.told)
    this.#timer ??= setInterval(() => this.look(), tickMs).unref()
    return () => this.#leave(id, listener)
  }

  /** Reads now: something may have changed. */
  look(): void {
    if (this.#followed.size === 0) return
    this.#again = true
    if (!this.#reading) void this.#read()
  }

  #leave(id: string, listener: Listener): void {
    const followed = this.#followed.get(id)
    if (followed === undefined) return
    followed.listeners.delete(listener)
    if (followed.listeners.size === 0) this.#followed.delete(id)
    if (this.#followed.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #read(): Promise<void> {
    this.#reading = true
    try {
      while (this.#again) {
        this.#again = false
        this.#tell(await this.#standings())
      }
    } catch (error) {
      // Out of reach is no news: the screens wait, and the next tick asks again.
      const why = error instanceof Error ? error.message : String(error)
      this.#log.warn({ why }, 'device authorizations could not be looked at; trying again')
    } finally {
      this.#reading = false
    }
  }

  /** One that is gone from the store ran out long ago. */
  async #standings(): Promise<ReadonlyMap<string, DeviceStanding>> {
    const ids = [...this.#followed.keys()]
    const found = await this.#devices.standings(ids)
    const known = new Map(found.map(({ id, standing }) => [id, standing]))
    return new Map(ids.map((id) => [id, known.get(id) ?? 'expired']))
  }

  #tell(standings: ReadonlyMap<string, DeviceStanding>): void {
    for (const [id, standing] of standings) {
      const followed = this.#followed.get(id)
      if (followed === undefined || followed.told === standing) continue
      if (isFinalStanding(followed.told)) continue
      followed.told = standing
      for (const listener of [...followed.listeners]) listener(standing)
    }
  }
}
