/* Errors, health, metrics and the published documents (API.md, sections 3, 8 and 9). */
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  type Answer,
  asList,
  asObject,
  asText,
  clients,
  eventually,
  freshUid,
  headerOf,
  type Login,
  publicClient,
  startCurfew,
  stores,
  useCurfew,
} from '#test/harness/index.ts'

const routes = [
  'DELETE /sessions/{sid}',
  'GET /.well-known/jwks.json',
  'GET /.well-known/oauth-authorization-server',
  'GET /.well-known/openid-configuration',
  'GET /admin/sessions',
  'GET /healthz',
  'GET /metrics',
  'GET /readyz',
  'GET /sessions',
  'GET /sessions/revoked',
  'GET /sessions/revoked/stream',
  'GET /sessions/{sid}',
  'GET /users/{uid}/fence',
  'GET /users/{uid}/sessions',
  'PATCH /sessions/{sid}',
  'PATCH /users/{uid}',
  'POST /logout',
  'POST /logout/all',
  'POST /logout/others',
  'POST /oauth/introspect',
  'POST /oauth/revoke',
  'POST /oauth/token',
  'POST /sessions',
  'POST /sessions/{sid}/revoke',
  'POST /users/{uid}/disable',
  'POST /users/{uid}/enable',
  'POST /users/{uid}/revoke',
]

function expectProblem(answer: Answer, status: number, what: string): void {
  expect(answer.status, `${what}: ${answer.text}`).toBe(status)
  expect(answer.type, what).toBe('application/problem+json')
  const { body } = answer
  expect(body['status'], what).toBe(status)
  expect(body['code'], what).toMatch(/^[a-z0-9_]+$/)
  expect(body['type'], what).toBe(`urn:curfew:problem:${asText(body['code'])}`)
  expect(body['title'], what).toEqual(expect.any(String))
  expect(body['detail'], what).toEqual(expect.any(String))
  expect(answer.text, what).not.toMatch(/node_modules|\.ts:\d+|\n\s+at /)
}

/** The samples of one metric: label text to value. */
function samples(text: string, name: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(\{[^}]*\})? ([^ ]+)/.exec(line)
    if (match?.[1] === name) found.set(match[2] ?? '', Number(match[3]))
  }
  return found
}

