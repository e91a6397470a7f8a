/* What admins and issuers do to others' sessions: AC-3, S86, S90 to S92, S106 (API.md, section 5). */
import { describe, expect, test } from 'vitest'
import {
  type Answer,
  adminUid,
  asText,
  claimsOf,
  clients,
  eventually,
  freshUid,
  type Login,
  stores,
  useCurfew,
} from '#test/harness/index.ts'

const unknownSid = '0190a000-0000-7000-8000-000000000000'
const sessionMembers = [
  'sid',
  'uid',
  'client_id',
  'device',
  'device_name',
  'ip',
  'user_agent',
  'roles',
  'auth_time',
  'created_at',
  'last_seen_at',
  'expires_at',
  'current',
]

describe.each(stores)('administering on %s', (store) => {
  const house = useCurfew({ store })
  const { api } = house

  const started = (uid = freshUid(), device = 'web'): Promise<Login> => api.start({ uid, device })
  const admin = (): Promise<Login> => started(adminUid)

  test('scenario N06: S86 (AC-3): an admin ends any session, and the row names the admin', async () => {
    const [root, login] = [await admin(), await started()]
    const answer = await api.post(`/sessions/${login.sid}/revoke`, { as: root.accessToken })
    expect(answer.status, answer.text).toBe(200)
    expect(answer.body).toEqual({ revoked: true, already_revoked: false, sid: login.sid })
    expect(await api.session(login.sid)).toMatchObject({
      revoked_reason: 'admin_revoke',
      revoked_by_user_id: adminUid,
      revoked_at: expect.any(Number),
    })
    expect(await api.works(login.accessToken)).toBe(false)
    expect(await api.works(login.sessionToken)).toBe(false)
  })

  test('a client with the role admin is named client:<id>, and may give a reason', async () => {
    const login = await started()
    const path = `/sessions/${login.sid}/revoke`
    const answer = await api.post(path, { as: clients.operator, json: { reason: 'stolen_2' } })
    expect(answer.status, answer.text).toBe(200)
    expect(await api.session(login.sid)).toMatchObject({
      revoked_reason: 'stolen_2',
      revoked_by_user_id: `client:${clients.operator.id}`,
    })
    const other = await started()
    const bearer = await api.clientToken(clients.operator)
    await api.post(`/sessions/${other.sid}/revoke`, { as: bearer })
    expect((await api.session(other.sid))['revoked_by_user_id']).toBe('client:operator')
  })

  test('a reason is 1 to 64 of a-z, 0-9 and _', async () => {
    const login = await started()
    for (const reason of ['', 'Upper', 'with space', 'dash-ed', 'x'.repeat(65), 7, null]) {
      const options = { as: clients.operator, json: { reason } }
      const one = await api.post(`/sessions/${login.sid}/revoke`, options)
      expect(one.status, String(reason)).toBe(400)
      const all = await api.post(`/users/${login.uid}/revoke`, options)
      expect(all.status, String(reason)).toBe(400)
    }
    expect(await api.works(login.accessToken)).toBe(true)
    const long = { as: clients.operator, json: { reason: 'x'.repeat(64) } }
    expect((await api.post(`/sessions/${login.sid}/revoke`, long)).status).toBe(200)
  })

  test('S90: who is no admin gets 403 before any look-up, the same for known and unknown', async () => {
    const [person, target] = [await started(), await started()]
    const answers: Answer[] = []
    for (const sid of [target.sid, unknownSid, 'nonsense']) {
      answers.push(await api.post(`/sessions/${sid}/revoke`, { as: person.accessToken }))
    }
    expect(answers.map((answer) => answer.status)).toEqual([403, 403, 403])
    const [known, unknown] = answers.map(({ body }) => ({ ...body, instance: undefined }))
    expect(known).toEqual(unknown)
    expect(await api.works(target.accessToken)).toBe(true)
  })

  test('S91: service may read the feed and not revoke, admin may do both, people neither', async () => {
    const target = await started()
    const [root, person] = [await admin(), await started()]
    const path = `/sessions/${target.sid}/revoke`
    expect((await api.post(path, { as: clients.satellite })).status).toBe(403)
    expect((await api.post(path, { as: clients.backend })).status).toBe(403)
    expect((await api.feed({}, root.accessToken)).status).toBe(200)
    expect((await api.feed({}, clients.operator)).status).toBe(200)
    expect((await api.feed({}, person.accessToken)).status).toBe(403)
    expect((await api.feed({}, clients.backend)).status).toBe(403)
    expect((await api.feed({}, clients.satellite)).status).toBe(200)
  })

  test('S92: unknown and malformed are 404; the first end stands', async () => {
    for (const sid of [unknownSid, 'nonsense', '%00', 'x'.repeat(300), '..%2Frevoked']) {
      const answer = await api.post(`/sessions/${sid}/revoke`, { as: clients.operator })
      expect(answer.status, sid).toBe(404)
      expect(answer.type).toBe('application/problem+json')
    }
    const login = await started()
    await api.logout(login.accessToken)
    const shown = await api.session(login.sid)
    const options = { as: clients.operator, json: { reason: 'other' } }
    const again = await api.post(`/sessions/${login.sid}/revoke`, options)
    expect(again.status).toBe(200)
    expect(again.body).toEqual({ revoked: false, already_revoked: true, sid: login.sid })
    expect(await api.session(login.sid)).toEqual(shown)
  })

  test('S106: of an admin’s revoke and a logout at once, one wins with its reason and actor', async () => {
    for (let round = 0; round < 10; round++) {
      const login = await started()
      const [byAdmin, bySelf] = await Promise.all([
        api.post(`/sessions/${login.sid}/revoke`, { as: clients.operator }),
        api.logout(login.accessToken),
      ])
      expect([byAdmin.status, bySelf.status]).toEqual([200, 200])
      const adminWon = byAdmin.body['revoked'] === true
      expect(bySelf.body['revoked']).toBe(!adminWon)
      expect(bySelf.body['already_revoked']).toBe(adminWon)
      const expected = adminWon
        ? { revoked_reason: 'admin_revoke', revoked_by_user_id: 'client:operator' }
        : { revoked_reason: 'user_logout', revoked_by_user_id: login.uid }
      expect(await api.session(login.sid)).toMatchObject(expected)
    }
  })

  test('POST /users/{uid}/revoke ends all but one; an unknown uid is 0', async () => {
    const uid = freshUid()
    const logins = [await started(uid), await started(uid), await started(uid)]
    const [keep] = logins
    const answer = await api.post(`/users/${uid}/revoke`, {
      as: clients.backend,
      json: { reason: 'password_changed', except: keep?.sid },
    })
    expect(answer.status, answer.text).toBe(200)
    expect(answer.body).toEqual({ revoked: 2 })
    const alive = await Promise.all(logins.map((login) => api.works(login.accessToken)))
    expect(alive).toEqual([true, false, false])
    expect(await api.session(String(logins[1]?.sid))).toMatchObject({
      revoked_reason: 'password_changed',
      revoked_by_user_id: 'client:backend',
    })
    const nobody = await api.post(`/users/${freshUid()}/revoke`, { as: clients.operator })
    expect(nobody.status).toBe(200)
    expect(nobody.body).toEqual({ revoked: 0 })
  })

  test('S55: disabling ends all sessions and refuses new ones; enabling brings none back', async () => {
    const uid = freshUid()
    const logins = [await started(uid), await started(uid, 'app')]
    const disabled = await api.post(`/users/${uid}/disable`, { as: clients.operator })
    expect(disabled.status, disabled.text).toBe(200)
    for (const login of logins) {
      expect(await api.works(login.accessToken)).toBe(false)
      expect((await api.refresh(login.refreshToken)).status).toBe(400)
      expect((await api.session(login.sid))['revoked_reason']).toBe('user_disabled')
    }
    expect([403, 409]).toContain((await api.tryStart({ uid, device: 'web' })).status)
    // S56: the same event once more changes nothing.
    const shown = await api.session(String(logins[0]?.sid))
    expect((await api.post(`/users/${uid}/disable`, { as: clients.operator })).status).toBe(200)
    expect(await api.session(String(logins[0]?.sid))).toEqual(shown)
    expect((await api.post(`/users/${uid}/enable`, { as: clients.operator })).status).toBe(200)
    for (const login of logins) expect(await api.works(login.accessToken)).toBe(false)
    const fresh = await started(uid)
    expect(await api.works(fresh.accessToken)).toBe(true)
    // S56: enabling twice ends nothing.
    await api.post(`/users/${uid}/enable`, { as: clients.operator })
    expect(await api.works(fresh.accessToken)).toBe(true)
  })

  test('the users’ routes are for admins and issuers: 401, then 403', async () => {
    const person = await started()
    const { uid } = await started()
    for (const act of ['revoke', 'disable', 'enable']) {
      expect((await api.post(`/users/${uid}/${act}`)).status, act).toBe(401)
      const forbidden = [person.accessToken, clients.satellite, clients.webapp]
      for (const as of forbidden) {
        expect((await api.post(`/users/${uid}/${act}`, { as })).status, act).toBe(403)
      }
    }
    expect((await api.patch(`/users/${uid}`, { json: { roles: [] } })).status).toBe(401)
    const patch = { as: person.accessToken, json: { roles: [] } }
    expect((await api.patch(`/users/${uid}`, patch)).status).toBe(403)
  })

  test('a session has the members of API.md, and current marks the caller’s own', async () => {
    const uid = freshUid()
    const [one, two] = [await started(uid), await started(uid)]
    const { body, items } = await api.get('/sessions', { as: two.accessToken })
    expect(Object.keys(body).toSorted()).toEqual(['items', 'next_cursor'])
    expect(body['next_cursor']).toBeNull()
    for (const item of items) {
      expect(Object.keys(item)).toEqual(expect.arrayContaining(sessionMembers))
      expect(item['uid']).toBe(uid)
      for (const name of ['auth_time', 'created_at', 'last_seen_at', 'expires_at']) {
        expect(Number.isInteger(item[name]), name).toBe(true)
      }
    }
    const current = items.filter((item) => item['current'] === true)
    expect(current.map((item) => item['sid'])).toEqual([two.sid])
    await api.logout(one.accessToken)
    const left = await api.get('/sessions', { as: two.accessToken })
    expect(left.items.map((item) => item['sid'])).toEqual([two.sid])
    expect(left.text).not.toMatch(/cfr_|cfs_|eyJ/)
  })

  test('lists come in pages of limit, without loss or repetition', async () => {
    const uid = freshUid()
    const sids = new Set<string>()
    for (let n = 0; n < 7; n++) sids.add((await started(uid)).sid)
    const login = await started(uid)
    sids.add(login.sid)
    const routes = [
      { path: '/sessions', as: login.accessToken },
      { path: `/users/${uid}/sessions`, as: clients.operator },
    ]
    for (const { path, as } of routes) {
      const seen: string[] = []
      let cursor: string | undefined
      for (let page = 0; page < 10; page++) {
        const query = { limit: 3, ...(cursor === undefined ? {} : { cursor }) }
        const answer = await api.get(path, { as, query })
        expect(answer.status, answer.text).toBe(200)
        expect(answer.items.length).toBeLessThanOrEqual(3)
        seen.push(...answer.items.map((item) => asText(item['sid'])))
        const next = answer.body['next_cursor']
        if (next === null) break
        cursor = asText(next, 'next_cursor')
      }
      expect(seen, path).toHaveLength(8)
      expect(new Set(seen), path).toEqual(sids)
    }
    for (const limit of ['0', '201', '-1', 'x', '1.5']) {
      const answer = await api.get('/sessions', { as: login.accessToken, query: { limit } })
      expect(answer.status, limit).toBe(400)
    }
    const garbage = { as: login.accessToken, query: { cursor: 'garbage' } }
    expect((await api.get('/sessions', garbage)).status).toBe(400)
  })

  test('scenario N06: an admin sees sessions of others with their ends; nobody else does', async () => {
    const uid = freshUid()
    const [login, ended] = [await started(uid), await started(uid, 'app')]
    await api.logout(ended.accessToken)
    const root = await admin()
    for (const as of [clients.operator, root.accessToken]) {
      const list = await api.get(`/users/${uid}/sessions`, { as })
      expect(list.status, list.text).toBe(200)
      const live = list.items.find((item) => item['sid'] === login.sid)
      expect(live).toMatchObject({
        revoked_at: null,
        revoked_reason: null,
        revoked_by_user_id: null,
        current: false,
      })
      const one = await api.get(`/sessions/${ended.sid}`, { as })
      expect(one.body).toMatchObject({ revoked_reason: 'user_logout', revoked_by_user_id: uid })
    }
    for (const path of [`/users/${uid}/sessions`, `/sessions/${login.sid}`, '/admin/sessions']) {
      expect((await api.get(path)).status, path).toBe(401)
      expect((await api.get(path, { as: login.accessToken })).status, path).toBe(403)
      expect((await api.get(path, { as: clients.backend })).status, path).toBe(403)
      expect((await api.get(path, { as: clients.satellite })).status, path).toBe(403)
    }
    expect((await api.get(`/sessions/${unknownSid}`, { as: clients.operator })).status).toBe(404)
    expect((await api.get('/sessions/nonsense', { as: clients.operator })).status).toBe(404)
    const stranger = await api.get(`/users/${freshUid()}/sessions`, { as: clients.operator })
    expect(stranger.status).toBe(200)
    expect(stranger.items).toEqual([])
  })

  test('scenario N06: GET /admin/sessions searches over all users', async () => {
    const uid = freshUid('searched')
    const [web, app] = [await started(uid), await started(uid, 'app')]
    await api.logout(app.accessToken)
    const byUser = await api.get('/admin/sessions', { as: clients.operator, query: { uid } })
    expect(byUser.status, byUser.text).toBe(200)
    expect(byUser.items.map((item) => item['sid'])).toContain(web.sid)
    for (const item of byUser.items) expect(item['uid']).toBe(uid)
    const everybody = await api.get('/admin/sessions', {
      as: clients.operator,
      query: { limit: 2 },
    })
    expect(everybody.items).toHaveLength(2)
    expect(everybody.body['next_cursor']).toEqual(expect.any(String))
    const unknown = { as: clients.operator, query: { colour: 'red' } }
    expect((await api.get('/admin/sessions', unknown)).status).toBe(400)
  })

  test('PATCH /sessions/{sid} names a device, by any token of the user', async () => {
    const uid = freshUid()
    const [one, two] = [await started(uid), await started(uid)]
    const options = { as: two.sessionToken, json: { device_name: 'Kitchen' } }
    const answer = await api.patch(`/sessions/${one.sid}`, options)
    expect(answer.status, answer.text).toBe(200)
    expect(answer.body).toMatchObject({ sid: one.sid, device_name: 'Kitchen', uid })
    expect((await api.session(one.sid))['device_name']).toBe('Kitchen')
    const foreign = await started()
    const path = `/sessions/${foreign.sid}`
    expect((await api.patch(path, options)).status).toBe(404)
    expect((await api.patch(`/sessions/${unknownSid}`, options)).status).toBe(404)
    expect((await api.patch(path, { json: { device_name: 'x' } })).status).toBe(401)
    const wrong = { as: two.accessToken, json: { device_name: 7 } }
    expect((await api.patch(`/sessions/${one.sid}`, wrong)).status).toBe(400)
    const strange = { as: two.accessToken, json: { colour: 'red' } }
    expect((await api.patch(`/sessions/${one.sid}`, strange)).status).toBe(400)
  })

  test('rule 17 roles: a person cannot change roles, not even their own', async () => {
    const login = await started()
    const json = { roles: ['pilot'] }
    const answer = await api.patch(`/sessions/${login.sid}`, { as: login.accessToken, json })
    expect([400, 403], answer.text).toContain(answer.status)
    expect((await api.session(login.sid))['roles']).toEqual([])
  })

  test('PATCH of roles and claims reaches the next access token', async () => {
    const login = await started()
    const one = await api.patch(`/sessions/${login.sid}`, {
      as: clients.backend,
      json: { roles: ['ops'], claims: { team: 'red' } },
    })
    expect(one.status, one.text).toBe(200)
    let next = await api.refreshed(login)
    expect(claimsOf(next.accessToken)).toMatchObject({ roles: ['ops'], team: 'red' })
    const all = await api.patch(`/users/${login.uid}`, {
      as: clients.operator,
      json: { roles: ['pilot'] },
    })
    expect(all.status, all.text).toBe(200)
    next = await api.refreshed(next)
    expect(claimsOf(next.accessToken)).toMatchObject({ roles: ['pilot'], team: 'red' })
    expect(await api.works(next.accessToken)).toBe(true)
  })

  test('rule 17 roles: an issuer patches within mayGrant only, and nobody gives reserved roles', async () => {
    const login = await started()
    const attempts = [
      { as: clients.backend, roles: ['captain'] },
      { as: clients.backend, roles: ['admin'] },
      { as: clients.humble, roles: ['pilot'] },
      { as: clients.operator, roles: ['admin'] },
      { as: clients.operator, roles: ['service'] },
    ]
    for (const { as, roles } of attempts) {
      for (const path of [`/sessions/${login.sid}`, `/users/${login.uid}`]) {
        const answer = await api.patch(path, { as, json: { roles } })
        expect([400, 403], `${path} ${roles}`).toContain(answer.status)
      }
    }
    const claims = { as: clients.backend, json: { claims: { sub: 'root' } } }
    expect((await api.patch(`/sessions/${login.sid}`, claims)).status).toBe(400)
    const next = await api.refreshed(login)
    expect(claimsOf(next.accessToken)).toMatchObject({ roles: [], sub: login.uid })
  })

  test('rule 17 roles: an admin who is no longer one is refused at the next request', async () => {
    const root = await admin()
    expect((await api.get('/admin/sessions', { as: root.accessToken })).status).toBe(200)
    house.curfew.reload({ ...house.curfew.config, users: [] })
    await eventually(async () => {
      const answer = await api.get('/admin/sessions', { as: root.accessToken })
      return answer.status === 403 ? true : undefined
    })
    house.curfew.reload(house.curfew.config)
    await eventually(async () => {
      const answer = await api.get('/admin/sessions', { as: root.accessToken })
      return answer.status === 200 ? true : undefined
    })
  })

  test('a uid with reserved characters is found by its encoded path', async () => {
    for (const uid of ['main:8f3c', 'a/b', 'ü ñ', "o'neil", 'x@y.example', '100%']) {
      const name = `${uid}-${freshUid()}`
      const login = await started(name)
      const path = `/users/${encodeURIComponent(name)}`
      const list = await api.get(`${path}/sessions`, { as: clients.operator })
      expect(
        list.items.map((item) => item['sid']),
        uid,
      ).toEqual([login.sid])
      const answer = await api.post(`${path}/revoke`, { as: clients.operator })
      expect(answer.body, uid).toEqual({ revoked: 1 })
    }
  })
})
