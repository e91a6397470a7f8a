/*
 * The opaque tokens. They hold no state: each is derived from the row and a secret of the ring.
 *
 *   offset  0        1       5     21           25          41          57
 *           version  key id  sid   generation   inner MAC   outer MAC
 *
 * in base64url behind the purpose's prefix. The outer MAC filters forgeries without the store; the
 * inner one also covers the row's salt, so neither lock alone opens anything (rule 13).
 */
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import {
  type Clock,
  KeyMissing,
  type OpaqueParts,
  type OpaquePurpose,
  type OpaqueTokens,
  type OpenedToken,
  type OpenResult,
} from '#authority'
import { type KeyId, parseSessionId, type Salt, type SessionId } from '#domain'
import { decodeBase64url } from './base64url.ts'
import { frame } from './framing.ts'
import { type KeyRing, keyIdAt } from './key-ring.ts'

const version = 1
const keyIdOffset = 1
const sidOffset = 5
const generationOffset = 21
const innerOffset = 25
const outerOffset = 41
const tokenLength = 57
const macLength = 16
const saltLength = 16
const generationMax = 0xffff_ffff

const prefixes: Readonly<Record<OpaquePurpose, string>> = {
  refresh: 'cfr_',
  session: 'cfs_',
  cookie: 'cfc_',
  page: 'cfp_',
}

interface Locks {
  readonly inner: ReadonlyMap<KeyId, KeyObject>
  readonly outer: ReadonlyMap<KeyId, KeyObject>
}

const forged: OpenResult = { kind: 'forged' }

export function createOpaqueTokens(ring: KeyRing, clock: Pick<Clock, 'now'>): OpaqueTokens {
  const locks: Readonly<Record<OpaquePurpose, Locks>> = {
    refresh: locksOf(ring, 'refresh'),
    session: locksOf(ring, 'session'),
    cookie: locksOf(ring, 'cookie'),
    page: locksOf(ring, 'page'),
  }

  return {
    /** @throws KeyMissing when the row's key is not in this process's ring (rule 14: 503) */
    issue(purpose: OpaquePurpose, parts: OpaqueParts, salt: Salt): string {
      const { inner, outer } = keysFor(locks[purpose], parts.keyId)
      const token = Buffer.alloc(tokenLength)
      writeHead(token, parts)
      innerMac(inner, purpose, token.subarray(0, innerOffset), saltBytes(salt)).copy(
        token,
        innerOffset,
      )
      outerMac(outer, purpose, token.subarray(0, outerOffset)).copy(token, outerOffset)
      return prefixes[purpose] + token.toString('base64url')
    },

    open(purpose: OpaquePurpose, text: string): OpenResult {
      const token = tokenBytes(purpose, text)
      if (token === undefined) return forged
      const keyId = keyIdAt(token, keyIdOffset)
      const standing = ring.standing(keyId)
      switch (standing) {
        case 'unlisted':
          return forged
        case 'missing':
          return { kind: 'key-missing', keyId }
        case 'held':
          return opened(purpose, token, keyId, keysFor(locks[purpose], keyId).outer)
        default:
          return standing satisfies never
      }
    },

    verify(token: OpenedToken, salt: Salt): boolean {
      const inner = locks[token.purpose].inner.get(token.keyId)
      if (inner === undefined || token.innerMac.length !== macLength) return false
      const head = Buffer.alloc(innerOffset)
      writeHead(head, token)
      return timingSafeEqual(innerMac(inner, token.purpose, head, saltBytes(salt)), token.innerMac)
    },

    currentKeyId(): KeyId {
      return ring.current(clock.now())
    },

    isRetired(keyId: KeyId): boolean {
      return ring.standing(keyId) === 'unlisted'
    },
  }
}

function locksOf(ring: KeyRing, purpose: OpaquePurpose): Locks {
  return {
    inner: ring.subkeys(`opaque/${purpose}/inner`),
    outer: ring.subkeys(`opaque/${purpose}/outer`),
  }
}

function keysFor(
  locks: Locks,
  keyId: KeyId,
): { readonly inner: KeyObject; readonly outer: KeyObject } {
  const inner = locks.inner.get(keyId)
  const outer = locks.outer.get(keyId)
  if (inner === undefined || outer === undefined) throw new KeyMissing(keyId)
  return { inner, outer }
}

function tokenBytes(purpose: OpaquePurpose, text: string): Buffer | undefined {
  const prefix = prefixes[purpose]
  // 57 bytes are exactly 76 characters: there is no padding and there are no stray bits.
  if (text.length !== prefix.length + 76 || !text.startsWith(prefix)) return undefined
  const token = decodeBase64url(text.slice(prefix.length))
  return token?.[0] === version ? token : undefined
}

function opened(purpose: OpaquePurpose, token: Buffer, keyId: KeyId, outer: KeyObject): OpenResult {
  const expected = outerMac(outer, purpose, token.subarray(0, outerOffset))
  if (!timingSafeEqual(expected, token.subarray(outerOffset))) return forged
  const sid = readSid(token)
  if (sid === undefined) return forged
  const generation = token.readUInt32BE(generationOffset)
  const innerMac = token.subarray(innerOffset, outerOffset)
  return { kind: 'opened', token: { purpose, sid, generation, keyId, innerMac } }
}

function innerMac(key: KeyObject, purpose: OpaquePurpose, head: Buffer, salt: Buffer): Buffer {
  return mac(key, frame(purpose, head, salt))
}

function outerMac(key: KeyObject, purpose: OpaquePurpose, headAndInner: Buffer): Buffer {
  return mac(key, frame(purpose, headAndInner))
}

/** 128 bits are enough against forgery (NIST SP 800-107, section 5.3.3) and keep the cookie short. */
function mac(key: KeyObject, input: Buffer): Buffer {
  return createHmac('sha256', key).update(input).digest().subarray(0, macLength)
}

function writeHead(target: Buffer, parts: OpaqueParts): void {
  const { generation } = parts
  if (!Number.isInteger(generation) || generation < 0 || generation > generationMax) {
    throw new RangeError(`a token's generation is a whole number of 32 bits: ${generation}`)
  }
  target[0] = version
  target.write(parts.keyId, keyIdOffset, 'base64url')
  target.write(parts.sid.replaceAll('-', ''), sidOffset, 'hex')
  target.writeUInt32BE(generation, generationOffset)
}

function readSid(token: Buffer): SessionId | undefined {
  const hex = token.toString('hex', sidOffset, generationOffset)
  const groups = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)]
  return parseSessionId(`${groups.join('-')}-${hex.slice(20)}`)
}

/** @throws Error: a row with a salt of another length is damaged, and nothing may be decided on it */
function saltBytes(salt: Salt): Buffer {
  const bytes = decodeBase64url(salt)
  if (bytes === undefined || bytes.length !== saltLength) {
    throw new Error('the session row is damaged: its salt is not 16 bytes in base64url')
  }
  return bytes
}
