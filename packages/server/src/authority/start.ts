import {
  type Applicant,
  addMs,
  type Claims,
  type ClientId,
  type EpochSeconds,
  enter,
  type Instant,
  type KeyId,
  type LiveSession,
  mint,
  type Origin,
  type ProviderLink,
  type SessionId,
  slotOf,
  toSeconds,
  type Uid,
} from '#domain'
import { apply } from './apply.ts'
import type { DeviceRules } from './policy.ts'
import { StoreUnavailable } from './ports.ts'
import type { Rooms } from './rooms.ts'
import type { Voucher } from './voucher.ts'

/** A start that was told to join, and found the session ended, starts again; so often at the most. */
const startAttemptsMax = 8

/** What whoever authenticated the user says of the sign-in. */
export interface SignInFacts {
  readonly uid: Uid
  readonly deviceId: string | null
  readonly deviceName: string | null
  readonly ip: string | null
  readonly userAgent: string | null
  readonly authTime: EpochSeconds | null
  readonly amr: readonly string[] | null
  readonly acr: string | null
  readonly roles: readonly string[]
  readonly claims: Claims
  /** The global fence when the sign-in began (rule 1); null: it begins now. */
  readonly fence: number | null
}

/** A sign-in that was authenticated elsewhere: whoever calls `start` vouches for it. */
export interface SignIn extends SignInFacts {
  readonly clientId: ClientId
  readonly device: string
  readonly scope: string
  /** False: a live session of a `shared` class is superseded, not joined. */
  readonly mayJoin: boolean
  /** Does the session have a refresh token? A client's own has none. */
  readonly refreshable: boolean
  /** Its access token is all that its client holds: the session ends with that, and takes nobody's place after it. */
  readonly tokenOnly?: boolean
  /** The DPoP key that its refresh tokens are bound to (RFC 7638); null: none yet. */
  readonly dpopThumbprint: string | null
  /** When a provider said who it is: nothing from before the last sign-out everywhere counts. */
  readonly vouchedAt?: Instant
  /** What the start uses up, in its own transaction. */
  readonly voucher: Voucher | null
  /** The session that approved this one; it never outlives that one's absolute expiry (rule 31). */
  readonly parent?: Pick<Origin, 'sid' | 'absoluteExpiresAt'>
  /** The identity provider's part, for the sid and the instant of the start; its tokens are sealed under the sid. */
  readonly provider?: (sid: SessionId, now: Instant) => ProviderLink
}

export type Started =
  | { readonly kind: 'started' | 'joined'; readonly session: LiveSession; readonly now: Instant }
  | { readonly kind: 'fence-moved' }
  | { readonly kind: 'user-disabled' }

/** Only a session that a provider vouches for can be refused by the provider (rule 23). */
export type StartedByProvider = Started | { readonly kind: 'provider-logged-out' }

export type StartedByVoucher =
  | StartedByProvider
  /** It was used before, and started `sid`; null: it has run out, or that is not remembered. */
  | { readonly kind: 'voucher-refused'; readonly sid: SessionId | null }
  | { readonly kind: 'approver-ended' }

/** @throws StoreUnavailable */
export async function start(
  rooms: Rooms,
  signIn: Omit<SignIn, 'provider' | 'voucher' | 'parent'>,
  rules: DeviceRules,
): Promise<Started> {
  const started = await startByProvider(rooms, signIn, rules)
  if (started.kind !== 'provider-logged-out') return started
  throw new Error('a provider refused the start of a session that it knows nothing of')
}

/** @throws StoreUnavailable */
export async function startByProvider(
  rooms: Rooms,
  signIn: Omit<SignIn, 'voucher' | 'parent'>,
  rules: DeviceRules,
): Promise<StartedByProvider> {
  const started = await startByVoucher(rooms, { ...signIn, voucher: null }, rules)
  if (started.kind !== 'voucher-refused' && started.kind !== 'approver-ended') return started
  throw new Error(`a start without voucher answered ${started.kind}`)
}

/**
 * The one way to start a session; every kind of sign-in ends here.
 *
 * @throws StoreUnavailable
 */
export async function startByVoucher(
  rooms: Rooms,
  signIn: SignIn,
  rules: DeviceRules,
): Promise<StartedByVoucher> {
  const fence = signIn.fence ?? (await rooms.store.fence())
  for (let attempt = 0; attempt < startAttemptsMax; attempt++) {
    const started = await place(rooms, { signIn, rules, fence })
    if (started !== 'again') {
      rooms.signals.started(resultOf(started))
      return started
    }
  }
  throw new StoreUnavailable(new Error(`${startAttemptsMax} joins found their session ended`))
}

function resultOf(started: StartedByVoucher): 'started' | 'joined' | 'refused' {
  return started.kind === 'started' || started.kind === 'joined' ? started.kind : 'refused'
}

interface Placing {
  readonly signIn: SignIn
  readonly rules: DeviceRules
  readonly fence: number
}

