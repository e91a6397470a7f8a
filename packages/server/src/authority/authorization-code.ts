/*
 * Authorization codes (RFC 6749, section 4.1; rule 33): a provider's answer is kept under one, until the
 * client that asked for it brings it with the proof that it asked.
 *
 *   issued -> used, by the start of its session -> that session ends, when it is used once more
 *          -> run out
 */
import { type ClientId, reason, Secret, type SessionId, type Uid } from '#domain'
import { endFor } from './apply.ts'
import type { StoredCode } from './code-ports.ts'
import { KeyMissing } from './key-missing.ts'
import { type ClientRules, rulesOf } from './policy.ts'
import type { Rooms } from './rooms.ts'
import { linkTo, type ProviderIdentity } from './sign-in.ts'
import { type StartedByVoucher, startByVoucher } from './start.ts'
import { type TokenSet, type TokenSetOrder, type TokenWish, tokenSet } from './token-set.ts'
import type { CodeHash } from './voucher.ts'

const codeTtlMs = 60_000

/** What a client asked for at the authorization endpoint, checked there. */
export interface AuthorizationRequest {
  readonly clientId: ClientId
  /** As it came: the loopback port may be any. */
  readonly redirectUri: string
  /** PKCE, S256. */
  readonly challenge: string
  readonly scope: string
  /** RFC 8707; empty: the whole configured audience. */
  readonly resources: readonly string[]
  readonly state: string | null
  readonly nonce: string | null
  /** `dpop_jkt` (RFC 9449, section 10). */
  readonly dpopThumbprint: string | null
  /** Of the `id_token_hint`: nobody else will do. */
  readonly expectedUid: Uid | null
}

export interface CodeOrder {
  readonly request: AuthorizationRequest
  readonly identity: ProviderIdentity
  /** The global fence, captured when the authorization request came (rule 1). */
  readonly fence: number
  readonly ip: string | null
  readonly userAgent: string | null
}

export type CodeAnswer =
  | { readonly kind: 'issued'; readonly code: string }
  | { readonly kind: 'user-disabled' }
  /** Somebody else than the hint said has signed in. */
  | { readonly kind: 'other-user' }

/** @throws StoreUnavailable */
export async function issueCode(rooms: Rooms, order: CodeOrder): Promise<CodeAnswer> {
  const { request, identity } = order
  const { expectedUid } = request
  if (expectedUid !== null && expectedUid !== identity.uid) return { kind: 'other-user' }
  const user = await rooms.store.user(identity.uid)
  if (user.disabledAt !== null) return { kind: 'user-disabled' }
  const { code, hash } = rooms.codes.fresh()
  const { clientId, redirectUri, challenge, dpopThumbprint } = request
  const sealed = rooms.seal.seal('authorization', ['code', hash], written(order))
  const bound = { clientId, redirectUri, challenge, dpopThumbprint }
  await rooms.store.addCode({ hash, ...bound, sealed, ttlMs: codeTtlMs })
  return { kind: 'issued', code }
}

export interface RedeemInput {
  readonly client: ClientRules
  readonly code: string
  readonly redirectUri: string
  readonly verifier: string
  readonly dpopThumbprint: string | null
  readonly wish: TokenWish
}

export type RedeemAnswer =
  | { readonly kind: 'redeemed'; readonly tokens: TokenSet }
  /** Nothing says why: it would tell a thief how far he has come. */
  | { readonly kind: 'refused' }
  /** It was used before; the session that it started has ended. */
  | { readonly kind: 'reused' }
  /** A `resource` that the authorization request did not name. */
  | { readonly kind: 'other-target' }
  /** The person was signed out everywhere since, is disabled, or was signed out at the provider. */
  | { readonly kind: 'overtaken' }

/**
 * `grant_type=authorization_code`. Whoever lacks the verifier, or is another client, uses nothing up; the
 * right one that comes twice ends what it started, also when both come at the same moment.
 *
 * @throws StoreUnavailable, KeyMissing
 */
export async function redeemCode(rooms: Rooms, input: RedeemInput): Promise<RedeemAnswer> {
  const hash = rooms.codes.hashOf(input.code)
  const stored = hash && (await rooms.store.code(hash))
  if (stored === undefined || !isProven(rooms, stored, input)) return { kind: 'refused' }
  if (stored.sid !== null) return reused(rooms, stored.sid)
  if (stored.expired || stored.sealed === null) return { kind: 'refused' }
  const order = opened(rooms, stored.hash, stored.sealed)
  if (order === undefined) return { kind: 'refused' }
  const resources = resourcesOf(order.resources, input.wish.resources)
  if (resources === undefined) return { kind: 'other-target' }
  const started = await startFrom(rooms, { stored, order, input })
  switch (started.kind) {
    case 'started':
    case 'joined':
      return redeemed(rooms, started, {
        wish: { ...input.wish, resources },
        nonce: order.nonce,
        dpopThumbprint: input.dpopThumbprint,
      })
    case 'voucher-refused':
      return started.sid === null ? { kind: 'refused' } : reused(rooms, started.sid)
    default:
      return { kind: 'overtaken' }
  }
}

