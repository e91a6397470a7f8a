/* What the application receives, and what it never does. Scenarios H, A and E, rules 15 and 25. */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clients, freshUid } from '#test/harness/index.ts'
import { app, type Gate, openGate } from './gate.ts'
import { byScript, home, inside, outside, signedIn, standing } from './steps.ts'
import type { Visitor } from './visitor.ts'
import { type HeaderPairs, type Reply, sendRaw } from './wire.ts'

const headers = {
  'X-Auth-Request-User': '{{ uid }}',
  'X-Auth-Request-Email': '{{ claims.email }}',
  'X-Auth-Request-Groups': '{{ roles }}',
  'X-Phrase': 'user {{ uid }} of {{ claims.team }}',
  'X-Team': '{{ claims.team | default("no team") }}',
  'X-Provider-Token': '{{ provider.accessToken }}',
  'X-Id-Token': '{{ provider.idToken }}',
  Authorization: 'Bearer {{ accessToken }}',
  Cookie: '{{ cookies }}',
}
const second = 'http://127.0.0.1:9000'
const rules = [
  { hosts: ['127.0.0.1:8000'], paths: ['/health', '/assets/**'], require: 'none' },
  { hosts: ['127.0.0.1:8000'], paths: ['/admin/**'], require: { roles: ['ops'] } },
  { hosts: ['127.0.0.1:8000', '127.0.0.1:9000'] },
  { hosts: ['deny.test'], preflight: 'deny' },
]

let gate: Gate
beforeAll(async () => {
  gate = await openGate({ config: { gateway: { headers, rules } } })
})
afterAll(() => gate?.close())

async function signedInWith(claims: Record<string, unknown>): Promise<Visitor> {
  gate.provider.claims = claims
  const visitor = await signedIn(gate)
  gate.provider.claims = {}
  return visitor
}

const person = { email: 'alice@example.com', email_verified: true, roles: ['pilot', 'crew'] }
const ofHttp = ['connection', 'keep-alive', 'date', 'cache-control', 'content-length']
const named = (reply: Reply) => Object.keys(reply.headers).filter((name) => !ofHttp.includes(name))

