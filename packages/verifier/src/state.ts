/*
 * What is known, as bytes, for keeping over a restart: the position in the feed, when it was fresh, the
 * ended sessions, and the issuer's keys. Whoever can write these bytes decides which keys are trusted.
 */
import type { FeedPosition } from './feed-source.ts'

/** Where the bytes are kept; a file, as a rule. Both may fail: the verifier goes on without. */
export interface StateStore {
  load(): Promise<Uint8Array | null | undefined>
  save(state: Uint8Array<ArrayBuffer>): Promise<void>
}

export interface KeptState {
  readonly position: FeedPosition
  readonly freshAtWallMs: number
  readonly keys: readonly unknown[]
  readonly denied: Uint8Array<ArrayBuffer>
}

const format = 'curfew-verifier-1'
const headBytes = 4

export function encodeState(issuer: string, state: KeptState): Uint8Array<ArrayBuffer> {
  const { position, freshAtWallMs, keys, denied } = state
  const about = { format, issuer, position, freshAtWallMs, keys }
  const head = new TextEncoder().encode(JSON.stringify(about))
  const bytes = new Uint8Array(headBytes + head.byteLength + denied.byteLength)
  new DataView(bytes.buffer).setUint32(0, head.byteLength)
  bytes.set(head, headBytes)
  bytes.set(denied, headBytes + head.byteLength)
  return bytes
}

/** @throws TypeError when the bytes are of another issuer, or none of ours */
export function decodeState(issuer: string, bytes: Uint8Array): KeptState {
  const whole = new Uint8Array(bytes)
  const length = whole.byteLength < headBytes ? 0 : new DataView(whole.buffer).getUint32(0)
  const end = headBytes + length
  if (length === 0 || end > whole.byteLength) throw new TypeError('The state is cut off.')
  const about: unknown = JSON.parse(new TextDecoder().decode(whole.subarray(headBytes, end)))
  if (!isAbout(about) || about.format !== format) throw new TypeError('The state is none of ours.')
  if (about.issuer !== issuer) throw new TypeError(`The state is of the issuer ${about.issuer}.`)
  const { position, freshAtWallMs, keys } = about
  return { position, freshAtWallMs, keys, denied: whole.slice(end) }
}

interface About {
  readonly format: string
  readonly issuer: string
  readonly position: FeedPosition
  readonly freshAtWallMs: number
  readonly keys: readonly unknown[]
}

function isAbout(value: unknown): value is About {
  if (typeof value !== 'object' || value === null) return false
  const { format, issuer, position, freshAtWallMs, keys } = value as Partial<About>
  if (typeof format !== 'string' || typeof issuer !== 'string') return false
  if (typeof position?.epoch !== 'string' || !Number.isSafeInteger(position.seq)) return false
  return Number.isFinite(freshAtWallMs) && Array.isArray(keys)
}
