/* Bearer tokens at the gateway. Scenarios M and T11. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freshUid, type Login } from '#test/harness/index.ts'
import { app, type Gate, openGate } from './gate.ts'
import { byScript, home, signedIn } from './steps.ts'
import { navigation } from './visitor.ts'
import type { HeaderPairs, Reply } from './wire.ts'

const ignoring = 'http://ignoring.test/'
const rules = [
  { hosts: ['127.0.0.1:8000'], paths: ['/admin/**'], require: { roles: ['ops'] } },
  { hosts: ['127.0.0.1:8000'] },
  { hosts: ['ignoring.test'], bearer: 'ignore' },
]

let gate: Gate
beforeAll(async () => {
  gate = await openGate({ config: { gateway: { rules } } })
})
afterAll(() => gate?.close())

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
