import {
  type DecisionRefusal,
  type DeviceAuthorization,
  type DeviceRefusal,
  type DeviceRequest,
  decisionRefusal,
  type Instant,
  type LiveSession,
  type ProviderLink,
  parseUserCode,
  redeemRefusal,
  type ScanRefusal,
  Secret,
  type SessionId,
  scanRefusal,
} from '#domain'
import { readFresh } from './apply.ts'
import type { DeviceCodes, DeviceStore, WatchedDevice } from './device-ports.ts'
import { type ClientRules, rulesOf } from './policy.ts'
import type { TokenSeal } from './provider-ports.ts'
import { sealTokens } from './provider-tokens.ts'
import type { Rooms } from './rooms.ts'
import { type SignIn, type StartedByVoucher, startByVoucher } from './start.ts'
import { type TokenSet, type TokenWish, tokenSet } from './token-set.ts'

export const deviceCodeGrant = 'urn:ietf:params:oauth:grant-type:device_code'

/** Long enough to fetch a phone; a person who was handed somebody else's code has no longer either. */
export const deviceLifetimeMs = 600_000
/** RFC 8628, section 3.2. */
export const pollIntervalMs = 5000

const drawsMax = 4

export interface DeviceDeps {
  readonly rooms: Rooms
  readonly store: DeviceStore
  readonly codes: DeviceCodes
  readonly seal: TokenSeal
}

export interface DeviceBegun {
  readonly deviceCode: Secret
  /** Canonical; `formatUserCode` shows it. */
  readonly userCode: Secret
  readonly watch: Secret
}

export type ScanAnswer =
  | { readonly kind: 'scanned'; readonly row: DeviceAuthorization }
  | { readonly kind: 'refused'; readonly why: ScanRefusal }

export type DecisionAnswer =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly why: DecisionRefusal }

export interface RedeemInput {
  readonly client: ClientRules
  readonly deviceCode: Secret
  readonly ip: string | null
  readonly userAgent: string | null
  readonly dpopThumbprint: string | null
}

export type RedeemAnswer =
  | { readonly kind: 'redeemed'; readonly tokens: TokenSet; readonly wish: TokenWish }
  | { readonly kind: 'refused'; readonly why: DeviceRefusal }

/** The device authorization grant (RFC 8628). Each may throw StoreUnavailable. */
export interface DeviceAuthority {
  begin(request: DeviceRequest): Promise<DeviceBegun>
  scan(caller: LiveSession, userCode: string): Promise<ScanAnswer>
  decide(
    caller: LiveSession,
    userCode: string,
    decision: 'approved' | 'denied',
  ): Promise<DecisionAnswer>
  redeem(input: RedeemInput): Promise<RedeemAnswer>
  /** By the watch-only token. */
  watched(token: string): Promise<WatchedDevice | undefined>
  standings(ids: readonly string[]): Promise<readonly WatchedDevice[]>
}

export function createDeviceAuthority(deps: DeviceDeps): DeviceAuthority {
  const { store, codes } = deps
  return {
    begin: (request) => begin(deps, request),
    scan: (caller, userCode) => scan(deps, caller, userCode),
    decide: (caller, userCode, decision) => decide(deps, caller, { userCode, decision }),
    redeem: (input) => redeem(deps, input),
    watched: (token) => store.watchedDevice(codes.hashes('watch', new Secret(token))),
    standings: (ids) => store.deviceStandings(ids),
  }
}

async function begin({ store, codes }: DeviceDeps, request: DeviceRequest): Promise<DeviceBegun> {
  for (let draw = 0; draw < drawsMax; draw++) {
    const deviceCode = codes.fresh('device-code')
    const userCode = codes.fresh('user-code')
    const watch = codes.fresh('watch')
    const added = await store.addDevice({
      ...request,
      id: codes.id(),
      deviceCodeHash: codes.hash('device-code', deviceCode),
      userCodeHash: codes.hash('user-code', userCode),
      watchHash: codes.hash('watch', watch),
      lifetimeMs: deviceLifetimeMs,
      intervalMs: pollIntervalMs,
    })
    if (added === 'added') return { deviceCode, userCode, watch }
  }
  throw new Error('fresh codes were all taken: the source of randomness repeats itself')
}

async function scan(
  deps: DeviceDeps,
  { origin: { sid, uid } }: LiveSession,
  userCode: string,
): Promise<ScanAnswer> {
  const hashes = hashesOf(deps, userCode)
  if (hashes === undefined) return { kind: 'refused', why: 'unknown' }
  const { row, moved, now } = await deps.store.scanDevice(hashes, { sid, uid })
  const why = moved ? undefined : scanRefusal(row, sid, now)
  if (why !== undefined) return { kind: 'refused', why }
  if (row === undefined || !isOffered(deps, row)) return { kind: 'refused', why: 'unknown' }
  return { kind: 'scanned', row }
}

interface Decision {
  readonly userCode: string
  readonly decision: 'approved' | 'denied'
}

