import type { Brand } from './brand.ts'

/** Milliseconds since the epoch, by the store's clock (rule 6). */
export type Instant = Brand<number, 'Instant'>

/** Whole seconds since the epoch, as JWTs and the HTTP API count. */
export type EpochSeconds = Brand<number, 'EpochSeconds'>

/** @throws RangeError when the value is not a whole number of milliseconds that a date can hold */
export function instant(milliseconds: number): Instant {
  if (!Number.isSafeInteger(milliseconds) || milliseconds < 0) {
    throw new RangeError(`not an instant in milliseconds: ${milliseconds}`)
  }
  return milliseconds as Instant
}

/** @throws RangeError when the value is not a whole number of seconds */
export function epochSeconds(seconds: number): EpochSeconds {
  if (!Number.isSafeInteger(seconds) || seconds < 0) {
    throw new RangeError(`not an instant in seconds: ${seconds}`)
  }
  return seconds as EpochSeconds
}

export function addMs(at: Instant, milliseconds: number): Instant {
  return (at + milliseconds) as Instant
}

/** Rounded down: a token that expires in this second never outlives the instant. */
export function toSeconds(at: Instant): EpochSeconds {
  return Math.floor(at / 1000) as EpochSeconds
}

export function toInstant(seconds: EpochSeconds): Instant {
  return (seconds * 1000) as Instant
}

export function later(a: Instant, b: Instant): Instant {
  return a >= b ? a : b
}
