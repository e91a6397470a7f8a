import type {
  Command,
  JoinCommand,
  MintCommand,
  RegrantCommand,
  RenameCommand,
  TouchCommand,
} from './commands.ts'
import type { KeyId } from './ids.ts'
import { enter, mint, used } from './minting.ts'
import { ends, moved, type Outcome, refused, unchanged } from './outcome.ts'
import { isJoinable } from './placement.ts'
import {
  providerFault,
  providerRefused,
  regranted,
  storeProviderTokens,
  takeLease,
} from './provider.ts'
import { reason } from './reasons.ts'
import { refresh } from './refresh.ts'
import { isExpired, type LiveSession, type Session, type SessionTokenState } from './session.ts'
import { addMs, type Instant, toInstant } from './time.ts'

/**
 * The one place where a session changes. Nothing leads out of `ended`; a live row past its time can
 * only end. `now` is the store's clock. Only starting a session is elsewhere: placement.ts.
 */
export function transition(session: Session, command: Command, now: Instant): Outcome {
  if (session.kind === 'ended') return refused({ why: 'ended', end: session.end })
  if (isExpired(session, now)) {
    return ends({ reason: reason('expired'), by: null, guard: 'expired' })
  }
  return change(session, command, now)
}

function change(session: LiveSession, command: Command, now: Instant): Outcome {
  switch (command.kind) {
    case 'refresh':
      return refresh(session, command, now)
    case 'mint':
      return mintAgain(session, command, now)
    case 'join':
      return join(session, command, now)
    case 'end':
      return ends({ reason: command.reason, by: command.by, guard: 'live' })
    case 'expire':
      return unchanged(session)
    case 'touch':
      return touch(session, command, now)
    case 'rename':
      return rename(session, command)
    case 'regrant':
      return regrant(session, command)
    case 'take-lease':
      return takeLease(session, command, now)
    case 'store-provider-tokens':
      return storeProviderTokens(session, command, now)
    case 'provider-fault':
      return providerFault(session, command)
    case 'provider-refused':
      return providerRefused(session, command)
    default:
      return command satisfies never
  }
}

function mintAgain(session: LiveSession, command: MintCommand, now: Instant): Outcome {
  const { newest } = session.access
  const reusable =
    command.reuseAboveMs > 0 &&
    newest !== null &&
    newest.grantsVersion === session.grants.version &&
    newest.keyId === command.mint.keyId &&
    toInstant(newest.exp) - now > command.reuseAboveMs
  if (reusable) return unchanged(session)
  const active = used(session, now, command.idleTtlMs)
  const access = enter(session.access, mint(active, command.mint, now))
  return moved({ ...active, access })
}

function join(session: LiveSession, command: JoinCommand, now: Instant): Outcome {
  if (!isJoinable(session, command.joiner)) return refused({ why: 'not-joinable' })
  const active = used(session, now, command.idleTtlMs)
  return moved({
    ...active,
    access: enter(session.access, mint(active, command.mint, now)),
    sessionToken: renewed(session.sessionToken, command.renewSessionToken),
  })
}

function renewed(token: SessionTokenState, keyId: KeyId | null): SessionTokenState {
  return keyId === null ? token : { generation: token.generation + 1, keyId }
}

function touch(session: LiveSession, command: TouchCommand, now: Instant): Outcome {
  if (now < addMs(session.life.lastSeenAt, command.everyMs)) return unchanged(session)
  return moved(used(session, now, command.idleTtlMs))
}

function rename(session: LiveSession, command: RenameCommand): Outcome {
  if (session.profile.deviceName === command.deviceName) return unchanged(session)
  return moved({ ...session, profile: { ...session.profile, deviceName: command.deviceName } })
}

function regrant(session: LiveSession, command: RegrantCommand): Outcome {
  const grants = regranted(session.grants, command)
  const { provider } = session
  const { verifiedEmail = provider?.verifiedEmail } = command
  const same = provider === null || verifiedEmail === provider.verifiedEmail
  if (same || verifiedEmail === undefined) {
    return grants === session.grants ? unchanged(session) : moved({ ...session, grants })
  }
  return moved({ ...session, grants, provider: { ...provider, verifiedEmail } })
}