function isProven(rooms: Rooms, stored: StoredCode, input: RedeemInput): boolean {
  const { clientId, redirectUri, challenge, dpopThumbprint } = stored
  return (
    clientId === input.client.id &&
    redirectUri === input.redirectUri &&
    (dpopThumbprint === null || dpopThumbprint === input.dpopThumbprint) &&
    rooms.codes.proves(input.verifier, challenge)
  )
}

/** RFC 6749, section 4.1.2, and rule 33: two have the code and its verifier, and one of them stole both. */
async function reused(rooms: Rooms, sid: SessionId): Promise<RedeemAnswer> {
  await endFor(rooms, sid, { reason: reason('refreshReuse'), by: null, guard: 'live' })
  return { kind: 'reused' }
}

/** RFC 8707, section 2.2: never more than the authorization request named. */
function resourcesOf(
  granted: readonly string[],
  asked: readonly string[],
): readonly string[] | undefined {
  if (granted.length === 0) return asked
  if (asked.length === 0) return granted
  return asked.every((one) => granted.includes(one)) ? asked : undefined
}

interface Redeeming {
  readonly stored: StoredCode
  readonly order: OpenedOrder
  readonly input: RedeemInput
}

function startFrom(rooms: Rooms, { stored, order, input }: Redeeming): Promise<StartedByVoucher> {
  const { client } = input
  const { identity, scope, fence, ip, userAgent } = order
  const { uid, roles, claims, acr, amr, authTime } = identity
  const { device } = client
  const person = { uid, roles, claims, acr, amr, authTime }
  const place = { clientId: client.id, device, deviceId: null, deviceName: null, ip, userAgent }
  const rules = rulesOf(rooms.policy, device)
  const refreshable = client.grants.includes('refresh_token')
  const tokenOnly = !refreshable
  const provider = linkTo(rooms.seal, identity, rules)
  const voucher = { kind: 'code', code: stored.hash } as const
  const { dpopThumbprint } = input
  const how = {
    scope,
    fence,
    mayJoin: false,
    refreshable,
    tokenOnly,
    dpopThumbprint,
    provider,
    voucher,
  }
  return startByVoucher(rooms, { ...person, ...place, ...how }, rules)
}

function redeemed(
  rooms: Rooms,
  { session, now }: Extract<StartedByVoucher, { kind: 'started' | 'joined' }>,
  asked: Pick<TokenSetOrder, 'wish' | 'nonce' | 'dpopThumbprint'>,
): RedeemAnswer {
  const minted = session.access.newest
  if (minted === null) throw new Error('a started session has no access token')
  const order = { ...asked, session, minted, now, refreshToken: true, sessionToken: false }
  return { kind: 'redeemed', tokens: tokenSet(rooms, order) }
}

interface OpenedOrder extends Pick<AuthorizationRequest, 'scope' | 'resources' | 'nonce'> {
  readonly identity: ProviderIdentity
  readonly fence: number
  readonly ip: string | null
  readonly userAgent: string | null
}

/** As JSON; the provider's tokens are sealed with the rest. */
function written({ request, identity, fence, ip, userAgent }: CodeOrder): Secret {
  const { scope, resources, nonce } = request
  const { accessToken, idToken, refreshToken } = identity.tokens
  const tokens = {
    accessToken: accessToken?.reveal() ?? null,
    idToken: idToken?.reveal() ?? null,
    refreshToken: refreshToken?.reveal() ?? null,
  }
  const kept = { scope, resources, nonce, fence, ip, userAgent, identity: { ...identity, tokens } }
  return new Secret(JSON.stringify(kept))
}

/** Undefined: damaged, or of another row. @throws KeyMissing */
function opened(rooms: Rooms, hash: CodeHash, sealed: string): OpenedOrder | undefined {
  const result = rooms.seal.unseal('authorization', ['code', hash], sealed)
  if (result.kind === 'key-missing') {
    rooms.signals.alarm({ kind: 'key-missing', keyId: result.keyId })
    throw new KeyMissing(result.keyId)
  }
  if (result.kind === 'unreadable') return undefined
  // What is sealed is ours.
  const kept = JSON.parse(result.plaintext.reveal()) as Omit<OpenedOrder, 'identity'> & {
    readonly identity: WrittenIdentity
  }
  const { accessToken, idToken, refreshToken } = kept.identity.tokens
  const tokens = {
    accessToken: secretOr(accessToken),
    idToken: secretOr(idToken),
    refreshToken: secretOr(refreshToken),
  }
  return { ...kept, identity: { ...kept.identity, tokens } }
}

interface WrittenIdentity extends Omit<ProviderIdentity, 'tokens'> {
  readonly tokens: Readonly<Record<keyof ProviderIdentity['tokens'], string | null>>
}

function secretOr(text: string | null): Secret | null {
  return text === null ? null : new Secret(text)
}
