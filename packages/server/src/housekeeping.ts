import type { Logger } from 'pino'
import { endExpired, endForgottenClients, prune, StoreUnavailable } from '#authority'
import { instant } from '#domain'
import type { House } from './house.ts'

/** Every replica asks at this pace; the store lets one of them do the work each time. */
const intervalMs = 60_000
const rowsMax = 5000
const forgetRetryMs = 1000

export interface Housekeeping {
  /** Ends the sessions of clients that have left the configuration; tried until the store answers. */
  forgetClients(): void
  stop(): Promise<void>
}

/** Ends what has run out, deletes what nobody may ask for any more, drops keys that are done. */
export function startHousekeeping(house: House, log: Logger): Housekeeping {
  let running: Promise<void> = Promise.resolve()
  const timer = setInterval(() => {
    running = running.then(() => attend(house, log))
  }, intervalMs)
  timer.unref()
  let stopping = false
  const forgetClients = () => {
    running = running
      .then(() => forget(house, log))
      .then((done) => {
        if (!done && !stopping) setTimeout(forgetClients, forgetRetryMs).unref()
      })
  }
  return {
    forgetClients,
    stop: async () => {
      stopping = true
      clearInterval(timer)
      await running
    },
  }
}

async function forget(house: House, log: Logger): Promise<boolean> {
  try {
    const forgotten = await endForgottenClients(house.rooms)
    if (forgotten.length > 0)
      log.info({ forgotten }, 'sessions of clients that are gone have ended')
    return true
  } catch (error) {
    log.warn(
      { err: error },
      'sessions of clients that are gone could not be ended yet; trying again',
    )
    return false
  }
}

async function attend(house: House, log: Logger): Promise<void> {
  try {
    const turn = Math.floor(house.clock.now() / intervalMs)
    const until = instant((turn + 2) * intervalMs)
    if (!(await house.store.once('housekeeping', String(turn), until))) return
    // Also when a new secret has come to sign: the signing key must not outlive the secret that seals it.
    await house.signingKeys.ensure(house.policy.config.tokens.algorithm)
    const expired = await endExpired(house.rooms)
    const pruned = await prune(house.store, limitsOf(house))
    const keys = await house.signingKeys.dropExpired(longestAccessTtl(house))
    log.debug({ expired, ...pruned, keys: keys.length }, 'the house was kept')
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) {
      log.error({ err: error }, 'housekeeping failed; it is tried again in a minute')
    }
  }
}

/** Overrides may only be shorter: the shortest of client, class and global holds. */
function longestAccessTtl(house: House): number {
  return house.policy.config.tokens.accessTtlSeconds
}

function limitsOf(house: House) {
  const { config } = house.policy
  return {
    feedRetentionMs: config.revocation.retentionMs,
    endedRetentionMs: Math.max(config.sessions.keepEndedMs, config.tokens.refreshTtlMs),
    auditRetentionMs: config.audit.retentionMs,
    rowsMax,
  }
}
