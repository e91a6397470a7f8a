/* Rules that take tokens of other issuers, in front of a real server: API.md, sections 2 and 7. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { clients, freshUid, publicClient } from '#test/harness/index.ts'
import {
  audience,
  type Claims,
  openForeignIssuer,
  type TestIssuer,
  type TestKey,
  testKey,
} from '#test/oidc/foreign-issuer.ts'
import { app, type Gate, openGate } from './gate.ts'
import { asTraefik, navigation } from './visitor.ts'
import { type HeaderPairs, type Reply, sendRaw } from './wire.ts'

const api = 'http://api.test'

let key: TestKey
let issuer: TestIssuer
/** Nobody answers there at first. */
let away: TestIssuer
let gate: Gate
beforeAll(async () => {
  key = await testKey('ES256', 'k1')
  issuer = await openForeignIssuer()
  away = await openForeignIssuer()
  for (const one of [issuer, away]) one.keys = [key.jwk]
  await away.close()
  const issuers = [issuer, away].map((one) => ({ issuer: one.issuer, audience }))
  const bearer = { issuers }
  const rules = [
    { hosts: ['api.test'], paths: ['/admin/**'], require: { roles: ['admin'] }, bearer },
    { hosts: ['api.test'], paths: ['/ops/**'], require: { roles: ['ops'] }, bearer },
    { hosts: ['api.test', '127.0.0.1:9000'], require: 'session', bearer },
    { hosts: ['127.0.0.1:8000'], require: 'session' },
  ]
  gate = await openGate({ config: { gateway: { rules } } })
})
afterAll(async () => {
  await gate?.close()
  await issuer?.close()
  await away?.close()
})

function sign(claims: Claims = {}, header: Claims = {}, by = issuer): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  return by.sign(key, { iat: now, exp: now + 300, ...claims }, header)
}

function ask(address: string, token: string, more: HeaderPairs = []): Promise<Reply> {
  return sendRaw(new URL(`${gate.curfew.url}/forward-auth?mode=traefik`), {
    method: 'GET',
    headers: [...asTraefik(new URL(address)), ['Authorization', `Bearer ${token}`], ...more],
  })
}

describe('a rule with issuers', () => {
  test('scenario M01: a good token is let through under its issuer, and no cookie is set', async () => {
    const token = await sign({ roles: ['ops', 'admin'] })
    for (const path of ['/', '/ops/x', '/']) {
      const reply = await ask(`${api}${path}`, token)
      expect(reply.status).toBe(200)
      expect(reply.headers['x-auth-request-user']).toBe(`${issuer.issuer}|robot-7`)
      expect(reply.headers['x-auth-request-groups']).toBe('ops')
      expect(reply.setCookies).toEqual([])
    }
    // Rule 17: nobody but the configuration makes an admin.
    expect((await ask(`${api}/admin/x`, token)).status).toBe(403)
    expect((await ask(`${api}/ops/x`, await sign())).status).toBe(403)
    expect(issuer.asked.filter((path) => path === '/jwks')).toHaveLength(1)
  })

  test('scenario M02, M03, M07: what is no access token for it is 401, also for a page', async () => {
    const wrong: readonly (readonly [Claims, Claims?])[] = [
      [{ nonce: 'n' }],
      [{ at_hash: 'x' }],
      [{}, { typ: 'logout+jwt' }],
      [{ aud: 'https://other.example.com' }],
      [{ aud: [audience, 'https://other.example.com'] }],
      [{ iss: 'https://other.example.com' }],
      [{ cnf: { jkt: 'x' } }],
      [{ sub: 'a,b' }],
      [{ sub: '\u202Ebob' }],
      [{ exp: 1 }],
    ]
    for (const [claims, header] of wrong) {
      const reply = await ask(`${api}/`, await sign(claims, header), navigation)
      expect(reply.status, JSON.stringify(claims)).toBe(401)
      expect(reply.headers['www-authenticate']).toMatch(/^Bearer/)
    }
    const own = await gate.curfew.api.start(
      { uid: freshUid(), client_id: publicClient },
      clients.backend,
    )
    expect((await ask(`${api}/`, own.accessToken)).status).toBe(401)
    expect((await ask(`${api}/`, own.sessionToken)).status).toBe(401)
  })

  test('is the only place where such a token is good', async () => {
    const token = await sign()
    expect((await ask(`${api}/`, token)).status).toBe(200)
    expect((await ask(`${app}/`, token)).status).toBe(401)
    const me = await gate.curfew.api.get('/sessions', { as: token })
    expect(me.status, me.text).toBe(401)
  })

  test('rule 16 one credential: a token and the cookie of a session are two parties', async () => {
    const visitor = gate.visitor()
    expect((await visitor.browse(`${app}/`)).status).toBe(200)
    const address = 'http://127.0.0.1:9000/'
    const cookie = visitor.jar.header(new URL(address)) ?? ''
    expect((await visitor.open(address)).headers['x-auth-request-user']).toBe('main:alice')
    expect((await ask(address, await sign(), [['Cookie', cookie]])).status).toBe(403)
  })

  test('whose issuer cannot be asked is 503 with Retry-After, and heals', async () => {
    const token = await sign({}, {}, away)
    const reply = await ask(`${api}/`, token)
    expect(reply.status).toBe(503)
    expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0)
    await away.open()
    await expect
      .poll(async () => (await ask(`${api}/`, token)).status, { timeout: 15_000 })
      .toBe(200)
  })
})