describe.each(stores)('operating on %s', (store) => {
  const house = useCurfew({ store, config: { revocation: { pullInterval: '200ms' } } })
  const { api } = house

  const started = (): Promise<Login> => api.start({ uid: freshUid(), device: 'web' })

  test('every error is problem JSON with its code', async () => {
    const { accessToken } = await started()
    const as = clients.backend
    expectProblem(await api.get('/sessions'), 401, 'no token')
    expectProblem(await api.get('/sessions', { as: 'garbage' }), 401, 'garbage')
    expectProblem(await api.get('/admin/sessions', { as: accessToken }), 403, 'no admin')
    expectProblem(await api.get('/no/such/path'), 404, 'unknown path')
    expectProblem(
      await api.get(`/sessions/${'x'.repeat(64)}`, { as: clients.operator }),
      404,
      'sid',
    )
    const invalid = await api.post('/sessions', { as, json: { uid: 7 } })
    expectProblem(invalid, 400, 'wrong type')
    for (const error of asList(invalid.body['errors']).map((one) => asObject(one))) {
      expect(JSON.stringify(error)).toMatch(/"\/?uid|"#?\/uid/)
    }
    const broken = { as, raw: { type: 'application/json', body: '{"uid": ' } }
    expectProblem(await api.post('/sessions', broken), 400, 'broken JSON')
    const list = { as, raw: { type: 'application/json', body: '[]' } }
    expectProblem(await api.post('/sessions', list), 400, 'a list')
    const xml = { as, raw: { type: 'application/xml', body: '<a/>' } }
    expectProblem(await api.post('/sessions', xml), 415, 'XML')
    const big = { as, json: { uid: 'x', device_name: 'x'.repeat(2_000_000) } }
    expectProblem(await api.post('/sessions', big), 413, 'too big')
    const method = await api.send('PUT', '/sessions', { as })
    expect([404, 405]).toContain(method.status)
  })

  test('an empty body counts as {}, also with a content type', async () => {
    for (const options of [
      {},
      { json: {} },
      { raw: { type: 'application/json', body: '' } },
      // What curl -d '' sends.
      { raw: { type: 'application/x-www-form-urlencoded', body: '' } },
    ]) {
      const login = await started()
      const answer = await api.post('/logout', { as: login.accessToken, ...options })
      expect(answer.status, `${JSON.stringify(options)} ${answer.text}`).toBe(200)
    }
    const unknown = await api.post('/logout/all', {
      as: (await started()).accessToken,
      json: { colour: 'red' },
    })
    expectProblem(unknown, 400, 'unknown member')
  })

  test('a member with a prototype’s name is unknown like any other', async () => {
    const raw = {
      type: 'application/json',
      body: '{"uid":"x","device":"web","__proto__":{"roles":["admin"]}}',
    }
    expect((await api.post('/sessions', { as: clients.backend, raw })).status).toBe(400)
    const device = await api.tryStart({ uid: freshUid(), device: 'constructor' })
    expect(device.status).toBe(400)
  })

  test('healthz says alive, readyz ready and names its dependencies', async () => {
    expect((await api.get('/healthz')).status).toBe(200)
    const ready = await api.get('/readyz')
    expect(ready.status, ready.text).toBe(200)
    expect(ready.text).toMatch(/store/)
    expect(ready.text).toMatch(/feed|tail/)
  })

  test('metrics stand at zero from the start, with bounded labels', async () => {
    const fresh = await startCurfew({ store })
    try {
      const answer = await fresh.api.get('/metrics')
      expect(answer.status).toBe(200)
      expect(answer.type).toBe('text/plain')
      const logouts = samples(answer.text, 'curfew_logout_total')
      for (const result of ['ok', 'already_revoked', 'token_fail', 'kick_fail', 'revoke_fail']) {
        expect(logouts.get(`{result="${result}"}`), result).toBe(0)
      }
      const refreshes = samples(answer.text, 'curfew_refresh_total')
      expect(refreshes.size).toBeGreaterThan(2)
      expect([...refreshes.values()].every((value) => value === 0)).toBe(true)
      expect(samples(answer.text, 'curfew_swap_conflicts_total').get('')).toBe(0)
      expect(samples(answer.text, 'curfew_feed_lag_seconds').size).toBe(1)
    } finally {
      await fresh.close()
    }
  })

  test('S121: each outcome raises its series by one, and no user stands in a label', async () => {
    const login = await started()
    const counts = async (): Promise<string> => (await api.get('/metrics')).text
    const before = await counts()
    const next = await api.refreshed(login)
    await api.logout(next.accessToken)
    await api.logout(next.accessToken)
    const after = await counts()
    const raised = (name: string, labels: string): number =>
      (samples(after, name).get(labels) ?? 0) - (samples(before, name).get(labels) ?? 0)
    expect(raised('curfew_logout_total', '{result="ok"}')).toBe(1)
    expect(raised('curfew_logout_total', '{result="already_revoked"}')).toBe(1)
    const sum = (text: string): number =>
      [...samples(text, 'curfew_refresh_total').values()].reduce((total, one) => total + one, 0)
    expect(sum(after) - sum(before)).toBe(1)
    for (const secret of [login.uid, login.sid, '127.0.0.1', '/sessions/']) {
      expect(after).not.toContain(secret)
    }
    const names = [...after.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1])
    const foreign = names.filter((name) => !name?.startsWith('curfew_'))
    expect(foreign).toEqual([])
  })

  test('metrics are 404 to what came through a proxy', async () => {
    for (const name of ['x-forwarded-for', 'x-forwarded-host', 'forwarded', 'x-real-ip', 'via']) {
      const answer = await api.get('/metrics', { headers: { [name]: '203.0.113.1' } })
      expect(answer.status, name).toBe(404)
    }
    expect((await api.get('/metrics')).status).toBe(200)
  })

  test('metricsListen moves the metrics to a listener of their own', async () => {
    const { freePort } = await import('../services/index.ts')
    const port = await freePort()
    const server = { metricsListen: `127.0.0.1:${port}` }
    const curfew = await startCurfew({ store, config: { server } })
    try {
      expect((await curfew.api.get('/metrics')).status).toBe(404)
      const own = await fetch(`http://127.0.0.1:${port}/metrics`)
      expect(own.status).toBe(200)
      expect(await own.text()).toContain('curfew_logout_total')
    } finally {
      await curfew.close()
    }
  })

  test('the published keys verify an access token (RFC 9068)', async () => {
    const { accessToken, uid } = await started()
    expect(headerOf(accessToken)).toMatchObject({ typ: 'at+jwt', alg: 'ES256' })
    const keys = createRemoteJWKSet(new URL(`${house.curfew.url}/.well-known/jwks.json`))
    const { payload } = await jwtVerify(accessToken, keys, {
      issuer: house.curfew.issuer,
      audience: 'https://api.example.com',
      typ: 'at+jwt',
      algorithms: ['ES256'],
    })
    expect(payload.sub).toBe(uid)
    const published = await api.get('/.well-known/jwks.json')
    expect(published.status).toBe(200)
    for (const key of asList(published.body['keys']).map((one) => asObject(one))) {
      expect(Object.keys(key)).toEqual(expect.arrayContaining(['kty', 'kid', 'alg', 'use']))
      for (const secret of ['d', 'p', 'q', 'k', 'dp', 'dq', 'qi']) {
        expect(key).not.toHaveProperty(secret)
      }
    }
  })

  test.each(['EdDSA', 'RS256'])('with algorithm %s too', async (algorithm) => {
    const curfew = await startCurfew({ store, config: { tokens: { algorithm } } })
    try {
      const { accessToken } = await curfew.api.start({ uid: freshUid(), device: 'web' })
      const keys = createRemoteJWKSet(new URL(`${curfew.url}/.well-known/jwks.json`))
      expect(['EdDSA', 'Ed25519', 'RS256']).toContain(headerOf(accessToken)['alg'])
      await jwtVerify(accessToken, keys, { issuer: curfew.issuer, typ: 'at+jwt' })
      expect(await curfew.api.works(accessToken)).toBe(true)
    } finally {
      await curfew.close()
    }
  })

  test('the metadata documents name what is there (RFC 8414, OpenID Connect Discovery)', async () => {
    const { issuer } = house.curfew
    const oauth = (await api.get('/.well-known/oauth-authorization-server')).body
    const openid = (await api.get('/.well-known/openid-configuration')).body
    for (const document of [oauth, openid]) {
      expect(document).toMatchObject({
        issuer,
        token_endpoint: `${issuer}/oauth/token`,
        jwks_uri: `${issuer}/.well-known/jwks.json`,
        revocation_endpoint: `${issuer}/oauth/revoke`,
        introspection_endpoint: `${issuer}/oauth/introspect`,
      })
      for (const name of [
        'response_types_supported',
        'grant_types_supported',
        'token_endpoint_auth_methods_supported',
      ]) {
        expect(Array.isArray(document[name]), name).toBe(true)
      }
      expect(document['grant_types_supported']).toEqual(
        expect.arrayContaining(['refresh_token', 'client_credentials']),
      )
    }
    for (const name of ['subject_types_supported', 'id_token_signing_alg_values_supported']) {
      expect(Array.isArray(openid[name]), name).toBe(true)
    }
  })

  test('every route of this server stands in /openapi.json', async () => {
    const { body } = await api.get('/openapi.json')
    expect(String(body['openapi'])).toMatch(/^3\./)
    const listed: string[] = []
    for (const [path, methods] of Object.entries(asObject(body['paths']))) {
      for (const method of Object.keys(asObject(methods))) {
        listed.push(`${method.toUpperCase()} ${path}`)
      }
    }
    expect(listed).toEqual(expect.arrayContaining(routes))
  })

  test('publicUrl may have a path: all routes lie below it', async () => {
    const { freePort } = await import('../services/index.ts')
    const port = await freePort()
    const server = { publicUrl: `http://127.0.0.1:${port}/auth`, listen: `127.0.0.1:${port}` }
    const curfew = await startCurfew({ store, config: { server } })
    try {
      expect(curfew.url).toBe(`http://127.0.0.1:${port}/auth`)
      const login = await curfew.api.start({ uid: freshUid(), device: 'web' })
      expect(await curfew.api.works(login.accessToken)).toBe(true)
      const outside = await fetch(`http://127.0.0.1:${port}/sessions`)
      expect(outside.status).toBe(404)
      const { body } = await curfew.api.get('/.well-known/oauth-authorization-server')
      expect(body['token_endpoint']).toBe(`${curfew.issuer}/oauth/token`)
      // RFC 8414, section 3.1: the well-known part goes between host and path.
      const inserted = await fetch(
        `http://127.0.0.1:${port}/.well-known/oauth-authorization-server/auth`,
      )
      expect(inserted.status).toBe(200)
    } finally {
      await curfew.close()
    }
  })

  test('CORS answers the configured origins only', async () => {
    const curfew = await startCurfew({
      store,
      config: { cors: { origins: ['https://spa.example.com'] } },
    })
    try {
      const ask = (origin: string) =>
        curfew.api.send('OPTIONS', '/oauth/token', {
          headers: { origin, 'access-control-request-method': 'POST' },
        })
      const good = await ask('https://spa.example.com')
      expect(good.headers.get('access-control-allow-origin')).toBe('https://spa.example.com')
      const bad = await ask('https://evil.example.com')
      expect(bad.headers.get('access-control-allow-origin')).toBeNull()
    } finally {
      await curfew.close()
    }
  })

  test('rule 37 limits: scenario Q01: failed client authentications are 429 with Retry-After, the good ones not', async () => {
    const limits = { failedClientAuth: { rate: '6/m', burst: 3 } }
    const curfew = await startCurfew({ store, config: { limits } })
    try {
      const bad = { id: clients.backend.id, secret: 'wrong' }
      const answers: Answer[] = []
      for (let n = 0; n < 6; n++) answers.push(await curfew.api.clientCredentials(bad))
      const last = answers.at(-1)
      expect(answers[0]?.status).toBe(401)
      expect(last?.status).toBe(429)
      expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0)
      const other = await curfew.api.clientCredentials(clients.satellite)
      expect(other.status, other.text).toBe(200)
    } finally {
      await curfew.close()
    }
  })

  test('rule 37 limits: scenario Q01: token requests of one session and starts of one uid are bounded', async () => {
    const limits = {
      tokenRequestsPerSession: { rate: '6/m', burst: 3 },
      sessionStarts: { rate: '6/m', burst: 3 },
    }
    const curfew = await startCurfew({ store, config: { limits } })
    try {
      const login = await curfew.api.start({ uid: freshUid(), device: 'web' })
      const refreshes: Answer[] = []
      for (let n = 0; n < 6; n++) refreshes.push(await curfew.api.refresh(login.refreshToken))
      expect(refreshes[0]?.status).toBe(200)
      expect(refreshes.at(-1)?.status).toBe(429)
      expect(Number(refreshes.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(0)
      const uid = freshUid()
      const starts: Answer[] = []
      for (let n = 0; n < 6; n++) starts.push(await curfew.api.tryStart({ uid, device: 'web' }))
      expect(starts[0]?.status).toBe(201)
      expect(starts.at(-1)?.status).toBe(429)
      expect(starts.at(-1)?.body['code']).toEqual(expect.any(String))
      const other = await curfew.api.tryStart({ uid: freshUid(), device: 'web' })
      expect(other.status).toBe(201)
    } finally {
      await curfew.close()
    }
  })

  test('scenario S124: X-Forwarded-For of an untrusted peer does not change who it is', async () => {
    const limits = { failedClientAuth: { rate: '6/m', burst: 3 } }
    const curfew = await startCurfew({ store, config: { limits } })
    try {
      const statuses: number[] = []
      for (let n = 0; n < 6; n++) {
        const answer = await curfew.api.post('/oauth/token', {
          as: { id: clients.backend.id, secret: 'wrong' },
          form: { grant_type: 'client_credentials' },
          headers: { 'x-forwarded-for': `203.0.113.${n}` },
        })
        statuses.push(answer.status)
      }
      expect(statuses.at(-1)).toBe(429)
    } finally {
      await curfew.close()
    }
  })

  test('the address of a request is its peer’s, or what a trusted proxy says', async () => {
    const trusting = { server: { trustedProxies: ['127.0.0.1/32'] } }
    const trusted = await startCurfew({ store, config: trusting })
    try {
      for (const [server, expected] of [
        [house.curfew, '127.0.0.1'],
        [trusted, '203.0.113.77'],
      ] as const) {
        const login = await server.api.start({
          uid: freshUid(),
          device: 'web',
          client_id: publicClient,
        })
        const answer = await server.api.post('/oauth/token', {
          form: {
            grant_type: 'refresh_token',
            refresh_token: login.refreshToken,
            client_id: publicClient,
          },
          headers: { 'x-forwarded-for': '203.0.113.77', 'user-agent': 'Phone/9' },
        })
        expect(answer.status, answer.text).toBe(200)
        expect(await server.api.session(login.sid)).toMatchObject({
          ip: expected,
          user_agent: 'Phone/9',
        })
      }
    } finally {
      await trusted.close()
    }
  })

  test('the feed’s lag shows in the metrics and stays small', async () => {
    const login = await started()
    await api.logout(login.accessToken)
    const lag = await eventually(async () => {
      const { text } = await api.get('/metrics')
      const [value] = samples(text, 'curfew_feed_lag_seconds').values()
      return value !== undefined && Number.isFinite(value) ? value : undefined
    })
    expect(lag).toBeLessThan(10)
  })
})
