/* What a request may be, and what it may bring: dialects, paths, streams, bearer tokens. Scenarios A, E and M. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clients, freshUid, type Login } from '#test/harness/index.ts'
import { app, type Gate, openGate } from './gate.ts'
import { byScript, home, signedIn } from './steps.ts'
import { navigation, type Visitor } from './visitor.ts'
import { type HeaderPairs, type Reply, sendRaw } from './wire.ts'

const ignoring = 'http://ignoring.test/'
const rules = [
  { hosts: ['127.0.0.1:8000'], paths: ['/health', '/assets/**'], require: 'none' },
  { hosts: ['127.0.0.1:8000'], paths: ['/admin/**'], require: { roles: ['ops'] } },
  { hosts: ['127.0.0.1:8000'] },
  { hosts: ['ignoring.test'], bearer: 'ignore' },
]

let gate: Gate
beforeAll(async () => {
  gate = await openGate({ config: { gateway: { rules } } })
})
afterAll(() => gate?.close())

async function signedInWith(claims: Record<string, unknown>): Promise<Visitor> {
  gate.provider.claims = claims
  const visitor = await signedIn(gate)
  gate.provider.claims = {}
  return visitor
}

describe('open paths', () => {
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

const bearing = (token: string, more: HeaderPairs = byScript): HeaderPairs => [
  ...more,
  ['Authorization', `Bearer ${token}`],
]
const ask = (token: string, address = home): Promise<Reply> =>
  gate.visitor().send(address, { headers: bearing(token) })

async function login(roles: readonly string[] = []): Promise<Login> {
  return gate.curfew.api.start({ uid: freshUid('machine'), device: 'web', roles: [...roles] })
}

describe('a good one', () => {
  test('scenario M01: an access token and a session token: 200, with the identity and without a cookie', async () => {
    const session = await login(['ops'])
    for (const token of [session.accessToken, session.sessionToken]) {
      const reply = await ask(token)
      expect(reply.status).toBe(200)
      expect(reply.headers['x-auth-request-user']).toBe(session.uid)
      expect(reply.setCookies).toEqual([])
      // What the configuration does not name is left to the proxy: the application gets the client's.
      expect(reply.headers['authorization']).toBeUndefined()
      expect((await ask(token, `${app}/admin/x`)).status).toBe(200)
    }
    expect((await ask((await login()).accessToken, `${app}/admin/x`)).status).toBe(403)
  })

  test('scenario T11: tokens that begin alike are told apart', async () => {
    const [one, other] = [await login(), await login()]
    expect(one.accessToken.slice(0, 60)).toBe(other.accessToken.slice(0, 60))
    for (let round = 0; round < 3; round++) {
      for (const { accessToken, uid } of [one, other]) {
        expect((await ask(accessToken)).headers['x-auth-request-user']).toBe(uid)
      }
    }
  })

  test('scenario M04: beside the cookie of another session: neither', async () => {
    const visitor = await signedIn(gate)
    const reply = await visitor.send(home, { headers: bearing((await login()).accessToken) })
    expect(reply.status).toBe(403)
  })
})

describe('one that is not good', () => {
  test('scenario M08: of a session that has ended: 401 at once, remembered or not', async () => {
    const session = await login()
    expect((await ask(session.accessToken)).status).toBe(200)
    await gate.curfew.api.logout(session.sessionToken)
    for (const token of [session.accessToken, session.sessionToken]) {
      const reply = await ask(token)
      expect(reply.status).toBe(401)
      expect(JSON.parse(reply.body)).toMatchObject({ code: 'session_ended' })
    }
  })

  test('scenarios M02, M03: an ID token, a refresh token, garbage: 401 with a challenge, never a redirect', async () => {
    const session = await login()
    const idToken = await gate.provider.sign({
      ...{ iss: gate.provider.issuer, sub: 'alice', aud: 'curfew' },
      exp: Math.floor(Date.now() / 1000) + 300,
    })
    const [head, body = '', tail] = session.accessToken.split('.')
    const changed = `${head}.${body.slice(0, -4)}AAAA.${tail}`
    for (const token of [idToken, session.refreshToken, changed, 'garbage', 'a.b.c', '']) {
      for (const headers of [byScript, navigation]) {
        const reply = await gate.visitor().send(home, { headers: bearing(token, headers) })
        expect(reply.status, token).toBe(401)
        expect(reply.headers['www-authenticate']).toBe('Bearer error="invalid_token"')
        expect(reply.headers['location']).toBeUndefined()
      }
    }
  })

  test('scenario A09: where bearer tokens are ignored, the cookie decides, whatever stands there', async () => {
    const visitor = await signedIn(gate, ignoring)
    const headers = bearing('garbage')
    expect((await visitor.send(ignoring, { headers })).status).toBe(200)
    expect((await gate.visitor().send(ignoring, { headers })).status).toBe(401)
    expect((await ask((await login()).accessToken, ignoring)).status).toBe(401)
  })
})

test('scenario E01: an open path is open while the provider is down', async () => {
  await gate.provider.close()
  expect((await gate.visitor().send(`${app}/health`, { headers: byScript })).status).toBe(200)
  expect((await gate.visitor().send(`${app}/assets/a.css`)).status).toBe(200)
  await gate.provider.listen()
})
