/* Sessions for the store alone: what the authority would hand to it, without the authority. */

import type { StartRequest } from '../../../packages/server/src/authority/index.ts'
import {
  addMs,
  type ClientId,
  epochSeconds,
  type Instant,
  instant,
  type KeyId,
  type LiveSession,
  mint,
  type RefreshCommand,
  transition,
  type Uid,
} from '../../../packages/server/src/domain/index.ts'
import { random } from '../tokens/keys.ts'

const clientId = 'mobile' as ClientId
const refreshKeyId = 'Zm9vYg' as KeyId
const signingKid = 'k6mVqC0y1F3oZ2xQb7sWcR9tN4uJhLpDaEgXiKvYfMA'
const accessTtlSeconds = 300
const dayMs = 86_400_000
const idleTtlMs = 7 * dayMs
const policy = { policy: 'multiple', limit: 20 } as const
const seen = { ip: '192.0.2.7', userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0)' }

export function now(): Instant {
  return instant(Date.now())
}

/** A sign-in of a user that nobody has seen before. */
export function startRequest(uid: string, fence: number): StartRequest {
  const joiner = { clientId, providerId: null, roles: ['pilot'], acr: null }
  const applicant = { deviceId: null, mayJoin: true, joiner }
  return { candidate: newSession(uid as Uid), applicant, policy, fence, voucher: null }
}

function newSession(uid: Uid): LiveSession {
  const at = now()
  const bare: LiveSession = {
    kind: 'live',
    version: 1,
    origin: originOf(uid, at),
    profile: { deviceName: 'a laptop', ...seen },
    life: { lastSeenAt: at, idleExpiresAt: addMs(at, idleTtlMs) },
    grants: { version: 1, roles: ['pilot'], claims: {}, scope: 'openid profile email' },
    rotation: null,
    access: { newest: null, latestExp: epochSeconds(0) },
    sessionToken: { generation: 1, keyId: refreshKeyId },
    provider: null,
  }
  const minted = mint(bare, mintOrder(), at)
  return {
    ...bare,
    access: { newest: minted, latestExp: minted.exp },
    rotation: {
      generation: 1,
      rotatedAt: at,
      keyId: refreshKeyId,
      dpopThumbprint: null,
      minted,
    },
  }
}

function originOf(uid: Uid, at: Instant): LiveSession['origin'] {
  return {
    sid: random.sessionId(at),
    uid,
    clientId,
    device: 'web',
    deviceId: null,
    slot: null,
    parentSid: null,
    createdAt: at,
    absoluteExpiresAt: addMs(at, 30 * dayMs),
    authTime: epochSeconds(Math.floor(at / 1000)),
    amr: null,
    acr: null,
    salt: random.salt(),
  }
}

function mintOrder() {
  return { jti: random.tokenId(), ttlSeconds: accessTtlSeconds, keyId: signingKid }
}

/** What a refresh makes of the session: the domain's own decision. */
export function refreshed(session: LiveSession): LiveSession {
  const command: RefreshCommand = {
    kind: 'refresh',
    presented: session.rotation?.generation ?? 0,
    sender: { clientId, dpopThumbprint: null },
    mint: mintOrder(),
    refreshKeyId,
    refreshTtlMs: 30 * dayMs,
    idleTtlMs,
    grace: { refreshGraceMs: 30_000, lostResponseMs: 0, regainedAt: instant(0) },
    seen,
  }
  const outcome = transition(session, command, now())
  if (outcome.kind !== 'moved') throw new Error(`a refresh of a good session is ${outcome.kind}`)
  return outcome.next
}
