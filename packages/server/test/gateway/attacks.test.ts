/* Attack classes that need a whole server and no particular proxy, on both stores (SECURITY.md). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asObject, clients, eventually, stores } from '#test/harness/index.ts'
import { app, type Gate, openGate } from './gate.ts'
import type { Visitor } from './visitor.ts'
import type { Reply } from './wire.ts'

const { operator } = clients

describe.each(stores)('on %s', (store) => {
  let gate: Gate
  beforeAll(async () => {
    const headers = {
      'X-Auth-Request-User': '{{ uid }}',
      Authorization: 'Bearer {{ accessToken }}',
    }
    gate = await openGate({ store, config: { gateway: { headers } } })
  })
  afterAll(() => gate?.close())

  async function signedIn(subject: string, roles: readonly string[] = []): Promise<Visitor> {
    gate.provider.subject = subject
    gate.provider.sid = `op-${subject}`
    gate.provider.claims = { roles }
    const visitor = gate.visitor()
    const reply = await told(() => visitor.browse(`${app}/welcome`))
    expect(reply.status, reply.body).toBe(200)
    return visitor
  }

  /** A busy machine makes a replica doubt its clock for a moment; then it says 503, and is asked again. */
  const told = (ask: () => Promise<Reply>): Promise<Reply> =>
    eventually(async () => {
      const reply = await ask()
      return reply.status === 503 ? undefined : reply
    })

  const statusOf = async (visitor: Visitor, path = '/x'): Promise<number> =>
    (await told(() => visitor.open(app + path))).status

  test('C10: nothing that is sent writes a line of its own into the log', async () => {
    const line = '{"level":60,"msg":"forged"}'
    const forged = encodeURIComponent(`\r\n${line}\n\u2028${line}\u001b[2J`)
    const visitor = gate.visitor()
    for (const address of [`${app}/${forged}`, `${app}/?${forged}`, `${app}/health/${forged}`]) {
      await visitor.open(address, { headers: [['User-Agent', `\t${line}`]] })
    }
    for (const name of ['return_to', 'idp', 'binding', 'state', 'error', 'ticket']) {
      for (const path of ['/login', '/oidc/callback', '/signout', '/signed-out']) {
        await visitor.open(`${gate.curfew.issuer}${path}?${name}=${forged}`)
      }
    }
    const lines = gate.curfew.log().trim().split('\n')
    const said = lines.filter((one) => !one.startsWith('curfew listening'))
    expect(said.length).toBeGreaterThan(10)
    for (const one of said) expect(asObject(JSON.parse(one))).not.toHaveProperty('msg', 'forged')
  })

  test('C11: names of people are data, not patterns and not code', async () => {
    const alice = await signedIn('alice')
    const odd = [
      "'; delete from sessions; --",
      '%',
      '_lice',
      '%s%n$1',
      '{{ uid }}',
      'a*',
      '\\',
      '"',
    ]
    for (const subject of odd) {
      const visitor = await signedIn(subject)
      expect((await visitor.open(`${app}/x`)).headers['x-auth-request-user']).toBe(
        `main:${subject}`,
      )
      const path = `/users/${encodeURIComponent(`main:${subject}`)}/revoke`
      const answer = await gate.curfew.api.post(path, { as: operator })
      expect(answer.body, subject).toEqual({ revoked: 1 })
      expect(await statusOf(visitor)).toBe(302)
      expect(await statusOf(alice), subject).toBe(200)
    }
  })

  test('C19: a role that is taken away is gone with the next request', async () => {
    const ops = await signedIn('olga', ['ops'])
    const patch = (roles: readonly string[]) =>
      gate.curfew.api.patch('/users/main:olga', { as: operator, json: { roles } })
    expect(await statusOf(ops, '/admin/x')).toBe(200)
    expect((await patch([])).status).toBe(200)
    expect(await statusOf(ops, '/admin/x')).toBe(403)
    expect(await statusOf(ops)).toBe(200)
    await patch(['ops'])
    expect(await statusOf(ops, '/admin/x')).toBe(200)
  })

  test('C22: what an application receives is no good at Curfew, and stands in no log', async () => {
    const visitor = await signedIn('alice')
    const { headers } = await visitor.open(`${app}/x`)
    const bearer = headers['authorization'] ?? ''
    expect(bearer).toMatch(/^Bearer eyJ/)
    const token = bearer.slice('Bearer '.length)
    const { api } = gate.curfew
    for (const path of ['/sessions', '/sessions/revoked', '/admin/sessions', '/users/x/fence']) {
      const { status } = await api.get(path, { as: token })
      expect([path, status]).toEqual([path, 401])
    }
    for (const path of ['/logout', '/logout/all', '/users/main:alice/revoke']) {
      const { status } = await api.post(path, { as: token })
      expect([path, status]).toEqual([path, 401])
    }
    expect(await statusOf(visitor)).toBe(200)
    expect(gate.curfew.log()).not.toContain(token.split('.')[2])
  })

  test('C22: the cookie of a browser opens none of the API', async () => {
    const visitor = await signedIn('alice')
    const cookie = visitor.jar.value(new URL(app), 'curfew') ?? ''
    const { api } = gate.curfew
    for (const headers of [
      { authorization: `Bearer ${cookie}` },
      { cookie: `curfew=${cookie}` },
      { token: cookie },
    ]) {
      for (const path of ['/sessions', '/admin/sessions', '/sessions/revoked']) {
        expect((await api.get(path, { headers })).status).toBe(401)
      }
      expect((await api.post('/logout/all', { headers })).status).toBe(401)
    }
    expect(await statusOf(visitor)).toBe(200)
  })

  const endings: readonly (readonly [
    string,
    (visitor: Visitor, sid: string) => Promise<unknown>,
  ])[] = [
    ['the person signs out', (visitor) => visitor.open(`${gate.curfew.issuer}/signout`, own)],
    ['a logout by the cookie', (visitor) => gate.curfew.api.logout(cookieOf(visitor))],
    ['an admin ends the session', (_, sid) => admin(`/sessions/${sid}/revoke`)],
    ['an admin ends all of a user', () => admin('/users/main:carol/revoke')],
    ['the user is disabled', () => admin('/users/main:carol/disable')],
    ['the provider says so', () => backChannel()],
  ]
  const own = { headers: [['Sec-Fetch-Site', 'none']] } as const
  const cookieOf = (visitor: Visitor) => visitor.jar.value(new URL(app), 'curfew') ?? ''
  const admin = async (path: string) => {
    const answer = await gate.curfew.api.post(path, { as: operator })
    expect(answer.status, answer.text).toBe(200)
  }
  const backChannel = async () => {
    const logout_token = await gate.provider.logoutToken({ sid: 'op-carol' })
    const answer = await gate.curfew.api.post('/oidc/backchannel-logout', {
      form: { logout_token },
    })
    expect(answer.status, answer.text).toBe(200)
  }

  test.each(endings)('C26: after %s the very next request is refused', async (_, end) => {
    await gate.curfew.api.post('/users/main:carol/enable', { as: operator })
    const visitor = await signedIn('carol')
    const cookie = cookieOf(visitor)
    expect(await statusOf(visitor)).toBe(200)
    const listed = await gate.curfew.api.get('/users/main:carol/sessions', { as: operator })
    const live = listed.items.find((one) => (one['revoked_at'] ?? null) === null)
    await end(visitor, String(live?.['sid']))
    visitor.jar.set(new URL(app), 'curfew', cookie)
    expect(await statusOf(visitor)).toBe(302)
    expect((await visitor.send(`${app}/x`)).status).toBe(401)
  })
})
