import type { MintedAccess, SessionParts } from '#domain'
import type { Param } from './act.ts'

/** The parts of a session that a swap writes as a whole, each a group of columns. */
export type Part = Exclude<keyof SessionParts, 'version'>

interface Group {
  readonly columns: readonly string[]
  /** In the order of the columns. */
  values(session: SessionParts): readonly Param[]
}

export const groups: Readonly<Record<Part, Group>> = {
  origin: {
    columns: [
      'uid',
      'client_id',
      'device',
      'device_id',
      'slot',
      'parent_sid',
      'created_at',
      'absolute_expires_at',
      'auth_time',
      'amr',
      'acr',
      'salt',
    ],
    values: ({ origin }) => [
      origin.uid,
      origin.clientId,
      origin.device,
      origin.deviceId,
      origin.slot,
      origin.parentSid,
      origin.createdAt,
      origin.absoluteExpiresAt,
      origin.authTime,
      origin.amr === null ? null : JSON.stringify(origin.amr),
      origin.acr,
      origin.salt,
    ],
  },
  profile: {
    columns: ['device_name', 'ip', 'user_agent'],
    values: ({ profile }) => [profile.deviceName, profile.ip, profile.userAgent],
  },
  life: {
    columns: ['last_seen_at', 'idle_expires_at'],
    values: ({ life }) => [life.lastSeenAt, life.idleExpiresAt],
  },
  grants: {
    columns: ['grants_version', 'roles', 'claims', 'scope'],
    values: ({ grants }) => [
      grants.version,
      JSON.stringify(grants.roles),
      JSON.stringify(grants.claims),
      grants.scope,
    ],
  },
  rotation: {
    columns: [
      'generation',
      'rotated_at',
      'refresh_key_id',
      'dpop_thumbprint',
      ...mintedColumns('rotation'),
    ],
    values: ({ rotation }) => [
      rotation?.generation ?? null,
      rotation?.rotatedAt ?? null,
      rotation?.keyId ?? null,
      rotation?.dpopThumbprint ?? null,
      ...mintedValues(rotation?.minted ?? null),
    ],
  },
  access: {
    columns: [...mintedColumns('newest'), 'latest_exp'],
    values: ({ access }) => [...mintedValues(access.newest), access.latestExp],
  },
  sessionToken: {
    columns: ['session_token_generation', 'session_token_key_id'],
    values: ({ sessionToken }) => [sessionToken.generation, sessionToken.keyId],
  },
  provider: {
    columns: [
      'provider_id',
      'provider_issuer',
      'provider_subject',
      'provider_sid',
      'provider_email',
      'provider_tokens',
      'provider_tokens_version',
      'provider_tokens_expire_at',
      'provider_refresh_issued_at',
      'provider_refresh_lost',
      'provider_lease_owner',
      'provider_lease_until',
      'provider_attempted_at',
      'provider_undecided',
      'provider_retry_at',
    ],
    values: ({ provider }) =>
      provider === null
        ? Array.from({ length: 15 }, () => null)
        : [
            provider.providerId,
            provider.issuer,
            provider.subject,
            provider.providerSid,
            provider.verifiedEmail,
            provider.sealedTokens,
            provider.tokensVersion,
            provider.tokensExpireAt,
            provider.refreshTokenIssuedAt,
            Number(provider.refreshLost),
            provider.lease?.owner ?? null,
            provider.lease?.until ?? null,
            provider.attemptedAt,
            Number(provider.undecided),
            provider.retryAt,
          ],
  },
}

export const parts = Object.keys(groups) as readonly Part[]

export const endColumns = [
  'revoked_at',
  'revoked_reason',
  'revoked_by_user_id',
  'feed_seq',
] as const

/** What an insert writes: everything but the end. */
export const insertedColumns: readonly string[] = [
  'sid',
  'version',
  ...parts.flatMap((part) => groups[part].columns),
]

/** Named one by one: a column that a newer version adds must not change a prepared statement. */
export const sessionColumns: readonly string[] = [...insertedColumns, ...endColumns]

export function sessionColumnsOf(alias: string): string {
  return sessionColumns.map((column) => `${alias}.${column}`).join(', ')
}

export function insertedValues(session: SessionParts): readonly Param[] {
  return [
    session.origin.sid,
    session.version,
    ...parts.flatMap((part) => groups[part].values(session)),
  ]
}

function mintedColumns(prefix: 'rotation' | 'newest'): readonly string[] {
  return ['jti', 'iat', 'exp', 'kid', 'grants_version'].map((name) => `${prefix}_${name}`)
}

function mintedValues(minted: MintedAccess | null): readonly Param[] {
  if (minted === null) return [null, null, null, null, null]
  return [minted.jti, minted.iat, minted.exp, minted.keyId, minted.grantsVersion]
}
