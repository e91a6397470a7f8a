import { describe, expect, test } from 'vitest'
import { accessTtlSeconds, type Config } from './config.ts'
import { newSecret } from './init.ts'
import { parseConfig } from './load.ts'
import { diffReload } from './reload.ts'

const secret = newSecret()

function load(text: string, publicUrl = 'https://auth.example.com'): Config {
  const whole = `server: {publicUrl: "${publicUrl}"}\nsecrets: [${secret}]\n${text}`
  const result = parseConfig(whole, { env: {}, readFile: () => '' })
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.mistakes, null, 2))
  return result.config
}

describe('publicUrl', () => {
  test.each([
    ['https://Auth.Example.com:443/', 'https://auth.example.com', '', true, '__Host-curfew'],
    ['https://a.example/auth/', 'https://a.example/auth', '/auth', true, '__Host-curfew'],
    ['http://127.8.0.1:4455', 'http://127.8.0.1:4455', '', false, 'curfew'],
    ['http://[::1]:4455/', 'http://[::1]:4455', '', false, 'curfew'],
    ['http://localhost:4455', 'http://localhost:4455', '', false, 'curfew'],
  ])('%s', (written, publicUrl, basePath, secure, name) => {
    const { server, gateway } = load('', written)
    expect(server).toMatchObject({ publicUrl, basePath, secure })
    expect(gateway.cookie.name).toBe(name)
  })
})

test('a cookie with a domain has the prefix that allows one', () => {
  const { cookie } = load('gateway: {cookie: {domain: Example.com, sameSite: strict}}').gateway
  expect(cookie).toEqual({ name: '__Secure-curfew', domain: 'example.com', sameSite: 'strict' })
})

test('listeners and proxies are parsed', () => {
  const text = [
    'server:',
    '  publicUrl: https://a.example',
    '  listen: "[::1]:0"',
    '  metricsListen: localhost:9090',
    '  adminListen: 0.0.0.0:9091',
    '  trustedProxies: [10.0.0.1, 10.1.0.0/16, "::1", "fd00::/8"]',
    '  logLevel: debug',
    '  shutdownDelay: 1500ms',
    `secrets: [${secret}]`,
    'gateway: { listen: "127.0.0.1:4456" }',
  ].join('\n')
  const result = parseConfig(text, { env: {}, readFile: () => '' })
  expect(result).toMatchObject({
    kind: 'loaded',
    config: {
      server: {
        listen: { host: '::1', port: 0 },
        metricsListen: { host: 'localhost', port: 9090 },
        adminListen: { host: '0.0.0.0', port: 9091 },
        trustedProxies: ['10.0.0.1/32', '10.1.0.0/16', '::1/128', 'fd00::/8'],
        logLevel: 'debug',
        shutdownDelayMs: 1500,
      },
      gateway: { listen: { host: '127.0.0.1', port: 4456 } },
    },
  })
})

describe('stores', () => {
  test('sqlite is the default, and postgres keeps its URL to itself', () => {
    expect(load('').store).toEqual({ kind: 'sqlite', path: './curfew.db' })
    const { store } = load('store: postgres://u:hunter2@h/d')
    expect(store.kind === 'postgres' && store.url.reveal()).toBe('postgres://u:hunter2@h/d')
    expect(JSON.stringify(store)).not.toContain('hunter2')
  })

  test.each([
    ['redis: rediss://h', { kind: 'single', keyPrefix: 'curfew:' }],
    ['redis: {url: "redis://h", keyPrefix: "x:"}', { kind: 'single', keyPrefix: 'x:' }],
    ['redis: {cluster: ["redis://a", "redis://b"]}', { kind: 'cluster', keyPrefix: 'curfew:' }],
    [
      'redis: {sentinel: {master: m, nodes: ["redis://a"], username: u, password: p}}',
      { kind: 'sentinel', master: 'm', username: 'u' },
    ],
  ])('%s', (text, expected) => {
    expect(load(text).redis).toMatchObject(expected)
  })
})