async function decide(
  deps: DeviceDeps,
  { origin: { sid } }: LiveSession,
  { userCode, decision }: Decision,
): Promise<DecisionAnswer> {
  const hashes = hashesOf(deps, userCode)
  if (hashes === undefined) return { kind: 'refused', why: 'unknown' }
  const { row, moved, now } = await deps.store.decideDevice(hashes, { sid, decision })
  return moved ? { kind: 'done' } : { kind: 'refused', why: decisionRefusal(row, sid, now) }
}

function hashesOf({ codes }: DeviceDeps, userCode: string) {
  const code = parseUserCode(userCode)
  return code === undefined ? undefined : codes.hashes('user-code', new Secret(code))
}

/** A client that lost the grant, or left the configuration, has no codes any more. */
function isOffered({ rooms }: DeviceDeps, { clientId }: DeviceAuthorization): boolean {
  return rooms.policy.client(clientId)?.grants.includes(deviceCodeGrant) === true
}

async function redeem(deps: DeviceDeps, input: RedeemInput): Promise<RedeemAnswer> {
  const hashes = deps.codes.hashes('device-code', input.deviceCode)
  const polled = await deps.store.pollDevice(hashes, input.client.id)
  const why = redeemRefusal(polled.row, polled)
  if (why !== undefined) return { kind: 'refused', why }
  const { row } = polled
  if (row === undefined || row.scanner === null || row.fence === null) {
    return { kind: 'refused', why: 'invalid_grant' }
  }
  const read = await readFresh(deps.rooms, row.scanner.sid)
  // Whoever approved has signed out, or was: the approval went with it.
  if (read?.session.kind !== 'live') return { kind: 'refused', why: 'access_denied' }
  const approval = { row, parent: read.session, fence: row.fence }
  const rules = rulesOf(deps.rooms.policy, input.client.deviceGrantDevice)
  const started = await startByVoucher(deps.rooms, childOf(deps, input, approval), rules)
  return redeemed(deps.rooms, started, { row, dpopThumbprint: input.dpopThumbprint })
}

interface Approval {
  readonly row: DeviceAuthorization
  readonly parent: LiveSession
  readonly fence: number
}

/** The screen's session is the approver's, in everything but the device (rule 31). */
function childOf(
  { seal }: DeviceDeps,
  { client, ip, userAgent, dpopThumbprint }: RedeemInput,
  { row, parent, fence }: Approval,
): SignIn {
  const { uid, authTime, amr, acr, sid } = parent.origin
  const { roles, claims } = parent.grants
  const { provider } = parent
  const person = { uid, authTime, amr, acr, roles, claims }
  const place = { clientId: client.id, device: client.deviceGrantDevice, deviceId: null }
  return {
    ...person,
    ...place,
    ...{ deviceName: null, ip, userAgent, scope: row.scope, fence },
    mayJoin: false,
    refreshable: client.grants.includes('refresh_token'),
    tokenOnly: !client.grants.includes('refresh_token'),
    dpopThumbprint,
    voucher: { kind: 'device-code', id: row.id, clientId: client.id, approver: sid },
    parent: parent.origin,
    ...(provider === null ? {} : { provider: (own) => linkOf(seal, own, parent.origin, provider) }),
  }
}

/** The same identity without the provider's tokens: one refresh token has one session. */
function linkOf(
  seal: TokenSeal,
  sid: SessionId,
  { absoluteExpiresAt }: { readonly absoluteExpiresAt: Instant },
  { providerId, issuer, subject, providerSid, verifiedEmail }: ProviderLink,
): ProviderLink {
  const none = { accessToken: null, idToken: null, refreshToken: null }
  return {
    ...{ providerId, issuer, subject, providerSid, verifiedEmail },
    sealedTokens: sealTokens(seal, sid, none),
    tokensVersion: 1,
    tokensExpireAt: absoluteExpiresAt,
    refreshTokenIssuedAt: null,
    refreshLost: false,
    ...{ lease: null, attemptedAt: null, undecided: false, retryAt: null },
  }
}

function redeemed(
  rooms: Rooms,
  started: StartedByVoucher,
  asked: Pick<Approval, 'row'> & Pick<RedeemInput, 'dpopThumbprint'>,
): RedeemAnswer {
  switch (started.kind) {
    case 'started':
    case 'joined':
      break
    case 'voucher-refused':
      return { kind: 'refused', why: 'invalid_grant' }
    case 'approver-ended':
    case 'fence-moved':
    case 'user-disabled':
    case 'provider-logged-out':
      return { kind: 'refused', why: 'access_denied' }
    default:
      return started satisfies never
  }
  const { session, now } = started
  const minted = session.access.newest
  if (minted === null) throw new Error('a started session has no access token')
  const { row, dpopThumbprint } = asked
  const wish = { resources: row.resources, scope: null }
  const order = { session, minted, now, wish, dpopThumbprint }
  return {
    kind: 'redeemed',
    tokens: tokenSet(rooms, { ...order, refreshToken: true, sessionToken: false }),
    wish,
  }
}
