/* POST /sessions in all its answers (API.md, section 4), device policies, fences and roles. */
import { describe, expect, test } from 'vitest'
import {
  adminUid,
  claimsOf,
  clients,
  freshUid,
  otherPublicClient,
  publicClient,
  stores,
  useCurfew,
} from '#test/harness/index.ts'

const uuidV7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

describe.each(stores)('starting sessions on %s', (store) => {
  const house = useCurfew({ store })
  const { api } = house

  test('a start answers 201 with the token set of API.md and nothing else', async () => {
    const uid = freshUid()
    const before = Math.floor(Date.now() / 1000)
    const answer = await api.tryStart({ uid, device: 'web' })
    expect(answer.status, answer.text).toBe(201)
    expect(answer.headers.get('cache-control')).toContain('no-store')
    const { body } = answer
    expect(Object.keys(body).sort()).toEqual(
      [
        'access_token',
        'expires_in',
        'refresh_token',
        'session_expires_at',
        'session_token',
        'sid',
        'token_type',
      ].sort(),
    )
    expect(body['sid']).toMatch(uuidV7)
    expect(body['token_type']).toBe('Bearer')
    expect(body['expires_in']).toBe(300)
    expect(body['refresh_token']).toMatch(/^cfr_[A-Za-z0-9_-]+$/)
    expect(body['session_token']).toMatch(/^cfs_[A-Za-z0-9_-]+$/)
    // The nearer of idleTtl (7 d) and absoluteTtl (30 d).
    expect(Number(body['session_expires_at']) - before).toBeGreaterThanOrEqual(7 * 86_400 - 2)
    expect(Number(body['session_expires_at']) - before).toBeLessThanOrEqual(30 * 86_400 + 2)
  })

  test('the access token carries what API.md, section 3, lists', async () => {
    const uid = freshUid()
    const authTime = Math.floor(Date.now() / 1000) - 60
    const login = await api.start({
      uid,
      device: 'web',
      auth_time: authTime,
      amr: ['pwd', 'otp'],
      acr: 'urn:example:2',
      roles: ['pilot'],
      claims: { team: 'blue', secretive: 'yes' },
    })
    const claims = claimsOf(login.accessToken)
    expect(claims).toMatchObject({
      iss: house.curfew.issuer,
      sub: uid,
      sid: login.sid,
      client_id: clients.backend.id,
      roles: ['pilot'],
      device: 'web',
      auth_time: authTime,
      amr: ['pwd', 'otp'],
      acr: 'urn:example:2',
      team: 'blue',
    })
    expect(claims['aud']).toEqual(
      expect.arrayContaining([house.curfew.issuer, 'https://api.example.com']),
    )
    expect(claims).not.toHaveProperty('secretive')
    for (const name of ['exp', 'iat', 'nbf']) expect(claims[name]).toEqual(expect.any(Number))
    expect(claims['jti']).toEqual(expect.any(String))
    expect(typeof claims['scope']).toBe('string')
  })

  test('what a start was told about the device shows in the session', async () => {
    const uid = freshUid()
    const login = await api.start({
      uid,
      device: 'web',
      device_name: "Ann's laptop",
      ip: '203.0.113.9',
      user_agent: 'Browser/7',
    })
    const { items } = await api.get('/sessions', { as: login.accessToken })
    expect(items).toHaveLength(1)
    expect(items[0]).toMatchObject({
      sid: login.sid,
      uid,
      client_id: clients.backend.id,
      device: 'web',
      device_name: "Ann's laptop",
      ip: '203.0.113.9',
      user_agent: 'Browser/7',
      roles: [],
      current: true,
    })
  })

  test.each([
    ['Browser/7 '.repeat(60), 'Browser/7 '.repeat(60).slice(0, 512).trim()],
    ['Browser/7\r\nX: y\u0000', 'Browser/7  X: y'],
    [`${'😀'.repeat(256)}x`, '😀'.repeat(256)],
    ['', null],
  ])('a user agent is recorded and never judged: %j', async (told, kept) => {
    const login = await api.start({ uid: freshUid(), user_agent: told })
    expect((await api.session(login.sid))['user_agent']).toBe(kept)
  })

  test('a bearer from client_credentials proves the role issuer as well', async () => {
    const bearer = await api.clientToken(clients.backend)
    const answer = await api.tryStart({ uid: freshUid(), device: 'web' }, bearer)
    expect(answer.status, answer.text).toBe(201)
  })

  test('without credentials 401, without the role issuer 403', async () => {
    const uid = freshUid()
    const none = await api.post('/sessions', { json: { uid } })
    expect(none.status).toBe(401)
    expect(none.headers.get('www-authenticate')).toBeTruthy()
    expect((await api.tryStart({ uid }, clients.satellite)).status).toBe(403)
    expect((await api.tryStart({ uid }, clients.operator)).status).toBe(403)
    const wrong = await api.tryStart({ uid }, { id: 'backend', secret: 'wrong' })
    expect(wrong.status).toBe(401)
    const unknown = await api.tryStart({ uid }, { id: 'nobody', secret: 'wrong' })
    expect(unknown.status).toBe(401)
    const person = await api.start({ uid: freshUid(), device: 'web' })
    expect((await api.tryStart({ uid }, person.accessToken)).status).toBe(403)
  })

  test('an unknown class, client or member is 400, and so is a missing or wrong uid', async () => {
    const uid = freshUid()
    const wrong: readonly Record<string, unknown>[] = [
      { uid, device: 'toaster' },
      { uid, client_id: 'nobody' },
      { uid, colour: 'red' },
      {},
      { uid: '' },
      { uid: 7 },
      { uid: 'x'.repeat(5000) },
      { uid: 'line\nbreak' },
      { uid, roles: 'pilot' },
      { uid, amr: 'pwd' },
      { uid, auth_time: 'today' },
      { uid, fence: -1 },
      { uid, reuse: 'yes' },
    ]
    for (const json of wrong) {
      const answer = await api.post('/sessions', { as: clients.backend, json })
      expect(answer.status, `${JSON.stringify(json)} ${answer.text}`).toBe(400)
      expect(answer.type).toBe('application/problem+json')
    }
  })

  test('malformed input names each mistake with a JSON pointer', async () => {
    const answer = await api.post('/sessions', {
      as: clients.backend,
      json: { uid: 7, colour: 'red' },
    })
    expect(answer.status).toBe(400)
    const errors = answer.body['errors']
    expect(Array.isArray(errors)).toBe(true)
    expect(JSON.stringify(errors)).toMatch(/\/uid/)
  })

  test('a session of a single class ends the previous one of that user and class only', async () => {
    const uid = freshUid()
    const web = await api.start({ uid, device: 'web' })
    const first = await api.start({ uid, device: 'app' })
    const second = await api.start({ uid, device: 'app' })
    expect(second.sid).not.toBe(first.sid)
    expect(await api.works(first.accessToken)).toBe(false)
    expect(await api.works(second.accessToken)).toBe(true)
    expect(await api.works(web.accessToken)).toBe(true)
    expect(await api.session(first.sid)).toMatchObject({
      revoked_reason: 'superseded',
      revoked_by_user_id: null,
    })
    const other = await api.start({ uid: freshUid(), device: 'app' })
    expect(await api.works(second.accessToken)).toBe(true)
    expect(await api.works(other.accessToken)).toBe(true)
  })

  test('the default class is the client’s own, and app where it names none', async () => {
    const own = await api.start({ uid: freshUid(), client_id: clients.webapp.id })
    expect(claimsOf(own.accessToken)['device']).toBe('web')
    const fallback = await api.start({ uid: freshUid() })
    expect(claimsOf(fallback.accessToken)['device']).toBe('app')
  })

  test('past the limit of a multiple class the oldest session ends', async () => {
    const uid = freshUid()
    const one = await api.start({ uid, device: 'pair' })
    const two = await api.start({ uid, device: 'pair' })
    const three = await api.start({ uid, device: 'pair' })
    expect(await api.works(one.accessToken)).toBe(false)
    expect(await api.works(two.accessToken)).toBe(true)
    expect(await api.works(three.accessToken)).toBe(true)
    expect((await api.session(one.sid))['revoked_reason']).toBe('device_limit')
  })

  test('the same device_id replaces that device’s session, and counts once', async () => {
    const uid = freshUid()
    const one = await api.start({ uid, device: 'pair', device_id: 'd1' })
    const two = await api.start({ uid, device: 'pair', device_id: 'd2' })
    const again = await api.start({ uid, device: 'pair', device_id: 'd1' })
    expect(await api.works(one.accessToken)).toBe(false)
    expect((await api.session(one.sid))['revoked_reason']).toBe('superseded')
    expect(await api.works(two.accessToken)).toBe(true)
    expect(await api.works(again.accessToken)).toBe(true)
    const stranger = await api.start({ uid: freshUid(), device: 'pair', device_id: 'd2' })
    expect(await api.works(two.accessToken)).toBe(true)
    expect(await api.works(stranger.accessToken)).toBe(true)
  })

  test('rule 9 joins: a shared class is joined without a refresh token', async () => {
    const uid = freshUid()
    const first = await api.start({ uid, device: 'pc' })
    expect(first.answer.status).toBe(201)
    const joined = await api.start({ uid, device: 'pc' })
    expect(joined.answer.status).toBe(200)
    expect(joined.answer.body).toMatchObject({ joined: true, sid: first.sid })
    expect(joined.answer.body).not.toHaveProperty('refresh_token')
    expect(claimsOf(joined.accessToken)['jti']).not.toBe(claimsOf(first.accessToken)['jti'])
    for (const token of [first.accessToken, joined.accessToken, joined.sessionToken]) {
      expect(await api.works(token)).toBe(true)
    }
    const renewed = await api.refresh(first.refreshToken)
    expect(renewed.status, renewed.text).toBe(200)
  })

  test('rule 9 joins: other roles, another client or a lower acr supersede instead', async () => {
    const cases = [
      { first: {}, second: { roles: ['pilot'] } },
      { first: { roles: ['pilot'] }, second: {} },
      { first: {}, second: { client_id: publicClient } },
      { first: { acr: 'high' }, second: {} },
    ]
    for (const { first, second } of cases) {
      const uid = freshUid()
      const old = await api.start({ uid, device: 'pc', ...first })
      const next = await api.start({ uid, device: 'pc', ...second })
      expect(next.answer.status, JSON.stringify(second)).toBe(201)
      expect(next.sid).not.toBe(old.sid)
      expect((await api.session(old.sid))['revoked_reason']).toBe('superseded')
    }
  })

  test('reuse: false ends the live session of a shared class', async () => {
    const uid = freshUid()
    const old = await api.start({ uid, device: 'pc' })
    const next = await api.start({ uid, device: 'pc', reuse: false })
    expect(next.answer.status).toBe(201)
    expect(next.refreshToken).toMatch(/^cfr_/)
    expect(await api.works(old.accessToken)).toBe(false)
    expect((await api.session(old.sid))['revoked_reason']).toBe('superseded')
  })

  test('two starts at once leave exactly one live session in a single class', async () => {
    const uid = freshUid()
    const starts = Array.from({ length: 8 }, () => api.start({ uid, device: 'app' }))
    const logins = await Promise.all(starts)
    const alive = await Promise.all(logins.map((login) => api.works(login.accessToken)))
    expect(alive.filter(Boolean)).toHaveLength(1)
    const listed = await api.get(`/users/${uid}/sessions`, { as: clients.operator })
    const open = listed.items.filter((item) => (item['revoked_at'] ?? null) === null)
    expect(open).toHaveLength(1)
  })

  test('the session belongs to client_id: a public client then refreshes it by its id', async () => {
    const uid = freshUid()
    const login = await api.start({ uid, device: 'web', client_id: publicClient })
    expect(claimsOf(login.accessToken)['client_id']).toBe(publicClient)
    const answer = await api.refresh(login.refreshToken, publicClient)
    expect(answer.status, answer.text).toBe(200)
    expect(answer.body).not.toHaveProperty('session_token')
  })

  test('rule 1 fence: a start that captured its fence before the user’s end is 409', async () => {
    const uid = freshUid()
    const fenceOf = async (): Promise<unknown> => {
      const answer = await api.get(`/users/${uid}/fence`, { as: clients.backend })
      expect(answer.status, answer.text).toBe(200)
      expect(Object.keys(answer.body)).toEqual(['fence'])
      expect(answer.body['fence']).toEqual(expect.any(Number))
      return answer.body['fence']
    }
    const ends = [
      async () => {
        const login = await api.start({ uid, device: 'web' })
        return api.post('/logout/all', { as: login.accessToken })
      },
      // Also when no session ends.
      () => api.post(`/users/${uid}/revoke`, { as: clients.backend }),
      () => api.post(`/users/${uid}/disable`, { as: clients.operator }),
    ]
    for (const end of ends) {
      const fence = await fenceOf()
      expect((await api.tryStart({ uid, device: 'web', fence })).status).toBe(201)
      const ended = await end()
      expect(ended.status, ended.text).toBeLessThan(300)
      const late = await api.tryStart({ uid, device: 'web', fence })
      expect([403, 409], late.text).toContain(late.status)
      await api.post(`/users/${uid}/enable`, { as: clients.operator })
      expect((await api.tryStart({ uid, device: 'web', fence })).status).toBe(409)
      const fresh = await api.tryStart({ uid, device: 'web', fence: await fenceOf() })
      expect(fresh.status, fresh.text).toBe(201)
    }
  })

  test('rule 1 fence: the end of one user does not refuse another one’s start', async () => {
    const [one, two] = [freshUid(), freshUid()]
    const { fence } = (await api.get(`/users/${two}/fence`, { as: clients.backend })).body
    await api.start({ uid: one, device: 'web' })
    await api.post(`/users/${one}/revoke`, { as: clients.backend })
    expect((await api.tryStart({ uid: two, device: 'web', fence })).status).toBe(201)
  })

  test('a client that may not refresh is given no refresh token', async () => {
    const uid = freshUid()
    const answer = await api.tryStart({ uid, device: 'web', client_id: clients.satellite.id })
    const given = answer.status === 201 && 'refresh_token' in answer.body
    expect(given, answer.text).toBe(false)
  })

  test('the fence is for issuers only', async () => {
    const path = `/users/${freshUid()}/fence`
    expect((await api.get(path)).status).toBe(401)
    expect((await api.get(path, { as: clients.satellite })).status).toBe(403)
  })

  test('rule 17 roles: an issuer gives only what it may grant, and nothing reserved', async () => {
    const denied = [
      { by: clients.backend, roles: ['admin'] },
      { by: clients.backend, roles: ['issuer'] },
      { by: clients.backend, roles: ['service'] },
      { by: clients.backend, roles: ['pilot', 'captain'] },
      { by: clients.humble, roles: ['pilot'] },
    ]
    for (const { by, roles } of denied) {
      const uid = freshUid()
      const answer = await api.tryStart({ uid, device: 'web', roles }, by)
      expect([400, 403], `${roles} ${answer.text}`).toContain(answer.status)
      const listed = await api.get(`/users/${uid}/sessions`, { as: clients.operator })
      expect(listed.items).toEqual([])
    }
    const uid = freshUid()
    const given = await api.start({ uid, device: 'web', roles: ['pilot', 'ops'] })
    expect(claimsOf(given.accessToken)['roles']).toEqual(expect.arrayContaining(['pilot', 'ops']))
  })

  test('rule 17 roles: admin comes from the configuration, and not every issuer may start one', async () => {
    const refused = await api.tryStart({ uid: adminUid, device: 'web' }, clients.humble)
    expect([400, 403], refused.text).toContain(refused.status)
    const admin = await api.start({ uid: adminUid, device: 'web' })
    expect(claimsOf(admin.accessToken)['roles']).toContain('admin')
    const person = await api.start({ uid: freshUid(), device: 'web' })
    expect(claimsOf(person.accessToken)['roles']).not.toContain('admin')
  })

  test('rule 17 roles: registered claim names are 400', async () => {
    const names = ['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti', 'sid', 'client_id', 'roles']
    for (const name of names) {
      const json = { uid: freshUid(), device: 'web', claims: { [name]: 'x' } }
      const answer = await api.tryStart(json)
      expect(answer.status, `${name} ${answer.text}`).toBe(400)
    }
  })

  test('rule 18 clients: no uid may look like a client’s', async () => {
    for (const uid of ['client:backend', 'client:x', 'CLIENT:x']) {
      expect((await api.tryStart({ uid, device: 'web' })).status, uid).toBe(400)
    }
  })

  test('a disabled user gets no session, also one never seen, until enabled again', async () => {
    const uid = freshUid()
    const disabled = await api.post(`/users/${uid}/disable`, { as: clients.backend })
    expect(disabled.status, disabled.text).toBe(200)
    const refused = await api.tryStart({ uid, device: 'web' })
    expect([403, 409], refused.text).toContain(refused.status)
    expect((await api.post(`/users/${uid}/enable`, { as: clients.backend })).status).toBe(200)
    expect((await api.tryStart({ uid, device: 'web' })).status).toBe(201)
  })

  test('rule 10 sender: the wrong client cannot use a session started for another', async () => {
    const login = await api.start({ uid: freshUid(), device: 'web', client_id: publicClient })
    const wrong = await api.refresh(login.refreshToken, otherPublicClient)
    expect(wrong.status).toBe(400)
    expect(wrong.body['error']).toBe('invalid_grant')
    expect((await api.session(login.sid))['revoked_at'] ?? null).toBeNull()
    expect((await api.refresh(login.refreshToken, publicClient)).status).toBe(200)
  })

  test('S19: two web sign-ins at once both live, are both listed and both end with revoke-all', async () => {
    const uid = freshUid()
    const [one, two] = await Promise.all([
      api.start({ uid, device: 'web' }),
      api.start({ uid, device: 'web' }),
    ])
    const { items } = await api.get('/sessions', { as: one.accessToken })
    expect(new Set(items.map((item) => item['sid']))).toEqual(new Set([one.sid, two.sid]))
    const all = await api.post('/logout/all', { as: one.accessToken })
    expect(all.body).toEqual({ revoked: 2 })
    expect(await api.works(two.accessToken)).toBe(false)
  })
})