describe('the grants of a client that names none', () => {
  test.each([
    ['{id: a}', ['refresh_token']],
    ['{id: a, secret: s}', ['client_credentials']],
    ['{id: a, secret: s, roles: [service]}', ['client_credentials']],
    ['{id: a, secret: s, roles: [issuer]}', ['refresh_token', 'client_credentials']],
    ['{id: a, redirectUris: ["https://a/cb"]}', ['authorization_code', 'refresh_token']],
    ['{id: a, secret: s, redirectUris: ["https://a/cb"]}', ['authorization_code', 'refresh_token']],
    [
      '{id: a, secret: s, roles: [admin], redirectUris: ["https://a/cb"]}',
      ['authorization_code', 'refresh_token', 'client_credentials'],
    ],
    ['{id: a, grants: [device_code]}', ['urn:ietf:params:oauth:grant-type:device_code']],
  ])('%s', (client, grants) => {
    expect(load(`clients: [${client}]`).clients[0]?.grants).toEqual(grants)
  })
})

test('a client may have two secrets, keys, or the place of its keys', () => {
  const { clients } = load(`clients:
  - { id: a, secret: [new, old] }
  - { id: b, jwks: { keys: [{ kty: OKP, crv: Ed25519, x: abc }] } }
  - { id: c, jwksUri: "https://c.example/keys" }`)
  expect(clients.map(({ auth }) => auth.kind)).toEqual(['secret', 'jwks', 'jwksUri'])
  const [first] = clients
  expect(first?.auth.kind === 'secret' && first.auth.secrets.map((each) => each.reveal())).toEqual([
    'new',
    'old',
  ])
})

test('the origins of a client are those of its redirects and those that it names', () => {
  const { clients } = load(`clients:
  - id: a
    redirectUris: ["https://a.example/cb", "http://127.0.0.1:8080/cb", "com.example:/cb"]
    postLogoutRedirectUris: ["https://a.example/bye"]
    origins: ["https://B.example/"]`)
  expect(clients[0]).toMatchObject({
    origins: ['https://a.example', 'http://127.0.0.1:8080', 'https://b.example'],
    postLogoutRedirectUris: ['https://a.example/bye'],
  })
})

test('the shortest life of access tokens holds', () => {
  const config = load(`tokens: {accessTtl: 10m}
clients: [{id: a, accessTtl: 5m}, {id: b}, {id: c, accessTtl: 1h}]
sessions: {devices: {app: {policy: single, accessTtl: 2m}, web: {policy: multiple}}}`)
  const [a, b, c] = config.clients
  const { app, web } = config.sessions.devices
  if (a === undefined || b === undefined || c === undefined) throw new Error('clients are missing')
  expect(accessTtlSeconds(config, a, app)).toBe(120)
  expect(accessTtlSeconds(config, a, web)).toBe(300)
  expect(accessTtlSeconds(config, b, undefined)).toBe(600)
  expect(accessTtlSeconds(config, c, web)).toBe(600)
  expect(web?.policy).toEqual({ policy: 'multiple', limit: null })
})

test('device classes have no prototype, so any text may be looked up', () => {
  expect(load('').sessions.devices['constructor']).toBeUndefined()
})

test('ended sessions are kept at least as long as their refresh tokens', () => {
  expect(load('').sessions.keepEndedMs).toBe(90 * 86_400_000)
  expect(load('tokens: {refreshTtl: 120d}').sessions.keepEndedMs).toBe(120 * 86_400_000)
  expect(load('sessions: {keepEnded: 30d}').sessions.keepEndedMs).toBe(30 * 86_400_000)
})

test('limits may be turned off, and a burst is the rate unless given', () => {
  const { limits } = load('limits: {signIns: off, failedClientAuth: {rate: 30/m}, eventStreams: 7}')
  expect(limits).toMatchObject({
    signIns: null,
    failedClientAuth: { perSecond: 0.5, burst: 30 },
    eventStreams: 7,
    unknownKeys: { perSecond: 2 / 60, burst: 1 },
  })
})

