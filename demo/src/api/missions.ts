/*
 * Flights, each of one session and for no longer than that session:
 *
 *   in the air ──▶ over: 'landed'         the battery is down
 *              ──▶ over: 'session-ended'  the session's signal has aborted; nobody is asked
 */
import { randomUUID } from 'node:crypto'
import type { Session } from '@curfew/verifier'
import { flightSeconds, type Telemetry, telemetryAt } from './flight.ts'

/** More are not in the air at once. */
const missionsMax = 100
/** So many may watch one flight. */
const watchersMax = 8

type Pilot = Pick<Session, 'sid' | 'signal'>
type Ending = 'landed' | 'session-ended'

export class Missions {
  readonly #bySid = new Map<string, Mission>()

  /** The session's own flight, a new one if there is none; undefined when the sky is full. */
  start(pilot: Pilot): Mission | undefined {
    const flying = this.#bySid.get(pilot.sid)
    if (flying !== undefined || this.#bySid.size >= missionsMax) return flying
    const mission = new Mission(pilot)
    this.#bySid.set(pilot.sid, mission)
    mission.onOver(() => this.#bySid.delete(pilot.sid))
    return mission
  }

  find({ sid }: Pick<Session, 'sid'>, id: string): Mission | undefined {
    const mission = this.#bySid.get(sid)
    return mission?.id === id ? mission : undefined
  }

  /** The house is closing. */
  stop(): void {
    for (const mission of this.#bySid.values()) mission.land()
  }
}

class Mission {
  readonly id = randomUUID()
  readonly #beganAt = performance.now()
  readonly #over = new Set<(why: Ending) => void>()
  readonly #battery = setTimeout(() => this.land(), flightSeconds * 1000)
  readonly #letGo: () => void

  constructor({ signal }: Pilot) {
    const ground = () => this.#end('session-ended')
    signal.addEventListener('abort', ground, { once: true })
    this.#letGo = () => signal.removeEventListener('abort', ground)
  }

  get isCrowded(): boolean {
    // One of them is the list of missions.
    return this.#over.size > watchersMax
  }

  now(): Telemetry {
    return telemetryAt((performance.now() - this.#beganAt) / 1000)
  }

  land(): void {
    this.#end('landed')
  }

  /** Answers how to stop listening. */
  onOver(listener: (why: Ending) => void): () => void {
    this.#over.add(listener)
    return () => this.#over.delete(listener)
  }

  #end(why: Ending): void {
    clearTimeout(this.#battery)
    this.#letGo()
    for (const listener of this.#over) listener(why)
    this.#over.clear()
  }
}
