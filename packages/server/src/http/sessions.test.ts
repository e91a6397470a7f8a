import { describe, expect, test } from 'vitest'
import { basic, bearer, FakeWorld, send, sidOf } from './testing.ts'

function house() {
  const world = new FakeWorld()
  world.add(1, 'alice', ['pilot'])
  world.add(2, 'alice')
  world.add(3, 'bob')
  world.add(4, 'root')
  const app = world.app()
  const ask = (
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    url: string,
    headers: Record<string, string>,
    payload?: object,
  ) => send(app, { method, url, headers, ...(payload === undefined ? {} : { payload }) })
  return { world, ask }
}

const alice = bearer('tok-1')
const root = bearer('tok-4')

describe('starting', () => {
  test('a joined session is 200 without a refresh token', async () => {
    const { world, ask } = house()
    world.joins = true
    const answer = await ask('POST', '/sessions', basic('backend'), { uid: 'carol' })
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toEqual({
      sid: expect.any(String),
      token_type: 'Bearer',
      access_token: 'an-access-token',
      expires_in: 300,
      session_token: 'cfs_new',
      session_expires_at: expect.any(Number),
      joined: true,
    })
  })

  test('a new one has all three tokens, exactly', async () => {
    const answer = await house().ask('POST', '/sessions', basic('backend'), { uid: 'carol' })
    expect(answer.statusCode).toBe(201)
    expect(Object.keys(answer.json()).toSorted()).toEqual([
      ...['access_token', 'expires_in', 'refresh_token', 'session_expires_at', 'session_token'],
      ...['sid', 'token_type'],
    ])
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  test.each([
    [{ uid: 'carol', client_id: 'nobody' }, 400, 'unknown_client'],
    [{ uid: 'carol', device: 'toaster' }, 400, 'unknown_device'],
    [{ uid: 'carol', roles: ['ops'] }, 403, 'roles_not_granted'],
    [{ uid: 'root' }, 403, 'admin_not_granted'],
    [{}, 400, 'invalid_request'],
  ])('%j is %i %s', async (payload, status, code) => {
    const answer = await house().ask('POST', '/sessions', basic('backend'), payload)
    expect(answer.statusCode).toBe(status)
    expect(answer.json().code).toBe(code)
  })

  test('a moved fence is 409 and a disabled user 403', async () => {
    const { world, ask } = house()
    world.fenceMoved = true
    const moved = await ask('POST', '/sessions', basic('backend'), { uid: 'carol', fence: 7 })
    expect(moved.statusCode).toBe(409)
    world.fenceMoved = false
    world.disabled.add('carol')
    const disabled = await ask('POST', '/sessions', basic('backend'), { uid: 'carol' })
    expect(disabled.json().code).toBe('user_disabled')
    expect(disabled.statusCode).toBe(403)
  })

  test('the fence is for issuers', async () => {
    const { ask } = house()
    expect((await ask('GET', '/users/carol/fence', basic('backend'))).json()).toEqual({ fence: 7 })
    expect((await ask('GET', '/users/carol/fence', root)).statusCode).toBe(403)
    expect((await ask('POST', '/sessions', basic('reader'), { uid: 'carol' })).statusCode).toBe(403)
  })
})

describe('ending', () => {
  test('logout is idempotent with every kind of token', async () => {
    const { ask } = house()
    const sid = sidOf(1)
    const first = await ask('POST', '/logout', alice)
    expect(first.json()).toEqual({ revoked: true, already_revoked: false, sid })
    for (const headers of [alice, bearer('cfs_1'), bearer('cfc_1'), { token: 'cfs_1' }]) {
      const again = await ask('POST', '/logout', headers, {})
      expect(again.statusCode).toBe(200)
      expect(again.json()).toEqual({ revoked: false, already_revoked: true, sid })
    }
  })

  test('a refresh token logs out in the body, without Authorization', async () => {
    const answer = await house().ask('POST', '/logout', {}, { refresh_token: 'cfr_1' })
    expect(answer.json()).toMatchObject({ revoked: true, sid: sidOf(1) })
  })

  test.each([
    ['nothing', {}, undefined],
    ['garbage', bearer('garbage'), undefined],
    ['a refresh token as Bearer', bearer('cfr_1'), undefined],
    ['garbage in the body', {}, { refresh_token: 'cfr_x' }],
    ['an access token in the body', {}, { refresh_token: 'tok-1' }],
    ['Basic alone', basic('backend'), undefined],
  ])('%s is 401', async (_name, headers, payload) => {
    const { world, ask } = house()
    const answer = await ask('POST', '/logout', headers, payload)
    expect(answer.statusCode).toBe(401)
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer/)
    expect([...world.sessions.values()].every(({ kind }) => kind === 'live')).toBe(true)
  })

  test('all and others count what ended, and want a live session', async () => {
    const { ask } = house()
    expect((await ask('POST', '/logout/others', alice)).json()).toEqual({ revoked: 1 })
    expect((await ask('POST', '/logout/all', alice)).json()).toEqual({ revoked: 1 })
    const dead = await ask('POST', '/logout/all', alice)
    expect(dead.statusCode).toBe(401)
    expect(dead.json().code).toBe('session_ended')
  })

  test("a user ends own sessions; another's is as unknown as a malformed one", async () => {
    const { ask } = house()
    const own = await ask('DELETE', `/sessions/${sidOf(2)}`, alice)
    expect(own.json()).toEqual({ revoked: true, already_revoked: false, sid: sidOf(2) })
    const other = await ask('DELETE', `/sessions/${sidOf(3)}`, alice)
    const unknown = await ask('DELETE', `/sessions/${sidOf(77)}`, alice)
    const malformed = await ask('DELETE', '/sessions/x', alice)
    expect([other, unknown, malformed].map(({ statusCode }) => statusCode)).toEqual([404, 404, 404])
    expect(new Set([other, unknown, malformed].map(({ body }) => body)).size).toBe(1)
  })
})

describe('lists', () => {
  test("a user's own holds live sessions, with exactly these members", async () => {
    const { world, ask } = house()
    world.end(2)
    const answer = await ask('GET', '/sessions', alice)
    expect(answer.json().items).toHaveLength(1)
    expect(answer.json().next_cursor).toBeNull()
    expect(Object.keys(answer.json().items[0]).toSorted()).toEqual([
      ...['auth_time', 'client_id', 'created_at', 'current', 'device', 'device_name', 'expires_at'],
      ...['ip', 'last_seen_at', 'roles', 'sid', 'uid', 'user_agent'],
    ])
  })

  test('pages follow the cursor to the end', async () => {
    const { ask } = house()
    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const more: string = cursor === '' ? '' : `&cursor=${cursor}`
      const answer = await ask('GET', `/admin/sessions?limit=1${more}`, root)
      const page: { items: { sid: string }[]; next_cursor: string | null } = answer.json()
      seen.push(...page.items.map(({ sid }) => sid))
      cursor = page.next_cursor
    }
    expect(seen).toEqual([4, 3, 2, 1].map(sidOf))
  })

  test('an admin sees ends, and nulls for the living', async () => {
    const { world, ask } = house()
    world.end(2, 'alice')
    const answer = await ask('GET', '/users/alice/sessions', root)
    const items: Record<string, unknown>[] = answer.json().items
    expect(items.map((one) => one['revoked_reason'])).toEqual(['user_logout', null])
    expect(items[0]).toMatchObject({ revoked_by_user_id: 'alice', revoked_at: 1_767_225_600 })
    expect((await ask('GET', '/users/alice/sessions', alice)).statusCode).toBe(403)
    expect((await ask('GET', '/admin/sessions', basic('reader'))).statusCode).toBe(403)
    expect((await ask('GET', `/sessions/${sidOf(1)}`, alice)).statusCode).toBe(403)
  })

  test.each([
    'state=dead',
    'uid=',
    'client_id=a%20b',
    'reason=A',
    'ip=x',
    'device=',
    'uid=client:a%20b',
  ])('a search for %s is 400', async (query) => {
    const answer = await house().ask('GET', `/admin/sessions?${query}`, root)
    expect(answer.statusCode).toBe(400)
  })
})

