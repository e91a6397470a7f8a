/*
 * What a provider handed out for a session goes back to it once the session has ended (RFC 7009): an effect
 * of the end, carried out by whichever replica leases its row. The tokens stay sealed in the ended row;
 * those that a refresh brought back for a session that had ended meanwhile travel, sealed, in the effect.
 */
import { type EndReason, type ProviderLink, reason, type SessionId } from '#domain'
import type { Delivery, EffectStore, LeasedEffect } from './effect-ports.ts'
import type {
  ProviderGrants,
  ProviderSessionStore,
  ProviderTokens,
  TokenSeal,
} from './provider-ports.ts'
import { openTokens, sealTokens } from './provider-tokens.ts'

export interface RevocationDeps {
  readonly store: Pick<ProviderSessionStore, 'countOfSubject'>
  readonly seal: TokenSeal
  readonly grants: Pick<ProviderGrants, 'rules' | 'revokeAtProvider'>
  readonly signals: RevocationSignals
}

export interface RevocationSignals {
  revoked(providerId: string, result: 'revoked' | 'unsupported' | 'failed' | 'siblings'): void
}

type Owner = Pick<ProviderLink, 'issuer' | 'subject' | 'providerSid'>

/** What goes back, and whose it was. */
interface HandedBack {
  readonly owner: Owner
  readonly reason: EndReason
  readonly sealed: string
}

/** Writes down that tokens of an ended session are to be revoked; nothing that can be read. */
export function writeDown(
  deps: { readonly store: Pick<EffectStore, 'addEffect'>; readonly seal: TokenSeal },
  late: {
    readonly sid: SessionId
    readonly link: Owner & Pick<ProviderLink, 'providerId'>
    readonly reason: EndReason
    readonly tokens: ProviderTokens
  },
): Promise<void> {
  const { sid, link, reason: ended, tokens } = late
  const { issuer, subject, providerSid, providerId } = link
  const sealed = sealTokens(deps.seal, sid, tokens)
  const handed: HandedBack = { owner: { issuer, subject, providerSid }, reason: ended, sealed }
  const payload = JSON.stringify(handed)
  return deps.store.addEffect({ sid, kind: 'provider_revocation', target: providerId, payload })
}

/**
 * One attempt. Where a revocation takes back more than this session's tokens it is left out while another
 * session lives by them (rule 22), judged now: the last of them sets off one of its own.
 *
 * @throws StoreUnavailable
 */
export async function handBack(deps: RevocationDeps, effect: LeasedEffect): Promise<Delivery> {
  const handed = handedBack(effect)
  if (handed === undefined) return { kind: 'refused', why: 'the session is not kept any more' }
  const opened = openTokens(deps.seal, effect.sid, handed.sealed)
  if (opened.kind === 'key-missing') return failed('sealed by a secret that this replica lacks')
  if (opened.kind === 'unreadable') return { kind: 'refused', why: 'the tokens cannot be unsealed' }
  const providerId = effect.target
  if (await hasSiblings(deps, providerId, handed)) {
    deps.signals.revoked(providerId, 'siblings')
    return { kind: 'done' }
  }
  const result = await deps.grants.revokeAtProvider({ providerId, tokens: opened.tokens })
  deps.signals.revoked(providerId, result.kind)
  return result.kind === 'failed' ? result : { kind: 'done' }
}

function failed(why: string): Delivery {
  return { kind: 'failed', why, retryAfterMs: null }
}

function handedBack({ payload, session }: LeasedEffect): HandedBack | undefined {
  if (payload !== null) return JSON.parse(payload) as HandedBack
  if (session?.kind !== 'ended' || session.provider === null) return undefined
  const { provider, end } = session
  return { owner: provider, reason: end.reason, sealed: provider.sealedTokens }
}

/**
 * Everywhere, sign-ins within one session at the provider may be one grant: Keycloak keeps one for each
 * client, and revoking any of its refresh tokens ends it. Where the provider does not name its session,
 * whoever signed in again in the same browser (`superseded`) counts as being within the old one.
 */
async function hasSiblings(
  { store, grants }: RevocationDeps,
  providerId: string,
  { owner, reason: ended }: HandedBack,
): Promise<boolean> {
  const { issuer, subject, providerSid } = owner
  const wholeGrant = grants.rules(providerId)?.revocation === 'grant'
  if (!wholeGrant && providerSid !== null) {
    return (await store.countOfSubject(issuer, subject, providerSid)) > 0
  }
  if (!wholeGrant && ended !== reason('superseded')) return false
  return (await store.countOfSubject(issuer, subject)) > 0
}
