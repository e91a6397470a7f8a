import { type DestinationStream, type Logger, pino } from 'pino'
import pretty from 'pino-pretty'

export interface LogOptions {
  readonly level: string
  /** A terminal gets lines for people, anything else gets JSON lines. */
  readonly terminal: boolean
  /** Which of several workers speaks. */
  readonly worker?: number | undefined
}

/**
 * Logs go to stderr, so that stdout holds the one line that scripts wait for. Secrets are redacted by
 * their type (domain/secret.ts): nothing is logged that only a pattern would have to find.
 */
export function createLog(options: LogOptions): Logger {
  const toStderr: DestinationStream = options.terminal
    ? pretty({ destination: 2, colorize: true, ignore: 'pid,hostname', sync: true })
    : pino.destination({ fd: 2, sync: true })
  const base = options.worker === undefined ? null : { worker: options.worker }
  return pino({ level: options.level, base, messageKey: 'message', timestamp }, toStderr)
}

function timestamp(): string {
  return pino.stdTimeFunctions.isoTime()
}
