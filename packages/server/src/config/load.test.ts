import fc from 'fast-check'
import { Check } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { privateAuthority } from '#test/oidc/certificates.ts'
import { newSecret, starterConfig } from './init.ts'
import { loadConfig, parseConfig } from './load.ts'
import { Findings, type Mistake } from './mistakes.ts'
import { readValue } from './read.ts'
import { checkRules } from './rules/rules.ts'
import { configNode, configSchema } from './schema.ts'

const secret = newSecret()
const base = `server: {publicUrl: "https://auth.example.com"}\nsecrets: [${secret}]\n`

function mistakes(text: string, env: Record<string, string> = {}): readonly Mistake[] {
  const result = parseConfig(text, { env, readFile: noFile })
  return result.kind === 'invalid' ? result.mistakes : []
}

function noFile(): string {
  throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
}

/** What is wrong, the path that it is reported at, and a part of the problem or the fix. */
const wrong: readonly (readonly [text: string, path: string, says: RegExp])[] = [
  // Shapes.
  ['tokens: {refreshTl: 5m}', 'tokens.refreshTl', /Did you mean refreshTtl\?/],
  ['token: {}', 'token', /Did you mean tokens\?/],
  ['tokens: {nonsense: 1}', 'tokens.nonsense', /no such setting.*what may stand here: accessTtl/s],
  ['tokens: {accessTtl: 300}', 'tokens.accessTtl', /300 is not a duration such as/],
  ['tokens: {accessTtl: 500ms}', 'tokens.accessTtl', /"500ms" is not a duration/],
  ['tokens: {accessTtl: 0s}', 'tokens.accessTtl', /"0s" is not a duration/],
  ['tokens: {algorithm: HS256}', 'tokens.algorithm', /one of ES256, EdDSA, RS256/],
  ['tokens: 5m', 'tokens', /"5m" is not a group of keys/],
  ['tokens: {audience: a}', 'tokens.audience', /"a" is not a list/],
  ['clients: [{secret: x}]', 'clients[0].id', /it is missing/],
  ['clients: [{id: "a b"}]', 'clients[0].id', /"a b" is not a client id/],
  ['clients: [{id: "client:a"}]', 'clients[0].id', /is not a client id/],
  ['clients: [{id: a, secret: ""}]', 'clients[0].secret', /empty text/],
  ['clients: [{id: a, secret: 5}]', 'clients[0].secret', /this value is not a text/],
  ['clients: [{id: a, grants: [password]}]', 'clients[0].grants[0]', /one of authorization_code/],
  ['clients: [{id: a, roles: ["a,b"]}]', 'clients[0].roles[0]', /no spaces, no commas/],
  ['users: [{match: u}]', 'users[0].roles', /missing/],
  ['users: [{match: {email: a@b.c}, roles: [a]}]', 'users[0].match.idp', /missing/],
  ['users: [{match: 7, roles: [a]}]', 'users[0].match', /7 is not a uid or/],
  ['store: mysql://x', 'store', /sqlite:PATH or postgres/],
  ['redis: http://x', 'redis', /is not a redis:\/\/ URL/],
  ['redis: {cluster: []}', 'redis.cluster', /empty/],
  ['redis: "redis://:p%zz@h"', 'redis', /not a URL that can be read/],
  ['redis: "redis://:p#w@h"', 'redis', /not a URL that can be read/],
  ['redis: redis://h/one', 'redis', /path is not the number of a database/],
  ['redis: {url: "rediss://h", ca: x}', 'redis.ca', /not a certificate in PEM/],
  ['redis: {cluster: ["redis://a", "rediss://b"]}', 'redis', /some are redis:.* some rediss:/],
  ['redis: {cluster: ["redis://a/1"]}', 'redis.cluster[0]', /have one database only/],
  ['redis: {sentinel: {master: m, nodes: ["redis://a/1"]}}', 'redis.sentinel.nodes[0]', /one data/],
  ['redis: {sentinel: {nodes: ["redis://a"]}}', 'redis.sentinel.master', /missing/],
  ['sessions: {devices: {App!: {policy: single}}}', 'sessions.devices["App!"]', /class name/],
  ['sessions: {devices: {app: {policy: many}}}', 'sessions.devices.app.policy', /one of single/],
  ['webhooks: [{url: "https://a"}]', 'webhooks[0].secret', /missing/],
  ['webhooks: [{url: "https://a", secret: s, events: [x]}]', 'webhooks[0].events[0]', /one of/],
  ['limits: {signIns: {rate: 5/d}}', 'limits.signIns.rate', /a rate such as/],
  ['limits: {signIns: "on"}', 'limits.signIns', /off or \{rate/],
  ['limits: {eventStreams: 0}', 'limits.eventStreams', /whole number from 1/],
  ['gateway: {rules: [{require: session}]}', 'gateway.rules[0].hosts', /missing/],
  ['gateway: {rules: [{hosts: [a], require: all}]}', 'gateway.rules[0].require', /none, session/],
  [
    'gateway: {rules: [{hosts: [a], require: {role: [x]}}]}',
    'gateway.rules[0].require.role',
    /Did you mean roles\?/,
  ],
  ['gateway: {rules: [{hosts: ["https://a"]}]}', 'gateway.rules[0].hosts[0]', /no scheme/],
  ['gateway: {rules: [{hosts: [a], bearer: x}]}', 'gateway.rules[0].bearer', /curfew, ignore/],
  // Rules between settings.
  [
    'tokens: {accessTtl: 59s}',
    'tokens.accessTtl',
    /less than twice tokens.refreshGrace \(30s\).*1m/,
  ],
  ['clients: [{id: a, accessTtl: 10s}]', 'clients[0].accessTtl', /less than twice/],
  [
    'sessions: {devices: {app: {policy: single, accessTtl: 20s}}}',
    'sessions.devices.app.accessTtl',
    /less than twice/,
  ],
  [
    'sessions: {devices: {app: {policy: single, limit: 3}}}',
    'sessions.devices.app.limit',
    /policy single has no limit/,
  ],
  [
    'sessions: {devices: {app: {policy: single}, service: {policy: single}}}',
    'sessions.devices.service',
    /clients' own/,
  ],
  ['sessions: {keepEnded: 1d}', 'sessions.keepEnded', /shorter than tokens.refreshTtl/],
  [
    'tokens: {claims: [email, sid]}',
    'tokens.claims[1]',
    /sid is a claim that Curfew itself writes/,
  ],
  ['clients: [{id: a}, {id: a}]', 'clients[1].id', /another client is called a/],
  ['clients: [{id: a, roles: [admin]}]', 'clients[0].roles', /needs a client that authenticates/],
  ['clients: [{id: a, roles: [ops]}]', 'clients[0].roles', /needs a client that authenticates/],
  [
    'clients: [{id: a, secret: s, roles: [issuer], mayGrant: [pilot, admin]}]',
    'clients[0].mayGrant[1]',
    /reserved/,
  ],
  ['clients: [{id: a, secret: s, mayGrant: [x]}]', 'clients[0].mayGrant', /only an issuer/],
  ['clients: [{id: a, secret: s, mayStartAdmins: true}]', 'clients[0].mayStartAdmins', /only an/],
  ['clients: [{id: a, secret: [s, s]}]', 'clients[0].secret[1]', /the same as the first/],
  ['clients: [{id: a, secret: [a, b, c]}]', 'clients[0].secret', /3 entries/],
  [
    'clients: [{id: a, secret: s, jwksUri: "https://a"}]',
    'clients[0].jwksUri',
    /authenticates in one way/,
  ],
  ['clients: [{id: a, jwksUri: "http://a.example"}]', 'clients[0].jwksUri', /loopback/],
  ['clients: [{id: a, jwks: {keys: [{kty: oct}]}}]', 'clients[0].jwks.keys[0]', /symmetric/],
  ['clients: [{id: a, jwks: {keys: [{}]}}]', 'clients[0].jwks.keys[0].kty', /missing/],
  ['clients: [{id: a, grants: [client_credentials]}]', 'clients[0].grants', /authenticates/],
  ['clients: [{id: a, grants: [token_exchange]}]', 'clients[0].grants', /authenticates/],
  ['clients: [{id: a, grants: [authorization_code]}]', 'clients[0].grants', /needs redirectUris/],
  ['clients: [{id: a, device: tv}]', 'clients[0].device', /no device class "tv".*app, web, pc/],
  ['clients: [{id: a, redirectUris: [/cb]}]', 'clients[0].redirectUris[0]', /not an absolute URI/],
  ['clients: [{id: a, redirectUris: ["https://a/ "]}]', 'clients[0].redirectUris[0]', /absolute/],
  ['clients: [{id: a, redirectUris: ["https://a/#x"]}]', 'clients[0].redirectUris[0]', /fragment/],
  ['clients: [{id: a, redirectUris: ["http://a.com/"]}]', 'clients[0].redirectUris[0]', /loopback/],
  ['clients: [{id: a, redirectUris: ["myapp:/cb"]}]', 'clients[0].redirectUris[0]', /no dot/],
  ['clients: [{id: a, redirectUris: ["https://*.a"]}]', 'clients[0].redirectUris[0]', /wildcard/],
  ['clients: [{id: a, origins: ["https://a/x"]}]', 'clients[0].origins[0]', /more than scheme/],
  ['cors: {origins: ["*"]}', 'cors.origins[0]', /not an origin/],
  ['users: [{match: "client:a", roles: [admin]}]', 'users[0].match', /not the uid of a person/],
  ['users: [{match: u, roles: [service]}]', 'users[0].roles[0]', /role of clients alone/],
  [
    'users: [{match: {idp: x, email: a@b.c}, roles: [admin]}]',
    'users[0].match.idp',
    /no identity provider "x"/,
  ],
  ['identityProviders: [{id: a, clientId: c}]', 'identityProviders[0].issuer', /missing/],
  [
    'identityProviders: [{id: a, clientId: c, issuer: "http://idp.example"}]',
    'identityProviders[0].issuer',
    /loopback/,
  ],
  [
    'identityProviders: [{id: a, clientId: c, preset: google, scopes: [email]}]',
    'identityProviders[0].scopes',
    /openid is not among them/,
  ],
  [
    'identityProviders: [{id: a, clientId: c, preset: google}, {id: a, clientId: c, preset: gitlab}]',
    'identityProviders[1].id',
    /another provider/,
  ],
  [
    'identityProviders: [{id: a, clientId: c, preset: google, uid: "{{ sub"}]',
    'identityProviders[0].uid',
    /do not pair/,
  ],
  [
    'identityProviders: [{id: a, clientId: c, preset: google, uid: me}]',
    'identityProviders[0].uid',
    /all users would be one/,
  ],
  [
    'identityProviders: [{id: a, clientId: c, preset: google, exchangeAudiences: [c]}]',
    'identityProviders[0].exchangeAudiences[0]',
    /rule 32/,
  ],
  [
    'identityProviders: [{id: a, clientId: c, preset: google, ca: "-----BEGIN CERTIFICATE-----\\nMIIB"}]',
    'identityProviders[0].ca',
    /can be read/,
  ],
  [
    'identityProviders: [{id: a, clientId: c, preset: google, maxRefreshTokenAge: -1s}]',
    'identityProviders[0].maxRefreshTokenAge',
    /"-1s" is not a duration/,
  ],
  ['gateway: {cookie: {domain: other.com}}', 'gateway.cookie.domain', /does not cover/],
  ['gateway: {cookie: {domain: com}}', 'gateway.cookie.domain', /too wide/],
  ['gateway: {headers: {X_User: "{{ uid }}"}}', 'gateway.headers.X_User', /forged/],
  [
    'gateway: {headers: {X-User: "{{ user }}"}}',
    'gateway.headers.X-User',
    /no value called "user"/,
  ],
  ['gateway: {headers: {X-U: "{{ uid | up }}"}}', 'gateway.headers.X-U', /no filter called "up"/],
  [
    `gateway: {headers: {X-U: "{{ roles | join(', | ') | up('a|b') }}"}}`,
    'gateway.headers.X-U',
    /no filter called "up\('a\|b'\)"/,
  ],
  ['gateway: {rules: [{hosts: ["[1::2::3]"]}]}', 'gateway.rules[0].hosts[0]', /no IPv6 address/],
  ['gateway: {returnTo: ["[::g]"]}', 'gateway.returnTo[0]', /not a host/],
  ['gateway: {rules: [{hosts: [a], idp: x}]}', 'gateway.rules[0].idp', /no identity provider/],
  [
    'gateway: {rules: [{hosts: ["*.a.b"]}, {hosts: [x.a.b], require: none}]}',
    'gateway.rules[1]',
    /never asked/,
  ],
  [
    'gateway: {rules: [{hosts: [a], bearer: {issuers: [{issuer: "http://idp.example.com", audience: x}]}}]}',
    'gateway.rules[0].bearer.issuers[0].issuer',
    /loopback/,
  ],
  [
    'gateway: {rules: [{hosts: [a], bearer: {issuers: [{issuer: "https://idp.example.com/?a=1", audience: x}]}}]}',
    'gateway.rules[0].bearer.issuers[0].issuer',
    /query or a fragment/,
  ],
  [
    'gateway: {rules: [{hosts: [a], bearer: {issuers: [{issuer: "https://auth.example.com", audience: x}]}}]}',
    'gateway.rules[0].bearer.issuers[0].issuer',
    /die with their session.*bearer: curfew/,
  ],
  [
    'gateway: {rules: [{hosts: [a], bearer: {issuers: [{issuer: "https://auth.example.com/", audience: x}]}}]}',
    'gateway.rules[0].bearer.issuers[0].issuer',
    /die with their session/,
  ],
  ['revocation: {pullInterval: 1m}', 'revocation.maxStaleness', /shorter than pullInterval/],
  ['revocation: {pullInterval: 2h, maxStaleness: 1d}', 'revocation.pullInterval', /longer than 1h/],
  ['store: "sqlite::memory:"', 'store', /forget/],
  ['webhooks: [{url: "ftp://a", secret: s}]', 'webhooks[0].url', /not an http/],
  ['webhooks: [{url: "https://a", secret: whsec_x}]', 'webhooks[0].secret', /bytes in base64/],
  ['webhooks: [{url: "https://a", secret: [s, "whsec_?"]}]', 'webhooks[0].secret', /base64/],
  [
    'webhooks: [{url: "https://a", secret: s}, {url: "https://a", secret: t}]',
    'webhooks[1].url',
    /twice/,
  ],
]

describe('scenario G02: a wrong setting is reported with its path', () => {
  test.each(wrong)('%s', (text, path, says) => {
    const found = mistakes(base + text)
    expect(found.map((mistake) => mistake.path)).toEqual([path])
    expect(`${found[0]?.problem}. ${found[0]?.fix}`).toMatch(says)
  })
})

const wrongServers: readonly (readonly [text: string, path: string, says: RegExp])[] = [
  ['publicUrl: "http://auth.example.com"', 'server.publicUrl', /only a loopback host/],
  ['publicUrl: "https://a/?x"', 'server.publicUrl', /query or a fragment/],
  ['publicUrl: "https://a/#"', 'server.publicUrl', /query or a fragment/],
  ['publicUrl: "https://u:p@a/"', 'server.publicUrl', /user name or password/],
  ['publicUrl: auth.example.com', 'server.publicUrl', /is not a URL/],
  ['publicUrl: " https://a"', 'server.publicUrl', /is not a URL/],
  ['publicUrl: "https://a/b c"', 'server.publicUrl', /is not a URL/],
  ['publicUrl: "ftp://a"', 'server.publicUrl', /neither https nor http/],
  ['listen: ":4455"', 'server.publicUrl', /missing/],
  ['publicUrl: "https://a", listen: "4455"', 'server.listen', /is not an address such as/],
  ['publicUrl: "https://a", listen: "1.2.3:80"', 'server.listen', /not an address and a port/],
  ['publicUrl: "https://a", listen: "a:70000"', 'server.listen', /not an address and a port/],
  [
    'publicUrl: "https://a", metricsListen: "127.0.0.1:4455"',
    'server.metricsListen',
    /another listener/,
  ],
  ['publicUrl: "https://a", trustedProxies: [10.0.0.0/33]', 'server.trustedProxies[0]', /CIDR/],
  ['publicUrl: "https://a", trustedProxies: [proxy]', 'server.trustedProxies[0]', /CIDR/],
  ['publicUrl: "https://a", workers: 2', 'server.workers', /one process as its writer/],
  ['publicUrl: "https://a", shutdownDelay: 11m', 'server.shutdownDelay', /longer than 10m/],
]

describe('a wrong server is reported with its path', () => {
  test.each(wrongServers)('%s', (text, path, says) => {
    const found = mistakes(`server: {${text}}\nsecrets: [${secret}]`)
    const mistake = found.find((each) => each.path === path)
    expect(`${mistake?.problem}. ${mistake?.fix}`).toMatch(says)
  })
})

describe('scenario G01: secrets', () => {
  const server = 'server: {publicUrl: "https://auth.example.com"}\n'

  test.each([
    ['', 'secrets', /it is missing/],
    ['secrets: []', 'secrets', /it is empty/],
    ['secrets: [short]', 'secrets[0]', /32 bytes in base64url.*curfew secret new/],
    [`secrets: ["${secret}="]`, 'secrets[0]', /32 bytes/],
    [`secrets: [${secret}, ${secret}]`, 'secrets[1]', /twice/],
    ['secrets: short-of-a-list', 'secrets', /this text is not a list of secrets/],
  ])('%s', (text, path, says) => {
    const [mistake] = mistakes(server + text)
    expect(mistake?.path).toBe(path)
    expect(`${mistake?.problem}. ${mistake?.fix}`).toMatch(says)
    expect(JSON.stringify(mistake)).not.toContain('short')
  })
})

test.each([
  'redis: {cluster: "redis://:hunter2@a"}',
  'redis: {sentinel: {master: m, nodes: "redis://:hunter2@a"}}',
  'identityProviders: [{id: a, clientId: c, issuer: "https://u:hunter2@a b"}]',
  'clients: [{id: a, jwksUri: "https://u:hunter2@a b"}]',
])('what stands in the wrong place or cannot be read may be a secret: %s', (text) => {
  const found = mistakes(base + text)
  expect(found).toHaveLength(1)
  expect(JSON.stringify(found)).not.toContain('hunter2')
})

test.each(['https://auth.example.com:443', 'HTTPS://AUTH.example.com/'])(
  "rule 15 audience: Curfew's own, written as %s",
  (own) => {
    const bearer = `{issuers: [{issuer: "${own}", audience: x}]}`
    const text = `gateway: {rules: [{hosts: [a.example], audience: "${own}", bearer: ${bearer}}]}`
    expect(mistakes(base + text).map(({ path }) => path)).toEqual([
      'gateway.rules[0].bearer.issuers[0].issuer',
      'gateway.rules[0].audience',
    ])
  },
)

test.each([
  'rules: [{hosts: [a.example], methods: [PROPFIND, VERSION-CONTROL]}]',
  `headers: {X-Groups: '{{ roles | join(" | ") }}', X-Name: "{{ claims.name | default: '}}' }}"}`,
])('the gateway takes %s', (text) => {
  expect(mistakes(`${base}gateway: {${text}}`)).toEqual([])
})

test('scenario D07: a bundle of certificates that can all be read is taken', () => {
  const ca = JSON.stringify(`a comment\n${privateAuthority}\n${privateAuthority}\n`)
  const text = `identityProviders: [{id: a, clientId: c, preset: google, ca: ${ca}}]`
  expect(mistakes(base + text)).toEqual([])
  const cut = JSON.stringify(`${privateAuthority}\n${privateAuthority.slice(0, 200)}`)
  expect(mistakes(base + text.replace(ca, cut))).toMatchObject([
    { path: 'identityProviders[0].ca' },
  ])
})

test.each([
  'sessions: {absoluteTtl: 1d}',
  'sessions: {absoluteTtl: 1m}',
  'sessions: {devices: {app: {policy: single, absoluteTtl: 1h}}}',
])('%s needs no idleTtl beside it', (text) => {
  expect(mistakes(base + text)).toEqual([])
})

test.each(['999999d', '999999999m', '999999h'])(
  'scenario G04: %s overflows nothing, and is a date',
  (duration) => {
    const text = `sessions: {absoluteTtl: ${duration}, idleTtl: ${duration}, keepEnded: ${duration}}`
    const result = parseConfig(base + text, { env: {}, readFile: noFile })
    if (result.kind === 'invalid') throw new Error(JSON.stringify(result.mistakes))
    const { absoluteTtlMs } = result.config.sessions
    expect(Number.isSafeInteger(absoluteTtlMs)).toBe(true)
    expect(new Date(Date.now() + absoluteTtlMs).toISOString()).toMatch(/^\+?\d/)
  },
)

describe('loading', () => {
  test('reports every mistake at once, each with its line', () => {
    const found = mistakes(
      [
        'server:',
        '  publicUrl: http://auth.example.com',
        'secrets: [x]',
        'clients:',
        '  - id: a',
        '    secret: ${NOT_SET}',
        '    mayGrnat: [pilot]',
        '  - id: a',
        'tokens: { accessTtl: 10s, refreshGrace: soon }',
      ].join('\n'),
    )
    expect(found.map(({ path, line }) => `${line} ${path}`).toSorted()).toEqual([
      '2 server.publicUrl',
      '3 secrets[0]',
      '6 clients[0].secret',
      '7 clients[0].mayGrnat',
      '8 clients[1].id',
      '9 tokens.accessTtl',
      '9 tokens.refreshGrace',
    ])
  })

  test('a syntax error has its line and column, and nothing of the file', () => {
    const [mistake] = mistakes('server:\n  publicUrl: "unfinished hunter2\n')
    expect(mistake).toMatchObject({ path: '', line: 3 })
    expect(mistake?.problem).toMatch(/^line 3, column 1: this is not YAML: /)
    expect(mistake?.problem).not.toContain('hunter2')
  })

  test('a key that stands twice is an error', () => {
    expect(mistakes(`${base}store: sqlite:a\nstore: sqlite:b`)[0]?.problem).toMatch(/duplicate key/)
  })

  test.each(['', '# nothing', '[]', 'text'])('%j is no configuration', (text) => {
    expect(mistakes(text)[0]?.problem).toBe('the file holds no settings')
  })

  test('a key without a value counts as left out', () => {
    expect(mistakes(`${base}clients:\ntokens:\n  accessTtl:\n`)).toEqual([])
  })

  test('JSON is read as well', () => {
    const text = JSON.stringify(
      { server: { publicUrl: 'https://a' }, secrets: [secret] },
      null,
      '\t',
    )
    expect(mistakes(text)).toEqual([])
  })

  test('the starter configuration loads as soon as its secret is given', () => {
    expect(mistakes(starterConfig, { CURFEW_SECRET: newSecret() })).toEqual([])
    expect(mistakes(starterConfig).map(({ path }) => path)).toEqual(['secrets[0]'])
  })

  test('what it shows in comments loads, too', () => {
    // But for the other store: a key may stand only once.
    const shown = starterConfig.replace(/^( *)# (?=(?!store)[A-Za-z]+:| {2})/gm, '$1')
    const names = ['CURFEW', 'BACKEND', 'SERVICES', 'IDP'].map((name) => `${name}_SECRET`)
    const env = Object.fromEntries(names.map((name) => [name, newSecret()]))
    expect(mistakes(shown, env)).toEqual([])
  })

  test('whatever the file holds, reading gives a value of the right shape and never throws', () => {
    const keys = fc.constantFrom(...Object.keys(configNode.properties ?? {}))
    const samples: readonly unknown[] = [
      ...['5m', 'off', 0, [], {}, [null], { id: 'a' }, [{ id: 'a', secret: [] }], { cluster: [] }],
      ...[{ rules: [{}] }, { rules: [{ hosts: [], require: {}, bearer: { issuers: [] } }] }],
      ...[{ devices: { app: 1, web: {} } }, [{ match: {}, roles: [] }], { sentinel: {} }],
      ...[[{ jwks: {}, redirectUris: [''] }], { signIns: {} }, { publicUrl: 'x', listen: ':' }],
    ]
    const values = fc.oneof(fc.jsonValue(), fc.constantFrom(...samples))
    fc.assert(
      fc.property(fc.dictionary(keys, values), (value) => {
        const findings = new Findings()
        const read = readValue(configNode, value, [], { findings, originOf: () => undefined })
        if (!Check(configSchema, read)) throw new Error('the shape is wrong')
        checkRules(read, findings)
      }),
      { numRuns: 300 },
    )
  })
})

describe('where the configuration comes from', () => {
  const files: Readonly<Record<string, string>> = {
    'flag.yaml': `${base}store: sqlite:flag`,
    'env.yaml': `${base}store: sqlite:env`,
    './curfew.yaml': `${base}store: sqlite:here`,
  }
  const readFile = (path: string) => files[path] ?? noFile()
  const env = { CURFEW_CONFIG: 'env.yaml', CURFEW_CONFIG_YAML: `${base}store: sqlite:text` }

  test.each([
    [{ file: 'flag.yaml', env }, 'flag.yaml', 'flag'],
    [{ env }, 'env.yaml', 'env'],
    [{ env: { ...env, CURFEW_CONFIG: '' } }, 'CURFEW_CONFIG_YAML', 'text'],
    [{ env: {} }, './curfew.yaml', 'here'],
  ])('%j', (inputs, source, path) => {
    const result = loadConfig({ ...inputs, readFile })
    expect(result).toMatchObject({ kind: 'loaded', source, config: { store: { path } } })
  })

  test('a file that is named and missing is a mistake, not a reason to look elsewhere', () => {
    const result = loadConfig({ file: 'gone.yaml', env, readFile })
    expect(result).toMatchObject({
      kind: 'invalid',
      source: 'gone.yaml',
      mistakes: [{ problem: 'the file cannot be read (ENOENT)' }],
    })
  })
})
