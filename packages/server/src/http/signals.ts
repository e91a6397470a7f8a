import type { Logger } from 'pino'
import type { Alarm, Signals } from '#authority'
import type { Metrics } from './metrics.ts'

/** What the use cases report: counted, and alarms also logged. */
export function createSignals(metrics: Metrics, log: Pick<Logger, 'error'>): Signals {
  return {
    refreshed: (result) => metrics.count('curfew_refresh_total', { result }),
    loggedOut: (result) => metrics.count('curfew_logout_total', { result }),
    started: (result) => metrics.count('curfew_sessions_started_total', { result }),
    swapConflict: () => metrics.count('curfew_swap_conflicts_total', {}),
    alarm: (alarm) => {
      metrics.count('curfew_alarms_total', { kind: alarm.kind })
      log.error({ alarm: alarm.kind }, wordsFor(alarm))
    },
  }
}

function wordsFor(alarm: Alarm): string {
  switch (alarm.kind) {
    case 'generation-not-issued':
      return 'a refresh token is newer than its session: was the store restored? Run `curfew recover`'
    case 'key-missing':
      return `tokens of the secret ${alarm.keyId} arrive, which this replica lacks: add it to \`secrets\``
    case 'came-back':
      return 'the store shows a session alive that had ended; it was ended again. Was the store restored?'
    default:
      return alarm satisfies never
  }
}
