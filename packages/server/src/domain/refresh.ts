import type { Grace, RefreshCommand, Seen, Sender } from './commands.ts'
import { enter, mint, used } from './minting.ts'
import { ends, moved, type Outcome, refused, unchanged } from './outcome.ts'
import { reason } from './reasons.ts'
import type { LiveSession, Profile, Rotation } from './session.ts'
import { addMs, type Instant, later, toInstant } from './time.ts'

/**
 * Rotation of our refresh token. With `n` the row's generation and `p` the presented one:
 * - p > n: never issued. Refused, ends nothing (rule 3);
 * - p = n: the token itself. Rotates to n + 1;
 * - p = n - 1: a repeat, whose successor is still unused. Answered with that successor within the
 *   grace or the class's lost-response time, to the same sender only (rule 10); otherwise reuse;
 * - p < n - 1: reuse, because the successor was used. The session ends (RFC 9700, section 4.14.2).
 */
export function refresh(session: LiveSession, command: RefreshCommand, now: Instant): Outcome {
  const { rotation } = session
  if (rotation === null) return refused({ why: 'no-refresh-token' })
  const behind = rotation.generation - command.presented
  if (behind < 0) return refused({ why: 'not-issued' })
  if (behind > 1) return reused()
  const same = sameSender(session, rotation, command.sender)
  if (behind === 1) {
    const repeat = same && now < repeatUntil(rotation, command.grace)
    return repeat ? repeated(session, rotation, command, now) : reused()
  }
  if (!same) return refused({ why: 'wrong-client' })
  const expiresAt = addMs(rotation.rotatedAt, command.refreshTtlMs)
  if (now >= expiresAt) return refused({ why: 'refresh-token-expired' })
  return moved(rotate(session, rotation, command, now), expiresAt)
}

/**
 * The same successor, and the access token of its rotation. When that token has run out, as it may
 * within a long lost-response time, a new one is minted; the generation and its time stay.
 */
function repeated(
  session: LiveSession,
  rotation: Rotation,
  command: RefreshCommand,
  now: Instant,
): Outcome {
  if (now < toInstant(rotation.minted.exp)) return unchanged(session)
  const active = used(session, now, command.idleTtlMs)
  const minted = mint(active, command.mint, now)
  const next = {
    ...active,
    access: enter(session.access, minted),
    rotation: { ...rotation, minted },
  }
  return moved(next, repeatUntil(rotation, command.grace))
}

function reused(): Outcome {
  return ends({ reason: reason('refreshReuse'), by: null, guard: 'live' })
}

function sameSender(session: LiveSession, rotation: Rotation, sender: Sender): boolean {
  const bound = rotation.dpopThumbprint
  const sameKey = bound === null || bound === sender.dpopThumbprint
  return sender.clientId === session.origin.clientId && sameKey
}

/** Network loss that this replica shared must not turn a retry into theft: rule 11. */
function repeatUntil(rotation: Rotation, grace: Grace): Instant {
  const graceFrom = later(rotation.rotatedAt, grace.regainedAt)
  return later(
    addMs(graceFrom, grace.refreshGraceMs),
    addMs(rotation.rotatedAt, grace.lostResponseMs),
  )
}

function rotate(
  session: LiveSession,
  rotation: Rotation,
  command: RefreshCommand,
  now: Instant,
): LiveSession {
  const active = used(session, now, command.idleTtlMs)
  const minted = mint(active, command.mint, now)
  return {
    ...active,
    profile: seen(session.profile, command.seen),
    access: enter(session.access, minted),
    rotation: {
      generation: rotation.generation + 1,
      rotatedAt: now,
      keyId: command.refreshKeyId,
      // A session that a backend started is bound by the first proof that comes with it.
      dpopThumbprint: rotation.dpopThumbprint ?? command.sender.dpopThumbprint,
      minted,
    },
  }
}

/** The same object when nothing changed, so that the swap leaves those columns alone. */
function seen(profile: Profile, use: Seen): Profile {
  const ip = use.ip ?? profile.ip
  const userAgent = use.userAgent ?? profile.userAgent
  if (ip === profile.ip && userAgent === profile.userAgent) return profile
  return { ...profile, ip, userAgent }
}
