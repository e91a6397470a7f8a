import type {
  AccessLedger,
  Grants,
  Life,
  LiveSession,
  MintedAccess,
  Origin,
  Profile,
  ProviderLease,
  ProviderLink,
  Rotation,
  SessionTokenState,
} from '#domain'

type Check = (value: unknown) => boolean
/** Every field has its check: one that is added to the domain and forgotten here does not compile. */
type Shape<Part> = { readonly [Name in keyof Part]-?: Check }

/**
 * Has it all fields of a live session, and no others? What is asked is genuine: its seal was opened. But
 * another version of Curfew may have written it, whose sessions have another shape.
 */
export function isLiveSession(value: unknown): value is LiveSession {
  return liveSession(value)
}

const text: Check = (value) => typeof value === 'string'
const whole: Check = (value) => Number.isSafeInteger(value)
const flag: Check = (value) => typeof value === 'boolean'
const texts: Check = (value) => Array.isArray(value) && value.every(text)
const claims: Check = (value) => isRecord(value)

function orNull(check: Check): Check {
  return (value) => value === null || check(value)
}

function part<Part>(shape: Shape<Part>): Check {
  const checks = Object.entries<Check>(shape)
  return (value) =>
    isRecord(value) &&
    Object.keys(value).length === checks.length &&
    checks.every(([name, check]) => check(value[name]))
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const minted = part<MintedAccess>({
  jti: text,
  iat: whole,
  exp: whole,
  keyId: text,
  grantsVersion: whole,
})

const provider = part<ProviderLink>({
  providerId: text,
  issuer: text,
  subject: text,
  providerSid: orNull(text),
  verifiedEmail: orNull(text),
  sealedTokens: text,
  tokensVersion: whole,
  tokensExpireAt: whole,
  refreshTokenIssuedAt: orNull(whole),
  refreshLost: flag,
  lease: orNull(part<ProviderLease>({ owner: text, until: whole })),
  attemptedAt: orNull(whole),
  undecided: flag,
  retryAt: orNull(whole),
})

const liveSession = part<LiveSession>({
  kind: (value) => value === 'live',
  version: whole,
  origin: part<Origin>({
    sid: text,
    uid: text,
    clientId: text,
    device: text,
    deviceId: orNull(text),
    slot: orNull(text),
    parentSid: orNull(text),
    createdAt: whole,
    absoluteExpiresAt: whole,
    authTime: whole,
    amr: orNull(texts),
    acr: orNull(text),
    salt: text,
  }),
  profile: part<Profile>({ deviceName: orNull(text), ip: orNull(text), userAgent: orNull(text) }),
  life: part<Life>({ lastSeenAt: whole, idleExpiresAt: whole }),
  grants: part<Grants>({ version: whole, roles: texts, claims, scope: text }),
  rotation: orNull(
    part<Rotation>({
      generation: whole,
      rotatedAt: whole,
      keyId: text,
      dpopThumbprint: orNull(text),
      minted,
    }),
  ),
  access: part<AccessLedger>({ newest: orNull(minted), latestExp: whole }),
  sessionToken: part<SessionTokenState>({ generation: whole, keyId: text }),
  provider: orNull(provider),
})
