import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { Config } from './config.ts'
import { newSecret } from './init.ts'
import { parseConfig } from './load.ts'

/** The whole of API.md, section 2, as it stands there. */
const example = `server:
  publicUrl: https://auth.example.com     # the issuer; https unless its host is loopback; may have a path, all routes then lie below it
  listen: 127.0.0.1:4455                  # 0.0.0.0:4455 in the image; metricsListen and adminListen: listeners of their own
  trustedProxies: [127.0.0.1/32]          # whose X-Forwarded-*, X-Original-* are believed; the default is nobody
  shutdownDelay: 0s
store: sqlite:./curfew.db                 # or postgres://user:password@host/database
redis: redis://127.0.0.1:6379             # optional; or rediss://…, {cluster: [urls]}, {sentinel: {master, nodes}}; keyPrefix
secrets:                                  # 32 random bytes in base64url each: the first signs and seals,
  - \${CURFEW_SECRET}                      # all of them verify and unseal
identityProviders:
  - id: main
    issuer: https://idp.example.com
    internalUrl: null                     # where the provider is reached, when that differs from its issuer; ca: a private CA
    preset: keycloak                      # google, microsoft, auth0, okta, keycloak, cognito, gitlab, zitadel, authentik, github (OAuth 2.0 only), generic
    clientId: curfew
    clientSecret: \${IDP_SECRET}           # or privateKey for private_key_jwt
    scopes: [openid, profile, email, offline_access]
    uid: "{{ idp }}:{{ sub }}"            # the user's id here; any template over claims; two providers share none without {{ idp }}
    rolesClaim: roles                     # a claim name or a JSON pointer, or a list of them; one string counts as one role
    claimsFrom: [id_token, userinfo]      # later ones fill gaps; access_token only if it is a JWT that verifies
    trustEmail: false                     # e-mail counts in match and allow only if email_verified is true, or this is
    maxRefreshTokenAge: 6h                # an older one is not tried; 0 turns the check off
    graceOnFault: 5m                      # how long a session is served past its provider tokens while the provider is at fault
    exchangeAudiences: []                 # whose ID tokens may be exchanged (section 4)
    allow: { domains: [], users: [], roles: [], claims: {} }   # empty: everyone; users or domains, and roles, and claims
users:                                    # the only source of admin rights for people
  - { match: "main:8f3c", roles: [admin] }                            # a uid,
  - { match: { idp: main, email: alice@example.com }, roles: [admin] } # or a provider's verified e-mail
clients:                                  # no secret and no jwks means public
  - id: satellite-provider
    secret: \${SATELLITE_SECRET}           # a string or a list (to rotate); or jwks / jwksUri for private_key_jwt
    roles: [service]                      # service reads the revocation feed
  - id: backend
    secret: \${BACKEND_SECRET}
    roles: [issuer]                       # issuer starts sessions for users that it has authenticated itself
    mayGrant: [pilot]                     # which roles it may give them; none by default
    mayStartAdmins: false                 # may it start a session for a uid that \`users\` makes admin
  - id: mobile
    redirectUris: [com.example.app:/cb]   # PKCE is required
    postLogoutRedirectUris: []
    origins: []                           # for CORS, with the origins of redirectUris
    grants: [authorization_code, refresh_token]   # default: what its other keys allow
    device: app                           # the class of its sessions; default app; device grant and gateway: web
    accessTtl: 5m                         # the shortest of client, class and global holds
    scopes: [openid, profile, email]
tokens:
  accessTtl: 5m                           # at least twice refreshGrace
  refreshTtl: 30d
  refreshGrace: 30s                       # how long a repeated refresh is answered with the same successor
  algorithm: ES256                        # or EdDSA, RS256; a change publishes both keys until the old tokens have expired
  audience: [https://api.example.com]     # what clients may ask for with \`resource\` (RFC 8707); without it, all of it
  claims: []                              # session claims copied into access tokens
sessions:
  absoluteTtl: 30d
  idleTtl: 7d                             # refresh and forward auth count as use
  devices:                                # these three are the default; a class that is not listed is a 400
    app: { policy: single, idleTtl: 60d, absoluteTtl: 365d, lostResponse: 24h }   # a new sign-in ends the previous one
    web: { policy: multiple, limit: 20 }  # each sign-in its own session; past the limit the oldest ends
    pc:  { policy: shared }               # a new sign-in joins the live session
gateway:
  cookie: { domain: null, sameSite: lax } # name: __Host-curfew; __Secure-curfew with a domain; curfew when publicUrl is http
  prefix: /.curfew                        # what the gateway answers itself on the applications' hosts
  returnTo: []                            # more hosts that sign-in may return to, such as *.example.com
  rules:                                  # first match wins; the last resort is \`require: session\`
    - { hosts: [app.example.com], paths: [/health, /assets/**], require: none }
    - { hosts: [app.example.com], paths: [/admin/**], methods: [GET, POST], require: { roles: [ops] } }
    - { hosts: ["*.example.com"], require: session, idp: main, bearer: curfew, audience: https://app.example.com }
  headers:                                # what the application receives; a rule's own \`headers\` replace them
    X-Auth-Request-User: "{{ uid }}"
    X-Auth-Request-Email: "{{ claims.email }}"
    X-Auth-Request-Groups: "{{ roles }}"
    Cookie: "{{ cookies }}"               # the request's own cookies without Curfew's
revocation:
  pullInterval: 1s                        # how often each replica reads the feed, push or no push
  maxStaleness: 30s                       # how long a replica that cannot read it may go on from its caches
  onStale: reject                         # then 503; or accept, said loudly in log and metrics
  channel: auth:revoked                   # the Redis pub/sub channel
  retention: 24h                          # how long every end stays readable with all=true
webhooks:
  - { url: https://im.example.com/hooks, secret: \${HOOK_SECRET}, events: [session.started, session.ended] }
cors: { origins: [] }
limits: {}                                # every limit has a default; RULES.md, "limits"
`

