import type {
  AccessLedger,
  Actor,
  Claims,
  ClientId,
  End,
  EndReason,
  EpochSeconds,
  Grants,
  Instant,
  Json,
  KeyId,
  Life,
  MintedAccess,
  Origin,
  Profile,
  ProviderLease,
  ProviderLink,
  Rotation,
  Salt,
  Session,
  SessionId,
  SessionParts,
  SessionTokenState,
  TokenId,
  Uid,
} from '#domain'
import type { Row, Value } from './act.ts'

/** A value that no version of Curfew writes: somebody else has changed the database. */
export class ImpossibleRow extends Error {
  readonly code = 'impossible_row'

  constructor(column: string, value: Value | undefined, wanted: string) {
    const found = value === undefined ? 'is missing' : `holds ${typeof value}`
    super(
      `column ${column} ${found} where ${wanted} belongs: the database was changed by something ` +
        'else than curfew; restore it from a backup, then run `curfew recover`',
    )
  }
}

/** Total over every row that Curfew has written. @throws ImpossibleRow for any other */
export function toSession(row: Row): Session {
  const parts: SessionParts = {
    version: whole(row, 'version'),
    origin: originOf(row),
    profile: profileOf(row),
    life: lifeOf(row),
    grants: grantsOf(row),
    rotation: rotationOf(row),
    access: accessOf(row),
    sessionToken: sessionTokenOf(row),
    provider: providerOf(row),
  }
  return row['revoked_at'] === null
    ? { kind: 'live', ...parts }
    : { kind: 'ended', ...parts, end: toEnd(row) }
}

export function toEnd(row: Row): End {
  return {
    at: time(row, 'revoked_at'),
    reason: text(row, 'revoked_reason') as EndReason,
    by: textOrNull(row, 'revoked_by_user_id') as Actor,
    seq: whole(row, 'feed_seq'),
  }
}

function originOf(row: Row): Origin {
  return {
    sid: text(row, 'sid') as SessionId,
    uid: text(row, 'uid') as Uid,
    clientId: text(row, 'client_id') as ClientId,
    device: text(row, 'device'),
    deviceId: textOrNull(row, 'device_id'),
    slot: textOrNull(row, 'slot'),
    parentSid: textOrNull(row, 'parent_sid') as SessionId | null,
    createdAt: time(row, 'created_at'),
    absoluteExpiresAt: time(row, 'absolute_expires_at'),
    authTime: seconds(row, 'auth_time'),
    amr: row['amr'] === null ? null : textList(row, 'amr'),
    acr: textOrNull(row, 'acr'),
    salt: text(row, 'salt') as Salt,
  }
}

function profileOf(row: Row): Profile {
  return {
    deviceName: textOrNull(row, 'device_name'),
    ip: textOrNull(row, 'ip'),
    userAgent: textOrNull(row, 'user_agent'),
  }
}

function lifeOf(row: Row): Life {
  return { lastSeenAt: time(row, 'last_seen_at'), idleExpiresAt: time(row, 'idle_expires_at') }
}

function grantsOf(row: Row): Grants {
  return {
    version: whole(row, 'grants_version'),
    roles: textList(row, 'roles'),
    claims: claimsOf(row, 'claims'),
    scope: text(row, 'scope'),
  }
}

function rotationOf(row: Row): Rotation | null {
  if (row['generation'] === null) return null
  return {
    generation: whole(row, 'generation'),
    rotatedAt: time(row, 'rotated_at'),
    keyId: text(row, 'refresh_key_id') as KeyId,
    dpopThumbprint: textOrNull(row, 'dpop_thumbprint'),
    minted: mintedOf(row, 'rotation'),
  }
}

function accessOf(row: Row): AccessLedger {
  return {
    newest: row['newest_jti'] === null ? null : mintedOf(row, 'newest'),
    latestExp: seconds(row, 'latest_exp'),
  }
}

function mintedOf(row: Row, prefix: 'rotation' | 'newest'): MintedAccess {
  return {
    jti: text(row, `${prefix}_jti`) as TokenId,
    iat: seconds(row, `${prefix}_iat`),
    exp: seconds(row, `${prefix}_exp`),
    keyId: text(row, `${prefix}_kid`),
    grantsVersion: whole(row, `${prefix}_grants_version`),
  }
}

function sessionTokenOf(row: Row): SessionTokenState {
  return {
    generation: whole(row, 'session_token_generation'),
    keyId: text(row, 'session_token_key_id') as KeyId,
  }
}

function providerOf(row: Row): ProviderLink | null {
  if (row['provider_id'] === null) return null
  return {
    providerId: text(row, 'provider_id'),
    issuer: text(row, 'provider_issuer'),
    subject: text(row, 'provider_subject'),
    providerSid: textOrNull(row, 'provider_sid'),
    verifiedEmail: textOrNull(row, 'provider_email'),
    sealedTokens: text(row, 'provider_tokens'),
    tokensVersion: whole(row, 'provider_tokens_version'),
    tokensExpireAt: time(row, 'provider_tokens_expire_at'),
    refreshTokenIssuedAt: timeOrNull(row, 'provider_refresh_issued_at'),
    refreshLost: flag(row, 'provider_refresh_lost'),
    lease: leaseOf(row),
    attemptedAt: timeOrNull(row, 'provider_attempted_at'),
    undecided: flag(row, 'provider_undecided'),
    retryAt: timeOrNull(row, 'provider_retry_at'),
  }
}

function leaseOf(row: Row): ProviderLease | null {
  if (row['provider_lease_owner'] === null) return null
  return { owner: text(row, 'provider_lease_owner'), until: time(row, 'provider_lease_until') }
}

export function text(row: Row, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw new ImpossibleRow(column, value, 'a text')
  return value
}

export function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column)
}

export function whole(row: Row, column: string): number {
  const value = row[column]
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new ImpossibleRow(column, value, 'a whole number')
  }
  return value
}

export function wholeOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : whole(row, column)
}

export function time(row: Row, column: string): Instant {
  return whole(row, column) as Instant
}

export function timeOrNull(row: Row, column: string): Instant | null {
  return row[column] === null ? null : time(row, column)
}

export function seconds(row: Row, column: string): EpochSeconds {
  return whole(row, column) as EpochSeconds
}

function flag(row: Row, column: string): boolean {
  const value = whole(row, column)
  if (value !== 0 && value !== 1) throw new ImpossibleRow(column, value, '0 or 1')
  return value === 1
}

export function textList(row: Row, column: string): readonly string[] {
  const value = json(row, column)
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  throw new ImpossibleRow(column, row[column], 'a JSON list of texts')
}

function claimsOf(row: Row, column: string): Claims {
  const value = json(row, column)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Claims
  throw new ImpossibleRow(column, row[column], 'a JSON object')
}

function json(row: Row, column: string): Json {
  try {
    return JSON.parse(text(row, column)) as Json
  } catch (error) {
    if (error instanceof ImpossibleRow) throw error
    throw new ImpossibleRow(column, row[column], 'JSON')
  }
}