describe('changes', () => {
  test('a user names a device', async () => {
    const { ask } = house()
    const answer = await ask('PATCH', `/sessions/${sidOf(2)}`, alice, { device_name: 'Phone' })
    expect(answer.json()).toMatchObject({ device_name: 'Phone', current: false })
    const cleared = await ask('PATCH', `/sessions/${sidOf(2)}`, alice, { device_name: null })
    expect(cleared.json().device_name).toBeNull()
    const other = await ask('PATCH', `/sessions/${sidOf(3)}`, alice, { device_name: 'Phone' })
    expect(other.statusCode).toBe(404)
  })

  test('roles are for admins and issuers, within mayGrant, and never reserved ones', async () => {
    const { ask } = house()
    const patch = (headers: Record<string, string>, roles: string[]) =>
      ask('PATCH', `/sessions/${sidOf(1)}`, headers, { roles })
    expect((await patch(alice, ['ops'])).statusCode).toBe(403)
    expect((await patch(basic('backend'), ['pilot'])).statusCode).toBe(200)
    expect((await patch(basic('backend'), ['ops'])).json().code).toBe('roles_not_granted')
    expect((await patch(root, ['ops'])).json().roles).toEqual(['ops'])
    expect((await patch(root, ['admin'])).json().code).toBe('roles_not_granted')
    expect((await ask('PATCH', '/users/alice', root, { roles: ['ops'] })).json()).toEqual({
      changed: 1,
    })
  })

  test('an ended session cannot change', async () => {
    const { world, ask } = house()
    world.end(2)
    const answer = await ask('PATCH', `/sessions/${sidOf(2)}`, root, { roles: [] })
    expect(answer.statusCode).toBe(409)
    expect(answer.json().code).toBe('already_ended')
  })

  test('users are revoked, disabled and enabled by admins and issuers', async () => {
    const { ask } = house()
    const issuer = basic('backend')
    const except = { except: sidOf(1) }
    expect((await ask('POST', '/users/alice/revoke', issuer, except)).json()).toEqual({
      revoked: 1,
    })
    expect((await ask('POST', '/users/nobody/revoke', root)).json()).toEqual({ revoked: 0 })
    expect((await ask('POST', '/users/alice/disable', root)).json()).toEqual({ revoked: 1 })
    expect((await ask('POST', '/users/alice/enable', issuer)).json()).toEqual({ enabled: true })
    expect((await ask('POST', '/users/alice/disable', alice)).statusCode).toBe(401)
    expect((await ask('POST', '/users/bob/disable', bearer('tok-3'))).statusCode).toBe(403)
  })

  test('clients are disabled by admins alone', async () => {
    const { world, ask } = house()
    const url = '/users/client:reader/disable'
    expect((await ask('POST', url, basic('backend'))).statusCode).toBe(403)
    expect((await ask('POST', url, root)).statusCode).toBe(200)
    expect(world.disabled).toContain('client:reader')
  })
})