async function place(rooms: Rooms, placing: Placing): Promise<StartedByVoucher | 'again'> {
  const { signIn, rules, fence } = placing
  const now = rooms.clock.now()
  const candidate = newSession(rooms, signIn, rules, now)
  const applicant = applicantOf(signIn, candidate.provider?.providerId ?? null)
  const { voucher, vouchedAt } = signIn
  const vouched = vouchedAt === undefined ? {} : { vouchedAt }
  const order = { candidate, applicant, policy: rules.policy, fence, voucher, ...vouched }
  const result = await rooms.store.start(order)
  switch (result.kind) {
    case 'started':
      for (const ended of result.ended) {
        rooms.denylist.deny(ended)
        rooms.cache.drop(ended.sid)
      }
      rooms.cache.put({ session: candidate, asOf: result.asOf, now })
      return { kind: 'started', session: candidate, now }
    case 'join':
      return join(rooms, result.sid, { placing, applicant })
    default:
      return result
  }
}

interface Joining {
  readonly placing: Placing
  readonly applicant: Applicant
}

/**
 * Joining is a swap; if the session ended meanwhile, the start runs again. An end of the user's other
 * sessions spares the joined one and still moves the fence: hence the second look (rule 1).
 */
async function join(
  rooms: Rooms,
  sid: SessionId,
  { placing, applicant }: Joining,
): Promise<Started | 'again'> {
  const applied = await apply(rooms, sid, (session) => ({
    kind: 'join',
    joiner: applicant.joiner,
    mint: mintOrder(rooms, session.origin.clientId, session.origin.device),
    idleTtlMs: placing.rules.idleTtlMs,
    renewSessionToken: renewalOf(rooms, session.sessionToken.keyId),
  }))
  if (applied.kind !== 'moved') return 'again'
  const user = await rooms.store.user(placing.signIn.uid)
  if (user.disabledAt !== null) return { kind: 'user-disabled' }
  if (placing.fence < user.fence) return { kind: 'fence-moved' }
  return { kind: 'joined', session: applied.session, now: applied.now }
}

/** A joiner must not be handed a token of a retired secret. */
function renewalOf(rooms: Rooms, keyId: KeyId): KeyId | null {
  return rooms.opaque.isRetired(keyId) ? rooms.opaque.currentKeyId() : null
}

function applicantOf(signIn: SignIn, providerId: string | null): Applicant {
  const { clientId, roles, acr, deviceId, mayJoin } = signIn
  return { deviceId, mayJoin, joiner: { clientId, providerId, roles, acr } }
}

function mintOrder(rooms: Rooms, clientId: ClientId, device: string) {
  return {
    jti: rooms.random.tokenId(),
    ttlSeconds: rooms.policy.accessTtlSeconds(clientId, device),
    keyId: rooms.access.currentKid(),
  }
}

/** Version 1, with its first access token already in the ledger: the insert is that mint's commit. */
function newSession(rooms: Rooms, signIn: SignIn, rules: DeviceRules, now: Instant): LiveSession {
  const keyId = rooms.opaque.currentKeyId()
  const origin = originOf(rooms, signIn, rules, now)
  const bare: LiveSession = {
    kind: 'live',
    version: 1,
    origin,
    profile: { deviceName: signIn.deviceName, ip: signIn.ip, userAgent: signIn.userAgent },
    life: { lastSeenAt: now, idleExpiresAt: addMs(now, rules.idleTtlMs) },
    grants: { version: 1, roles: signIn.roles, claims: signIn.claims, scope: signIn.scope },
    rotation: null,
    access: { newest: null, latestExp: 0 as EpochSeconds },
    sessionToken: { generation: 1, keyId },
    provider: signIn.provider?.(origin.sid, now) ?? null,
  }
  const minted = mint(bare, mintOrder(rooms, signIn.clientId, signIn.device), now)
  const { dpopThumbprint } = signIn
  const rotation = { generation: 1, rotatedAt: now, keyId, dpopThumbprint, minted }
  return {
    ...bare,
    access: enter(bare.access, minted),
    rotation: signIn.refreshable ? rotation : null,
  }
}

function lastInstant({ parent }: SignIn, own: Instant): Instant {
  return parent !== undefined && parent.absoluteExpiresAt < own ? parent.absoluteExpiresAt : own
}

function ownLastInstant(rooms: Rooms, signIn: SignIn, rules: DeviceRules, now: Instant): Instant {
  const last = addMs(now, rules.absoluteTtlMs)
  if (signIn.tokenOnly !== true) return last
  const seconds = rooms.policy.accessTtlSeconds(signIn.clientId, signIn.device)
  const tokenEnds = ((toSeconds(now) + seconds) * 1000) as Instant
  return tokenEnds < last ? tokenEnds : last
}

function originOf(
  rooms: Rooms,
  signIn: SignIn,
  rules: DeviceRules,
  now: Instant,
): LiveSession['origin'] {
  return {
    sid: rooms.random.sessionId(now),
    uid: signIn.uid,
    clientId: signIn.clientId,
    device: signIn.device,
    deviceId: signIn.deviceId,
    slot: slotOf(rules.policy, signIn.device, signIn.deviceId),
    parentSid: signIn.parent?.sid ?? null,
    createdAt: now,
    absoluteExpiresAt: lastInstant(signIn, ownLastInstant(rooms, signIn, rules, now)),
    authTime: signIn.authTime ?? (Math.floor(now / 1000) as EpochSeconds),
    amr: signIn.amr,
    acr: signIn.acr,
    salt: rooms.random.salt(),
  }
}
