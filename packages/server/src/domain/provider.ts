import type {
  ProviderFaultCommand,
  ProviderRefusedCommand,
  StoreProviderTokensCommand,
  TakeLeaseCommand,
} from './commands.ts'
import { used } from './minting.ts'
import { ends, moved, type Outcome, refused, unchanged } from './outcome.ts'
import { reason } from './reasons.ts'
import type { Grants, LiveSession, ProviderLink } from './session.ts'
import { addMs, type Instant } from './time.ts'

/*
 * The lease on a provider's refresh token (rule 21). Its modes, by the columns of the row:
 *   idle       lease null, attemptedAt null
 *   sending    lease until t, attemptedAt set                            take-lease
 *   abandoned  lease run out, attemptedAt still set: undecided           take-lease -> sending, undecided
 *   lost       refreshLost: nobody asks again                            provider-refused when undecided
 *              until the late tokens of an outlived sender arrive        store-provider-tokens -> idle
 * A definite answer (tokens, a fault of the provider, a refusal) leads back to idle or ends the session.
 */

export function takeLease(session: LiveSession, command: TakeLeaseCommand, now: Instant): Outcome {
  const { provider } = session
  if (provider === null || provider.refreshLost) return refused({ why: 'no-provider-token' })
  if (provider.tokensVersion !== command.sent) return refused({ why: 'outdated' })
  if (provider.lease !== null && now < provider.lease.until) return refused({ why: 'leased' })
  if (provider.retryAt !== null && now < provider.retryAt) return refused({ why: 'backing-off' })
  return withProvider(session, {
    ...provider,
    lease: { owner: command.owner, until: addMs(now, command.leaseMs) },
    undecided: provider.undecided || provider.attemptedAt !== null,
    attemptedAt: now,
  })
}

export function storeProviderTokens(
  session: LiveSession,
  command: StoreProviderTokensCommand,
  now: Instant,
): Outcome {
  const { provider } = session
  if (provider === null) return refused({ why: 'no-provider-token' })
  if (provider.tokensVersion !== command.sent) return unchanged(session)
  const told = command.grants?.verifiedEmail
  return moved({
    ...used(session, now, command.idleTtlMs),
    grants: regranted(session.grants, command.grants),
    provider: {
      ...settled(provider),
      verifiedEmail: told === undefined ? provider.verifiedEmail : told,
      refreshLost: false,
      sealedTokens: command.sealedTokens,
      tokensVersion: provider.tokensVersion + 1,
      tokensExpireAt: command.tokensExpireAt,
      refreshTokenIssuedAt: command.rotated ? now : provider.refreshTokenIssuedAt,
    },
  })
}

export function providerFault(session: LiveSession, command: ProviderFaultCommand): Outcome {
  const { provider } = session
  if (provider === null || provider.tokensVersion !== command.sent) return unchanged(session)
  if (provider.lease?.owner !== command.owner) return unchanged(session)
  const idle = settled(provider)
  return withProvider(session, { ...idle, undecided: provider.undecided, retryAt: command.retryAt })
}

export function providerRefused(session: LiveSession, command: ProviderRefusedCommand): Outcome {
  const { provider } = session
  if (provider === null || provider.tokensVersion !== command.sent) return unchanged(session)
  // A refusal that comes after a loss says nothing new: the tokens may still be on their way.
  if (provider.refreshLost) return unchanged(session)
  if (provider.undecided) return withProvider(session, { ...settled(provider), refreshLost: true })
  return ends({ reason: reason('idpRefused'), by: null, guard: 'live' })
}

/** A new grants object, with a new version, only when something differs. */
export function regranted(
  grants: Grants,
  change:
    | {
        readonly roles?: Grants['roles'] | undefined
        readonly claims?: Grants['claims'] | undefined
      }
    | undefined,
): Grants {
  const roles = change?.roles ?? grants.roles
  const claims = change?.claims ?? grants.claims
  const same = JSON.stringify([roles, claims]) === JSON.stringify([grants.roles, grants.claims])
  return same ? grants : { ...grants, version: grants.version + 1, roles, claims }
}

function settled(provider: ProviderLink): ProviderLink {
  return { ...provider, lease: null, attemptedAt: null, undecided: false, retryAt: null }
}

function withProvider(session: LiveSession, provider: ProviderLink): Outcome {
  return moved({ ...session, provider })
}