const env = {
  CURFEW_SECRET: newSecret(),
  IDP_SECRET: 'idp-secret-value',
  SATELLITE_SECRET: 'satellite-secret-value',
  BACKEND_SECRET: 'backend-secret-value',
  HOOK_SECRET: 'hook-secret-value',
}

function load(): Config {
  const result = parseConfig(example, { env, readFile: () => '' })
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.mistakes, null, 2))
  return result.config
}

describe('the full example of the contract', () => {
  test('loads, and the server, the stores and the tokens are plain values', () => {
    const config = load()
    expect(config.server).toEqual({
      publicUrl: 'https://auth.example.com',
      origin: 'https://auth.example.com',
      basePath: '',
      secure: true,
      listen: { host: '127.0.0.1', port: 4455 },
      metricsListen: null,
      adminListen: null,
      trustedProxies: ['127.0.0.1/32'],
      shutdownDelayMs: 0,
      workers: 1,
      logLevel: 'info',
    })
    expect(config.store).toEqual({ kind: 'sqlite', path: './curfew.db' })
    expect(config.redis).toMatchObject({ kind: 'single', keyPrefix: 'curfew:' })
    expect(config.secrets[0].reveal()).toBe(env.CURFEW_SECRET)
    expect(config.tokens).toEqual({
      accessTtlSeconds: 300,
      refreshTtlMs: 2_592_000_000,
      refreshGraceMs: 30_000,
      algorithm: 'ES256',
      audience: ['https://api.example.com'],
      claims: [],
      keyActivationDelayMs: 600_000,
    })
  })

  test('gives clients their grants, origins and classes', () => {
    const [satellite, backend, mobile] = load().clients
    expect(satellite).toMatchObject({ roles: ['service'], grants: ['client_credentials'] })
    expect(backend).toMatchObject({
      roles: ['issuer'],
      mayGrant: ['pilot'],
      mayStartAdmins: false,
      grants: ['refresh_token', 'client_credentials'],
      device: 'app',
      deviceGrantDevice: 'web',
      accessTtlSeconds: null,
    })
    expect(mobile).toMatchObject({
      auth: { kind: 'none' },
      grants: ['authorization_code', 'refresh_token'],
      redirectUris: ['com.example.app:/cb'],
      origins: [],
      device: 'app',
      deviceGrantDevice: 'app',
      accessTtlSeconds: 300,
    })
  })

  test('gives people, classes and the provider their values', () => {
    const config = load()
    expect(config.users).toEqual([
      { match: { kind: 'uid', uid: 'main:8f3c' }, roles: ['admin'] },
      { match: { kind: 'email', idp: 'main', email: 'alice@example.com' }, roles: ['admin'] },
    ])
    expect({ ...config.sessions.devices }).toEqual({
      app: device('app', { policy: 'single' }, 60, 365, 86_400_000),
      web: device('web', { policy: 'multiple', limit: 20 }, 7, 30, 0),
      pc: device('pc', { policy: 'shared' }, 7, 30, 0),
    })
    expect(config.sessions.keepEndedMs).toBe(7_776_000_000)
    expect(config.identityProviders[0]).toMatchObject({
      id: 'main',
      issuer: 'https://idp.example.com',
      internalUrl: null,
      preset: 'keycloak',
      auth: { kind: 'secret' },
      rolesClaims: ['roles'],
      maxRefreshTokenAgeMs: 21_600_000,
      graceOnFaultMs: 300_000,
      allow: { domains: [], users: [], roles: [], claims: {} },
    })
  })

  test('gives the gateway, the feed, the webhooks and the limits theirs', () => {
    const config = load()
    expect(config.gateway.cookie).toEqual({ name: '__Host-curfew', domain: null, sameSite: 'lax' })
    expect(config.gateway.rules.map(({ require }) => require.kind)).toEqual([
      'none',
      'conditions',
      'session',
    ])
    expect(config.gateway.rules[2]).toMatchObject({
      hosts: ['*.example.com'],
      idp: 'main',
      bearer: { kind: 'curfew' },
      audience: 'https://app.example.com',
    })
    expect(config.gateway.headers).toHaveLength(4)
    expect(config.revocation).toEqual({
      pullIntervalMs: 1000,
      maxStalenessMs: 30_000,
      onStale: 'reject',
      channel: 'auth:revoked',
      retentionMs: 86_400_000,
    })
    expect(config.webhooks[0]?.secrets[0]?.reveal()).toBe('hook-secret-value')
    expect(config.limits.tokenRequestsPerSession).toEqual({ perSecond: 20, burst: 600 })
  })

  test('is frozen through and through, and prints no secret', () => {
    const config = load()
    expect(Object.isFrozen(config.clients[0]?.grants)).toBe(true)
    expect(Object.isFrozen(config.sessions.devices['app'])).toBe(true)
    const printed = JSON.stringify(config) + inspect(config, { depth: 9 })
    for (const value of Object.values(env)) expect(printed).not.toContain(value)
  })
})

function device(
  name: string,
  policy: object,
  idleDays: number,
  absoluteDays: number,
  lostResponseMs: number,
): object {
  const dayMs = 86_400_000
  const ttls = { idleTtlMs: idleDays * dayMs, absoluteTtlMs: absoluteDays * dayMs }
  return { name, policy, ...ttls, lostResponseMs, accessTtlSeconds: null }
}
