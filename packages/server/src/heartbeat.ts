import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import type { Logger } from 'pino'
import { type Replica, StoreUnavailable } from '#authority'
import type { Http } from '#http'
import type { House } from './house.ts'
import type { ServerMemory } from './memory.ts'
import type { Readiness } from './readiness.ts'
import { version } from './version.ts'

const beatMs = 5000
/** A store that does not answer holds up no shutdown; the row is not shown after a minute. */
const leaveMsMax = 1000

export interface HeartbeatOptions {
  readonly house: Pick<House, 'store' | 'clock'> & { readonly memory: Pick<ServerMemory, 'tail'> }
  readonly http: Pick<Http, 'presence'>
  readonly readiness: Pick<Readiness, 'now'>
  readonly log: Pick<Logger, 'error'>
  readonly worker: number | undefined
}

export interface Heartbeat {
  stop(): Promise<void>
}

/** Says every few seconds that this process lives, how far it has read the feed, and who reads it here. */
export function startHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { store, clock } = options.house
  const own = {
    id: randomBytes(9).toString('base64url'),
    host: hostname(),
    pid: process.pid,
    worker: options.worker ?? null,
    version,
    startedAt: clock.now(),
  }
  let running: Promise<void> = Promise.resolve()
  const beat = () => {
    running = running.then(() => store.beat({ ...own, ...standing(options) })).catch(grumble)
  }
  const grumble = (error: unknown) => {
    // Out of reach: the row grows old, which says it.
    if (error instanceof StoreUnavailable) return
    options.log.error({ err: error }, 'this replica could not say that it lives')
  }
  const timer = setInterval(beat, beatMs).unref()
  beat()
  const stop = async () => {
    clearInterval(timer)
    const leaving = running.then(() => store.leave(own.id)).catch(grumble)
    await Promise.race([leaving, pause(leaveMsMax, undefined, { ref: false })])
  }
  return { stop }
}

function standing({ house, http, readiness }: HeartbeatOptions) {
  const { tail } = house.memory
  return {
    cursor: tail.cursor ?? null,
    lagMs: Math.round(tail.lagSeconds * 1000),
    ready: readiness.now().ready,
    ...http.presence(tail.cursor ?? null),
  } satisfies Partial<Replica>
}
