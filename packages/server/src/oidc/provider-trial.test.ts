import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { instant, Secret } from '#domain'
import { privateAuthority, serverCertificate, serverKey } from '#test/oidc/certificates.ts'
import { json, openidPath } from '#test/oidc/foreign-issuer.ts'
import { startForwardProxy } from '#test/oidc/forward-proxy.ts'
import { tryProvider } from './provider-trial.ts'
import type { ProviderSettings, ProxyEnvironment } from './settings.ts'

const key = { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'k1' }

interface Place {
  readonly issuer: string
  /** What takes the place of a document, by path. */
  readonly answers: Map<string, (response: ServerResponse) => void>
  metadata: Record<string, unknown>
}

async function provider(secure = false, host = '127.0.0.1'): Promise<Place> {
  const answer: RequestListener = (request, response) => {
    const own = place.answers.get(request.url ?? '')
    if (own !== undefined) own(response)
    else if (request.url === openidPath) json(response, complete(place))
    else if (request.url === '/jwks') json(response, { keys: [key] })
    else response.writeHead(404).end()
  }
  const tls = { key: serverKey, cert: serverCertificate }
  const server = secure ? createSecureServer(tls, answer) : createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const issuer = `${secure ? 'https' : 'http'}://${host}:${port}`
  const place: Place = { issuer, answers: new Map(), metadata: {} }
  return place
}

function complete({ issuer, metadata }: Place): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    end_session_endpoint: `${issuer}/end`,
    revocation_endpoint: `${issuer}/revoke`,
    backchannel_logout_supported: true,
    ...metadata,
  }
}

function trial(settings: Partial<ProviderSettings>, proxyEnv: ProxyEnvironment = {}) {
  const defaults: ProviderSettings = {
    id: 'main',
    issuer: 'https://idp.example.com',
    internalUrl: null,
    ca: null,
    preset: 'generic',
    clientId: 'curfew',
    auth: { kind: 'secret', secret: new Secret('hunter2') },
    scopes: ['openid'],
    uid: '{{ idp }}:{{ sub }}',
    rolesClaims: ['roles'],
    claimsFrom: ['id_token'],
    trustEmail: false,
    maxRefreshTokenAgeMs: null,
    graceOnFaultMs: 300_000,
    exchangeAudiences: [],
    timeoutMs: 5000,
    allow: { domains: [], users: [], roles: [], claims: {} },
  }
  const clock = { now: () => instant(1_767_225_600_000) }
  return tryProvider({ settings: { ...defaults, ...settings }, proxyEnv, clock })
}

/** Problem and remedy as one text. */
async function fault(asking: ReturnType<typeof trial>): Promise<string> {
  const result = await asking
  return result.kind === 'faulty' ? `${result.problem}; ${result.fix}` : result.kind
}

describe('a provider that is there', () => {
  test('is found, and lacks nothing', async () => {
    const { issuer } = await provider()
    expect(await trial({ issuer })).toEqual({ kind: 'found', issuer, lacks: [] })
  })

  test('is found without what sign-in can do without, which is told', async () => {
    const place = await provider()
    const lacks = ['end_session_endpoint', 'revocation_endpoint', 'backchannel_logout_supported']
    place.metadata = Object.fromEntries(lacks.map((name) => [name, undefined]))
    expect(await trial({ issuer: place.issuer })).toMatchObject({ kind: 'found', lacks })
    place.metadata = { backchannel_logout_supported: false, jwks_uri: undefined }
    expect(await trial({ issuer: place.issuer })).toMatchObject({
      lacks: ['jwks_uri', 'backchannel_logout_supported'],
    })
  })

  test('is reached with its own authority, at its internal address and through the proxy', async () => {
    const { issuer } = await provider(true)
    const ca = privateAuthority
    expect(await trial({ issuer, ca })).toMatchObject({ kind: 'found' })
    const proxy = await startForwardProxy()
    expect(await trial({ issuer, ca }, { HTTPS_PROXY: proxy.url })).toMatchObject({ kind: 'found' })
    expect(proxy.asked).toHaveLength(2)
    const inside = await provider()
    inside.metadata = { issuer: 'https://idp.example.com' }
    expect(await trial({ internalUrl: inside.issuer })).toMatchObject({
      issuer: 'https://idp.example.com',
    })
  })

  test('without metadata is at least reached', async () => {
    const { issuer } = await provider()
    const lacks = ['end_session_endpoint', 'revocation_endpoint', 'jwks_uri']
    expect(await trial({ preset: 'github', issuer })).toMatchObject({
      lacks: [...lacks, 'backchannel_logout_supported'],
    })
    const nobody = { preset: 'github', issuer: 'http://127.0.0.1:1' } as const
    expect(await fault(trial(nobody))).toContain('ECONNREFUSED')
  })
})