describe('the identity', () => {
  test('scenarios H01, H02: the configured headers with their values, and nothing beside them', async () => {
    const visitor = await signedInWith(person)
    const reply = await visitor.open(home)
    expect(named(reply).toSorted()).toEqual(
      Object.keys(headers)
        .map((name) => name.toLowerCase())
        .toSorted(),
    )
    expect(reply.headers).toMatchObject({
      'x-auth-request-user': 'main:alice',
      'x-auth-request-email': 'alice@example.com',
      'x-auth-request-groups': 'pilot,crew',
    })
  })

  test('rule 25 every header, always: scenario H04: a missing value empties its header as a whole', async () => {
    const reply = await (await signedInWith({})).open(home)
    expect(reply.headers).toMatchObject({
      ...{ 'x-phrase': '', 'x-team': 'no team', 'x-auth-request-email': '' },
    })
    expect(JSON.stringify(reply.headers)).not.toMatch(/no value|undefined|null|\{\{/)
  })

  test('scenario H05: each token is the one that its template names', async () => {
    const reply = await (await signedInWith({})).open(home)
    expect(gate.provider.issued.at(-1)).toBe(reply.headers['x-provider-token'])
    expect(decodeJwt(reply.headers['x-id-token'] ?? '')).toMatchObject({
      ...{ iss: gate.provider.issuer, aud: 'curfew' },
    })
    const ours = decodeJwt(bearerOf(reply))
    expect(ours).toMatchObject({ iss: gate.curfew.issuer, sub: 'main:alice', aud: [app] })
  })

  test('rule 25 every header, always: scenario H06: a claim with line breaks makes an empty header, and no other', async () => {
    const visitor = await signedInWith({ ...person, team: 'x\r\nX-Admin: 1\r\n\r\nbody' })
    const reply = await visitor.open(home)
    expect(reply.headers).toMatchObject({ 'x-team': '', 'x-phrase': '' })
    expect(reply.headers['x-admin']).toBeUndefined()
    expect(reply.body).toBe('')
  })

  test('scenario H07: a group with a comma in its name is never read as two', async () => {
    const reply = await (await signedInWith({ roles: ['crew', 'x,admins'] })).open(home)
    expect(reply.headers['x-auth-request-groups']).toBe('crew')
  })

  test('scenario H10: what the client sends as Authorization is replaced, where one is configured', async () => {
    const visitor = await signedInWith({})
    const sent: HeaderPairs = [['Authorization', 'Basic YWRtaW46YWRtaW4=']]
    const reply = await visitor.open(home, { headers: sent })
    expect(reply.headers['authorization']).toMatch(/^Bearer eyJ/)
  })
})

function bearerOf(reply: Reply): string {
  return (reply.headers['authorization'] ?? '').replace('Bearer ', '')
}

describe('rule 15 audience: what an application receives does not act as its user on Curfew', () => {
  test('rule 15 audience: its token is refused by every route of the API', async () => {
    const visitor = await signedInWith({})
    const token = bearerOf(await visitor.open(home))
    const { api } = gate.curfew
    const routes = [
      ['GET', '/sessions'],
      ['POST', '/logout'],
      ['POST', '/logout/all'],
      ['POST', '/logout/others'],
      ['GET', '/admin/sessions'],
      ['GET', '/sessions/revoked'],
    ] as const
    for (const [method, path] of routes) {
      const reply = await api.send(method, path, { as: token })
      expect(reply.status, `${method} ${path}`).toBe(401)
    }
    expect(await standing(visitor)).toEqual(inside)
  })

  test('rule 15 audience: scenarios I06, I08: nor is it good at the gateway, for this application or another, with or without the cookie', async () => {
    const visitor = await signedInWith({})
    const token = bearerOf(await visitor.open(home))
    const bearer: HeaderPairs = [...byScript, ['Authorization', `Bearer ${token}`]]
    for (const address of [home, `${second}/`]) {
      expect((await gate.visitor().send(address, { headers: bearer })).status).toBe(401)
      expect((await visitor.send(address, { headers: bearer })).status).toBe(401)
    }
  })

  test('rule 15 audience: each application gets a token for itself', async () => {
    const visitor = await signedInWith({})
    expect(decodeJwt(bearerOf(await visitor.open(home))).aud).toEqual([app])
    expect(decodeJwt(bearerOf(await visitor.open(`${second}/`))).aud).toEqual([second])
  })

  test('rule 15 audience: the cookie is a credential for POST /logout, as bearer, and for nothing else', async () => {
    const visitor = await signedInWith({})
    const cookie = visitor.jar.value(new URL(home), 'curfew') ?? ''
    const { api } = gate.curfew
    for (const [method, path] of [
      ['GET', '/sessions'],
      ['POST', '/logout/all'],
      ['POST', '/logout/others'],
      ['GET', '/admin/sessions'],
    ] as const) {
      expect((await api.send(method, path, { as: cookie })).status).toBe(401)
      const asCookie = { headers: { cookie: `curfew=${cookie}` } }
      expect((await api.send(method, path, asCookie)).status).toBe(401)
    }
    const crossSite = { headers: { cookie: `curfew=${cookie}` } }
    expect((await api.post('/logout', crossSite)).status).toBe(401)
    const bearer: HeaderPairs = [...byScript, ['Authorization', `Bearer ${cookie}`]]
    expect((await gate.visitor().send(home, { headers: bearer })).status).toBe(401)
    expect(await standing(visitor)).toEqual(inside)
    expect((await api.logout(cookie)).body).toMatchObject({ revoked: true })
    expect(await standing(visitor)).toEqual(outside)
  })
})

describe('open paths', () => {
  const spoofed: HeaderPairs = [
    ['X-Auth-Request-User', 'root'],
    ['X-Auth-Request-Groups', 'admin'],
    ['X-Phrase', 'user root'],
    ['Cookie', 'a=1'],
  ]

  test('rule 25 every header, always: scenarios E04, E08: all headers, empty, whoever asks and whatever is invented', async () => {
    for (const visitor of [gate.visitor(), await signedInWith(person)]) {
      const reply = await visitor.send(`${app}/health`, { headers: spoofed })
      expect(reply.status).toBe(200)
      for (const name of Object.keys(headers)) {
        const value = reply.headers[name.toLowerCase()]
        if (name === 'Authorization') expect(value).toBeUndefined()
        else if (name === 'Cookie') expect(value).toBe('a=1')
        else if (name === 'X-Team') expect(value).toBe('no team')
        else expect(value, name).toBe('')
      }
    }
  })

  test('rule 25 every header, always: scenario E05: on a guarded path, what the user does not have is empty', async () => {
    const reply = await (await signedInWith({})).open(home, { headers: spoofed })
    expect(reply.headers).toMatchObject({
      ...{ 'x-auth-request-user': 'main:alice', 'x-auth-request-groups': '', 'x-phrase': '' },
    })
  })

  test.each(['X_Auth_Request_User', 'x-auth_request-user', 'X_AUTH_REQUEST_GROUPS', 'X.Team'])(
    'rule 25 every header, always: scenario E06: %s is 403, open path or not',
    async (name) => {
      const visitor = await signedInWith({})
      const sent: HeaderPairs = [[name, 'root']]
      expect((await visitor.open(home, { headers: sent })).status).toBe(403)
      expect((await visitor.open(`${app}/health`, { headers: sent })).status).toBe(403)
    },
  )

  test.each([
    ...['/healthcare', '/health/', '/Health', '/assets', '/assetsx/a', '/public'],
    ...['/assets/../admin', '/assets/%2e%2e/admin', '/assets/%2E%2E%2Fadmin', '//health'],
    ...['/assets//x', '/assets/a%2fb', '/assets;/x', '/assets/%00', '/assets/..;/admin'],
    ...['/assets/%252e%252e/admin', '/assets/\\..\\admin', '/./health', '/assets/a%5cb'],
  ])('rule 26 one dialect: scenarios E02, E03: %s is not open', async (target) => {
    const reply = await gate.visitor().send(app, {
      headers: [...byScript, ['X-Forwarded-Uri', target]],
    })
    // Twice the header is refused as such; so it is asked for alone as well.
    expect(reply.status).toBe(403)
    expect([401, 403]).toContain((await asked(target)).status)
  })

  test.each(['/health', '/health?x=/admin', '/assets/a', '/assets/a/b.css?v=%2f'])(
    'scenario E02: %s is',
    async (target) => {
      expect((await asked(target)).status).toBe(200)
    },
  )

  const asked = (target: string) => {
    const { host, protocol } = new URL(app)
    return rawAsk([
      ['X-Forwarded-Method', 'GET'],
      ['X-Forwarded-Proto', protocol.slice(0, -1)],
      ['X-Forwarded-Host', host],
      ['X-Forwarded-Uri', target],
    ])
  }
})

function rawAsk(described: HeaderPairs): Promise<Reply> {
  const url = new URL(`${gate.curfew.url}/forward-auth?mode=traefik`)
  return sendRaw(url, { method: 'GET', headers: [...described, ...byScript] })
}

describe('streams and sockets', () => {
  const stream: HeaderPairs = [['Accept', 'text/event-stream']]
  const socket: HeaderPairs = [
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Version', '13'],
    ['Sec-Fetch-Mode', 'websocket'],
  ]

  test.each([
    ['scenarios A04, A05: an event stream', stream],
    ['scenario A07: a WebSocket', socket],
  ] as const)('%s: 401 without a session, the identity with one', async (_, kind) => {
    expect((await gate.visitor().send(home, { headers: kind })).status).toBe(401)
    const reply = await (await signedInWith({})).send(home, { headers: kind })
    expect(reply.status).toBe(200)
    expect(reply.headers['x-auth-request-user']).toBe('main:alice')
  })

  test('scenario A06: without the role 403, with it 200', async () => {
    const [pilot, ops] = [await signedInWith({}), await signedInWith({ roles: ['ops'] })]
    for (const kind of [stream, socket]) {
      expect((await pilot.send(`${app}/admin/x`, { headers: kind })).status).toBe(403)
      expect((await ops.send(`${app}/admin/x`, { headers: kind })).status).toBe(200)
    }
  })

  test('scenario A10: text/html beside text/event-stream opens nothing', async () => {
    const both: HeaderPairs = [['Accept', 'text/event-stream, text/html']]
    expect([302, 401]).toContain((await gate.visitor().send(home, { headers: both })).status)
  })

  test('scenarios A01, A02: no session, or one that ended: JSON that says so, with no Location', async () => {
    const visitor = await signedInWith({})
    const { api } = gate.curfew
    const nobody = await gate.visitor().send(home, { headers: byScript })
    expect(JSON.parse(nobody.body)).toMatchObject({ code: 'unauthenticated', status: 401 })
    await api.post(`/users/main:alice/revoke`, { as: clients.operator, json: {} })
    const ended = await visitor.send(home, { headers: byScript })
    expect(JSON.parse(ended.body)).toMatchObject({
      ...{ code: 'session_ended', revoked_reason: 'admin_revoke', status: 401 },
    })
    for (const reply of [nobody, ended]) {
      expect(reply.headers).toMatchObject({
        'content-type': 'application/problem+json',
        'www-authenticate': expect.stringMatching(/^Bearer/),
      })
      expect(reply.headers['location']).toBeUndefined()
    }
  })
})

describe('answers of the gateway’s own', () => {
  test('scenario H11: pages, redirects and errors cannot be framed, sniffed, or stored', async () => {
    const visitor = await signedInWith({})
    const publicUrl = gate.curfew.issuer
    const replies = {
      'forward auth 302': await gate.visitor().open(home),
      'forward auth 401': await gate.visitor().send(home, { headers: byScript }),
      'forward auth 403 page': await visitor.open(`${app}/admin/x`),
      'forward auth 403': await visitor.send(`${app}/admin/x`, { headers: byScript }),
      login: await gate.visitor().open(`${publicUrl}/login?return_to=/`),
      'login 400': await gate.visitor().open(`${publicUrl}/login?return_to=//evil.example`),
      'callback 400': await gate.visitor().open(`${publicUrl}/oidc/callback`),
      signout: await visitor.open(`${publicUrl}/signout`),
      'signed out': await visitor.open(`${publicUrl}/signed-out`),
      'not found': await visitor.open(`${publicUrl}/no/such/page`),
    }
    for (const [name, reply] of Object.entries(replies)) {
      expect(reply.headers['cache-control'], name).toContain('no-store')
      if (reply.body === '') continue
      expect(reply.headers['x-content-type-options'], name).toBe('nosniff')
      if (reply.headers['content-type']?.includes('html') !== true) continue
      const csp = reply.headers['content-security-policy'] ?? ''
      expect(csp, name).toContain("default-src 'none'")
      expect(csp, name).toContain("frame-ancestors 'none'")
      expect(csp, name).not.toContain('unsafe-inline')
    }
  })

  test('scenario H12: a preflight is answered, not redirected; a rule may refuse it', async () => {
    const preflight = {
      method: 'OPTIONS',
      headers: [
        ['Origin', 'https://x.example'],
        ['Access-Control-Request-Method', 'GET'],
      ],
    } as const
    const reply = await gate.visitor().send(home, preflight)
    expect(reply.status).toBe(200)
    expect(reply.headers['x-auth-request-user']).toBe('')
    expect((await gate.visitor().send('http://deny.test/', preflight)).status).toBe(403)
  })
})

describe('dialects', () => {
  const forwarded = (host: string, uri: string): HeaderPairs => [
    ['X-Forwarded-Method', 'GET'],
    ['X-Forwarded-Proto', 'http'],
    ['X-Forwarded-Host', host],
    ['X-Forwarded-Uri', uri],
  ]
  const original = (host: string, uri: string): HeaderPairs => [
    ['X-Original-URL', `http://${host}${uri}`],
    ['X-Original-Method', 'GET'],
  ]
  const dialects = ['', '?mode=traefik', '?mode=caddy', '?mode=haproxy', '?mode=nginx']
  const own = (mode: string) => (mode === '?mode=nginx' ? original : forwarded)
  const other = (mode: string) => (mode === '?mode=nginx' ? forwarded : original)
  const ask = (mode: string, described: HeaderPairs) =>
    sendRaw(new URL(`${gate.curfew.url}/forward-auth${mode}`), {
      method: 'GET',
      headers: [...byScript, ...described],
    })
  const host = '127.0.0.1:8000'

  test.each(dialects)(
    'rule 26 one dialect: %j reads its own headers, and no others',
    async (mode) => {
      const open = own(mode)(host, '/health')
      const guarded = own(mode)(host, '/page')
      expect((await ask(mode, open)).status).toBe(200)
      expect((await ask(mode, guarded)).status).toBe(401)
      // What the others use, sent by a client, moves nothing.
      expect((await ask(mode, [...guarded, ...other(mode)(host, '/health')])).status).toBe(401)
    },
  )

  test.each(dialects)(
    'rule 26 one dialect: %j wants all of its headers, each once',
    async (mode) => {
      const described = own(mode)(host, '/health')
      for (const [name, value] of described) {
        const without = described.filter(([one]) => one !== name)
        expect((await ask(mode, without)).status, `without ${name}`).toBe(403)
        expect((await ask(mode, [...described, [name, value]])).status, `twice ${name}`).toBe(403)
      }
    },
  )

  test.each(['?mode=apache', '?mode=', '?mode=nginx&mode=traefik', '?mode=NGINX'])(
    'rule 26 one dialect: %s is none',
    async (mode) => {
      expect((await ask(mode, forwarded(host, '/health'))).status).toBe(403)
    },
  )
})

test('rule 16 one credential: two sessions in one request are 403 at the gateway, 400 at the API', async () => {
  const visitor = await signedInWith({})
  const { api } = gate.curfew
  const login = await api.start({ uid: freshUid(), device: 'web' })
  const both: HeaderPairs = [...byScript, ['Authorization', `Bearer ${login.accessToken}`]]
  expect((await visitor.send(home, { headers: both })).status).toBe(403)
  const other = await signedInWith({})
  const cookie = other.jar.value(new URL(home), 'curfew') ?? ''
  const twice: HeaderPairs = [...byScript, ['Cookie', `curfew=${cookie}`]]
  expect((await visitor.send(home, { headers: twice })).status).toBe(403)
  const atApi = await api.get('/sessions', {
    as: login.accessToken,
    headers: { token: (await api.start({ uid: freshUid(), device: 'web' })).sessionToken },
  })
  expect(atApi.status).toBe(400)
  expect(await standing(visitor)).toEqual(inside)
})

test('scenario E01: an open path is open while the provider is down', async () => {
  await gate.provider.close()
  expect((await gate.visitor().send(`${app}/health`, { headers: byScript })).status).toBe(200)
  expect((await gate.visitor().send(`${app}/assets/a.css`)).status).toBe(200)
  await gate.provider.listen()
})
