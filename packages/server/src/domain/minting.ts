import type { MintOrder } from './commands.ts'
import { type AccessLedger, expiresAt, type LiveSession, type MintedAccess } from './session.ts'
import { addMs, type EpochSeconds, type Instant, later, toSeconds } from './time.ts'

/**
 * The token that an order gives now. Its expiry never passes the session's (rule 4), as that stands with
 * this mint, which is a use.
 */
export function mint(session: LiveSession, order: MintOrder, now: Instant): MintedAccess {
  const iat = toSeconds(now)
  const exp = Math.min(iat + order.ttlSeconds, toSeconds(expiresAt(session))) as EpochSeconds
  return { jti: order.jti, iat, exp, keyId: order.keyId, grantsVersion: session.grants.version }
}

/** The ledger after a mint: the newest token, and an expiry that only ever rises. */
export function enter(ledger: AccessLedger, minted: MintedAccess): AccessLedger {
  const latestExp = minted.exp > ledger.latestExp ? minted.exp : ledger.latestExp
  return { newest: minted, latestExp }
}

/** Use moves both times forward, never back: a late writer must not shorten the session. */
export function used(session: LiveSession, now: Instant, idleTtlMs: number): LiveSession {
  const { lastSeenAt, idleExpiresAt } = session.life
  const life = {
    lastSeenAt: later(lastSeenAt, now),
    idleExpiresAt: later(idleExpiresAt, addMs(now, idleTtlMs)),
  }
  return { ...session, life }
}
