/* What the application receives, and what it never does. Scenarios H and E, rules 15, 16 and 25. */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshUid } from '#test/harness/index.ts'
import { app, type Gate, openGate } from './gate.ts'
import { byScript, home, inside, outside, signedIn, standing } from './steps.ts'
import type { Visitor } from './visitor.ts'
import type { HeaderPairs, Reply } from './wire.ts'

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
    expect(gate.provider.accessTokens.at(-1)).toBe(reply.headers['x-provider-token'])
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