test('a provider is taken over with all its keys', () => {
  const { identityProviders } = load(`identityProviders:
  - id: hub
    preset: github
    clientId: c
    privateKey: "-----BEGIN PRIVATE KEY-----"
    internalUrl: http://idp:8080/
    scopes: [user]
    rolesClaim: [groups, /realm_access/roles]
    claimsFrom: [userinfo]
    trustEmail: true
    maxRefreshTokenAge: 0
    graceOnFault: 0s
    timeout: 2s
    exchangeAudiences: [ios]
    allow: { domains: [Example.com], claims: { tenant: a, level: [1, 2] } }`)
  expect(identityProviders[0]).toMatchObject({
    issuer: 'https://github.com',
    internalUrl: 'http://idp:8080',
    auth: { kind: 'privateKey' },
    rolesClaims: ['groups', '/realm_access/roles'],
    trustEmail: true,
    maxRefreshTokenAgeMs: null,
    graceOnFaultMs: 0,
    timeoutMs: 2000,
    allow: { domains: ['example.com'], claims: { tenant: ['a'], level: [1, 2] } },
  })
})

test('hosts are in the form that requests are read into, IPv6 addresses too', () => {
  const { gateway } = load(`gateway:
  returnTo: ["[::FFFF]:8443"]
  rules: [{ hosts: [App.example.com:8443, "[0:0:0:0:0:0:0:1]:8000", "[::1]"] }]`)
  expect(gateway.returnTo).toEqual(['[::ffff]:8443'])
  expect(gateway.rules[0]?.hosts).toEqual(['app.example.com:8443', '[::1]:8000', '[::1]'])
})

test('a rule is taken over with all its keys', () => {
  const { gateway } = load(`gateway:
  prefix: /_auth
  returnTo: ["*.Example.com"]
  rules:
    - hosts: [App.example.com]
      paths: [/a/**]
      methods: [GET]
      require: { roles: [a], allRoles: [b], users: [u], claims: { t: x }, acr: high, maxAge: 10m }
      bearer: { issuers: [{ issuer: "https://i.example", audience: api }] }
      headers: { X-User: "{{ uid | default('nobody') }}" }
      preflight: deny`)
  expect(gateway).toMatchObject({ prefix: '/_auth', returnTo: ['*.example.com'] })
  expect(gateway.rules[0]).toEqual({
    hosts: ['app.example.com'],
    paths: ['/a/**'],
    methods: ['GET'],
    require: {
      kind: 'conditions',
      roles: ['a'],
      allRoles: ['b'],
      users: ['u'],
      claims: { t: ['x'] },
      idp: null,
      acr: ['high'],
      maxAgeSeconds: 600,
    },
    idp: null,
    bearer: { kind: 'issuers', issuers: [{ issuer: 'https://i.example', audience: ['api'] }] },
    audience: null,
    headers: [{ name: 'X-User', template: "{{ uid | default('nobody') }}" }],
    preflight: 'deny',
  })
})

describe('a reload', () => {
  test('tells what it applies from what waits for a restart', () => {
    const running = load('clients: [{id: a, secret: old}]\ntokens: {accessTtl: 5m}')
    const read = load(
      'clients: [{id: a, secret: new}]\ntokens: {accessTtl: 6m}\ngateway: {prefix: /x, rules: [{hosts: [a]}]}\nstore: sqlite:b',
      'https://other.example',
    )
    const diff = diffReload(running, read)
    expect(diff.applied.toSorted()).toEqual(['clients', 'gateway.rules'])
    expect(diff.needsRestart.toSorted()).toEqual([
      'gateway.prefix',
      'server.publicUrl',
      'store',
      'tokens.accessTtl',
    ])
    expect(diff.config.clients).toBe(read.clients)
    expect(diff.config.gateway.rules).toBe(read.gateway.rules)
    expect(diff.config.gateway.prefix).toBe('/.curfew')
    expect(diff.config.tokens.accessTtlSeconds).toBe(300)
  })

  test('finds nothing where nothing changed', () => {
    const text = 'clients: [{id: a, secret: same}]'
    expect(diffReload(load(text), load(text))).toMatchObject({ applied: [], needsRestart: [] })
  })
})
