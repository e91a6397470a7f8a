import type { MintOrder } from './commands.ts'
import type { AccessLedger, Life, LiveSession, MintedAccess } from './session.ts'
import { addMs, type EpochSeconds, type Instant, later, toSeconds } from './time.ts'

/** The token that an order gives now. Its expiry never passes the session's absolute one (rule 4). */
export function mint(session: LiveSession, order: MintOrder, now: Instant): MintedAccess {
  const iat = toSeconds(now)
  const limit = toSeconds(session.origin.absoluteExpiresAt)
  const exp = Math.min(iat + order.ttlSeconds, limit) as EpochSeconds
  return { jti: order.jti, iat, exp, keyId: order.keyId, grantsVersion: session.grants.version }
}

/** The ledger after a mint: the newest token, and an expiry that only ever rises. */
export function enter(ledger: AccessLedger, minted: MintedAccess): AccessLedger {
  const latestExp = minted.exp > ledger.latestExp ? minted.exp : ledger.latestExp
  return { newest: minted, latestExp }
}

/** Use moves both times forward, never back: a late writer must not shorten the session. */
export function use(life: Life, now: Instant, idleTtlMs: number): Life {
  return {
    lastSeenAt: later(life.lastSeenAt, now),
    idleExpiresAt: later(life.idleExpiresAt, addMs(now, idleTtlMs)),
  }
}