describe('what is wrong, and what to do', () => {
  test('nobody is there', async () => {
    expect(await fault(trial({ issuer: 'http://127.0.0.1:1' }))).toMatch(
      /127\.0\.0\.1:1 was not reached: ECONNREFUSED; mend `issuer`/,
    )
    expect(await fault(trial({ internalUrl: 'http://127.0.0.1:1' }))).toContain('`internalUrl`')
    expect(await fault(trial({ issuer: 'https://idp.invalid' }))).toContain('idp.invalid was not')
  })

  test('it takes too long', async () => {
    const { issuer, answers } = await provider()
    answers.set(openidPath, () => undefined)
    expect(await fault(trial({ issuer, timeoutMs: 100 }))).toContain('time-out')
  })

  test('its certificate is not trusted', async () => {
    const { issuer } = await provider(true)
    expect(await fault(trial({ issuer }))).toMatch(/not trusted; give the authority .* as `ca: /)
    const wrong = await fault(trial({ issuer, ca: serverCertificate }))
    expect(wrong).toMatch(/not trusted; its `ca` is of another authority/)
    // The certificate is for 127.0.0.1.
    const elsewhere = await provider(true, '127.0.0.2')
    const named = await fault(trial({ issuer: elsewhere.issuer, ca: privateAuthority }))
    expect(named).toMatch(/certificate is for another host: mend `issuer`/)
  })

  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'
  test.each([broken, `${privateAuthority}\n${broken}`, 'hunter2', ''])(
    'its `ca` is none, or not all of it (%j)',
    async (ca) => {
      expect(await fault(trial({ ca }))).toMatch(/`ca` holds .* cannot be read; write `ca: /)
    },
  )

  test('it calls itself otherwise: both names are told, and nothing moves the cursor', async () => {
    const place = await provider()
    place.metadata = { issuer: 'https://login.example.com/tenant' }
    const told = await fault(trial({ issuer: place.issuer }))
    expect(told).toContain(place.issuer)
    expect(told).toContain('it calls itself "https://login.example.com/tenant"')
    expect(told).toContain('`issuer: "https://login.example.com/tenant"`')
    place.metadata = { issuer: 'https://x/\u001B[2J' }
    expect(await fault(trial({ issuer: place.issuer }))).not.toContain('\u001B')
  })

  test('there is no metadata, or none that serves', async () => {
    const wrong: readonly [(response: ServerResponse) => void, RegExp][] = [
      [(answer) => answer.writeHead(404).end(), /answered with 404; mend `issuer`/],
      [(answer) => answer.writeHead(302, { location: '/' }).end(), /answered with 302/],
      [(answer) => answer.writeHead(200).end('<p>'), /no metadata in JSON; mend `issuer`/],
      [(answer) => json(answer, {}), /names no issuer/],
    ]
    for (const [answer, says] of wrong) {
      const { issuer, answers } = await provider()
      answers.set(openidPath, answer)
      expect(await fault(trial({ issuer }))).toMatch(says)
    }
    const place = await provider()
    place.metadata = { token_endpoint: undefined }
    expect(await fault(trial({ issuer: place.issuer }))).toContain('no token_endpoint')
  })

  test('its keys cannot be read', async () => {
    const wrong: readonly [(response: ServerResponse) => void, string][] = [
      [(answer) => answer.writeHead(503).end(), 'it answered 503'],
      [(answer) => answer.end('<p>'), 'it is not JSON'],
      [(answer) => json(answer, { keys: [] }), 'no key'],
      [(answer) => answer.destroy(), 'gave no answer'],
    ]
    for (const [answer, says] of wrong) {
      const { issuer, answers } = await provider()
      answers.set('/jwks', answer)
      expect(await fault(trial({ issuer }))).toContain(says)
    }
  })

  test('our own key there is none', async () => {
    const auth = { kind: 'privateKey', key: new Secret('{"d":"hunter2" x') } as const
    const told = await fault(trial({ auth }))
    expect(told).toMatch(/privateKey .* not JSON; write an RSA, EC or Ed25519 key/)
    expect(told).not.toContain('hunter2')
  })

  test('the proxy refuses, or may be what cannot be reached', async () => {
    const { issuer } = await provider(true)
    const proxy = await startForwardProxy()
    proxy.tunnels = 'refused'
    expect(await fault(trial({ issuer }, { HTTPS_PROXY: proxy.url }))).toContain('NO_PROXY')
    const gone = await fault(trial({ issuer }, { HTTPS_PROXY: 'http://u:hunter2@127.0.0.1:1' }))
    expect(gone).toContain('HTTPS_PROXY is set')
    expect(gone).not.toContain('hunter2')
  })
})
