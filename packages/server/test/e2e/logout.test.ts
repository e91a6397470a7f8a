/* Ending one's own sessions: AC-1, AC-2, AC-5, S84, S85, S88, S89, rules 16 and 30 (API.md, section 5). */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import {
  asText,
  claimsOf,
  clients,
  freshUid,
  type Login,
  newSecret,
  startCurfew,
  stores,
  useCurfew,
} from '#test/harness/index.ts'

const done = (sid: string) => ({ revoked: true, already_revoked: false, sid })
const before = (sid: string) => ({ revoked: false, already_revoked: true, sid })

describe.each(stores)('logging out on %s', (store) => {
  const house = useCurfew({ store })
  const { api } = house

  const started = (uid = freshUid(), device = 'web'): Promise<Login> => api.start({ uid, device })

  /** The table of ours that has this column. */
  const tableWith = async (column: string): Promise<string> => {
    const [row] = await house.curfew.stage.execute(
      store === 'sqlite'
        ? `select m.name as name from sqlite_schema m join pragma_table_info(m.name) c
            where m.type = 'table' and c.name = '${column}'`
        : `select table_name as name from information_schema.columns
            where table_schema = 'public' and column_name = '${column}'`,
    )
    return asText(row?.['name'], `a table with the column ${column}`)
  }

  test('S84 (AC-1): a logout ends the session, its refresh token and every access token', async () => {
    const first = await started()
    const login = await api.refreshed(first)
    const from = Math.floor(Date.now() / 1000) - 2
    const answer = await api.logout(login.accessToken)
    expect(answer.status, answer.text).toBe(200)
    expect(answer.body).toEqual(done(login.sid))
    const shown = await api.session(login.sid)
    expect(shown['revoked_reason']).toBe('user_logout')
    expect(shown['revoked_by_user_id']).toBe(login.uid)
    expect(Number(shown['revoked_at'])).toBeGreaterThanOrEqual(from)
    expect(Number(shown['revoked_at'])).toBeLessThanOrEqual(from + 30)
    expect((await api.refresh(login.refreshToken)).status).toBe(400)
    for (const token of [first.accessToken, login.accessToken, login.sessionToken]) {
      expect(await api.works(token)).toBe(false)
    }
  })

  test('every kind of token ends its session at /logout', async () => {
    const way: Record<string, (login: Login) => ReturnType<typeof api.logout>> = {
      access: (login) => api.logout(login.accessToken),
      session: (login) => api.logout(login.sessionToken),
      header: (login) => api.post('/logout', { headers: { token: login.sessionToken } }),
      refresh: (login) => api.post('/logout', { json: { refresh_token: login.refreshToken } }),
    }
    for (const [name, logout] of Object.entries(way)) {
      const login = await started()
      const answer = await logout(login)
      expect(answer.status, `${name} ${answer.text}`).toBe(200)
      expect(answer.body, name).toEqual(done(login.sid))
      expect((await logout(login)).body, name).toEqual(before(login.sid))
    }
  })

  test('S88 (AC-5): the second logout says so and writes nothing', async () => {
    const login = await started()
    await api.logout(login.accessToken)
    const shown = await api.session(login.sid)
    const rows = (await house.curfew.stage.rows()).filter((row) => row.includes(login.sid))
    const feed = await api.feed()
    for (const token of [login.accessToken, login.sessionToken]) {
      const again = await api.logout(token)
      expect(again.status).toBe(200)
      expect(again.body).toEqual(before(login.sid))
    }
    expect(await api.session(login.sid)).toEqual(shown)
    const later = (await house.curfew.stage.rows()).filter((row) => row.includes(login.sid))
    expect(later).toEqual(rows)
    const feedAfter = await api.feed()
    expect(feedAfter.text).toBe(feed.text)
    expect(feedAfter.headers.get('curfew-cursor')).toBe(feed.headers.get('curfew-cursor'))
  })

  test('S40: of many logouts at once one says that it did it', async () => {
    const login = await started()
    const cursor = await api.head()
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => api.logout(login.accessToken)),
    )
    expect(answers.map((answer) => answer.status)).toEqual(Array(10).fill(200))
    expect(answers.filter((answer) => answer.body['revoked'] === true)).toHaveLength(1)
    expect(answers.filter((answer) => answer.body['already_revoked'] === true)).toHaveLength(9)
    expect((await api.feed({ since: cursor })).list).toHaveLength(1)
  })

  test('S85 (AC-2): logout/all ends every session of the user, the caller’s included', async () => {
    const uid = freshUid()
    const logins = [await started(uid), await started(uid), await started(uid, 'app')]
    const other = await started()
    const cursor = await api.head()
    const answer = await api.post('/logout/all', { as: logins[1]?.accessToken })
    expect(answer.status, answer.text).toBe(200)
    expect(answer.body).toEqual({ revoked: 3 })
    for (const login of logins) {
      expect(await api.works(login.accessToken)).toBe(false)
      expect(await api.session(login.sid)).toMatchObject({
        revoked_reason: 'user_logout_all',
        revoked_by_user_id: uid,
      })
    }
    const fed = (await api.feed({ since: cursor })).list.map((entry) => entry['sid'])
    expect(fed.toSorted()).toEqual(logins.map((login) => login.sid).toSorted())
    expect(await api.works(other.accessToken)).toBe(true)
    // S53: a fresh sign-in afterwards works.
    expect(await api.works((await started(uid)).accessToken)).toBe(true)
  })

  test('logout/others ends all but the caller’s', async () => {
    const uid = freshUid()
    const [one, two, three] = [await started(uid), await started(uid), await started(uid)]
    const answer = await api.post('/logout/others', { as: two.sessionToken })
    expect(answer.body).toEqual({ revoked: 2 })
    expect(await api.works(two.accessToken)).toBe(true)
    expect((await api.refresh(two.refreshToken)).status).toBe(200)
    for (const login of [one, three]) {
      expect(await api.session(login.sid)).toMatchObject({
        revoked_reason: 'user_logout_others',
        revoked_by_user_id: uid,
      })
    }
    const nothing = await api.post('/logout/others', { as: two.sessionToken })
    expect(nothing.body).toEqual({ revoked: 0 })
  })

  test('S59: a dead token ends nobody’s sessions', async () => {
    const uid = freshUid()
    const [dead, alive] = [await started(uid), await started(uid)]
    await api.logout(dead.accessToken)
    for (const path of ['/logout/all', '/logout/others']) {
      for (const token of [dead.accessToken, dead.sessionToken]) {
        const answer = await api.post(path, { as: token })
        expect(answer.status, path).toBe(401)
        expect(answer.body['code']).toBe('session_ended')
      }
    }
    const remove = await api.delete(`/sessions/${alive.sid}`, { as: dead.accessToken })
    expect(remove.status).toBe(401)
    expect(await api.works(alive.accessToken)).toBe(true)
  })

  test('DELETE /sessions/{sid} ends one of the user’s own; another user’s and unknown ones are 404', async () => {
    const uid = freshUid()
    const [mine, phone] = [await started(uid), await started(uid, 'app')]
    const foreign = await started()
    const gone = await api.delete(`/sessions/${phone.sid}`, { as: mine.accessToken })
    expect(gone.status, gone.text).toBe(200)
    expect(gone.body).toEqual(done(phone.sid))
    expect(await api.session(phone.sid)).toMatchObject({
      revoked_reason: 'user_logout',
      revoked_by_user_id: uid,
    })
    const again = await api.delete(`/sessions/${phone.sid}`, { as: mine.accessToken })
    expect(again.body).toEqual(before(phone.sid))
    const unknown = '0190a000-0000-7000-8000-000000000000'
    const bodies = await Promise.all(
      [foreign.sid, unknown, 'nonsense', '..%2f..'].map((sid) =>
        api.delete(`/sessions/${sid}`, { as: mine.accessToken }),
      ),
    )
    expect(bodies.map((answer) => answer.status)).toEqual([404, 404, 404, 404])
    // One answer for all, so that nothing is learned about others.
    const [strange, missing] = bodies.map(({ body }) => ({ ...body, instance: undefined }))
    expect(strange).toEqual(missing)
    expect(await api.works(foreign.accessToken)).toBe(true)
    expect((await api.delete(`/sessions/${mine.sid}`)).status).toBe(401)
  })

  test('S44: what stands in the body does not choose another session', async () => {
    const [mine, foreign] = [await started(), await started()]
    const named = await api.post('/logout', { as: mine.accessToken, json: { sid: foreign.sid } })
    expect(named.status).toBe(400)
    expect(await api.works(foreign.accessToken)).toBe(true)
    await api.post(`/logout?sid=${foreign.sid}`, { as: mine.accessToken })
    expect(await api.works(foreign.accessToken)).toBe(true)
  })

  test('S89: no token, garbage and a token of another issuer are 401 with WWW-Authenticate', async () => {
    const stranger = await startCurfew({ store })
    try {
      const foreign = await stranger.api.start({ uid: freshUid(), device: 'web' })
      const login = await started()
      const [head, payload, signature] = login.accessToken.split('.')
      const unsigned = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')
      const tokens = [
        undefined,
        'garbage',
        'cfs_garbage',
        'a.b.c',
        foreign.accessToken,
        foreign.sessionToken,
        `${unsigned}.${payload}.`,
        `${head}.${payload}.${signature?.slice(0, -4)}AAAA`,
      ]
      const routes: readonly [string, string][] = [
        ['POST', '/logout'],
        ['POST', '/logout/all'],
        ['POST', '/logout/others'],
        ['POST', `/sessions/${login.sid}/revoke`],
        ['DELETE', `/sessions/${login.sid}`],
        ['GET', '/sessions/revoked'],
        ['GET', '/sessions'],
      ]
      for (const [method, path] of routes) {
        for (const token of tokens) {
          const answer = await api.send(method, path, { as: token })
          expect(answer.status, `${method} ${path} ${token?.slice(0, 12)}`).toBe(401)
          expect(answer.headers.get('www-authenticate'), path).toMatch(/Bearer/)
          expect(answer.type).toBe('application/problem+json')
        }
      }
      expect(await api.works(login.accessToken)).toBe(true)
    } finally {
      await stranger.close()
    }
  })

  test('S45: an expired access token is 401 at /logout, the refresh token still ends the session', async () => {
    const login = await started()
    await house.curfew.advanceClock(301_000)
    expect((await api.logout(login.accessToken)).status).toBe(401)
    expect((await api.session(login.sid))['revoked_at'] ?? null).toBeNull()
    const answer = await api.post('/logout', { json: { refresh_token: login.refreshToken } })
    expect(answer.body).toEqual(done(login.sid))
  })

  test('a token whose session has ended says why: session_ended with reason and time', async () => {
    const login = await started()
    await api.logout(login.accessToken)
    const { revoked_at: revokedAt } = await api.session(login.sid)
    for (const token of [login.accessToken, login.sessionToken]) {
      const answer = await api.get('/sessions', { as: token })
      expect(answer.status).toBe(401)
      expect(answer.body).toMatchObject({
        code: 'session_ended',
        type: 'urn:curfew:problem:session_ended',
        status: 401,
        revoked_reason: 'user_logout',
        revoked_at: revokedAt,
      })
    }
  })

  test('rule 30 dead at logout: a rotated refresh token ends its session there', async () => {
    const first = await started()
    const second = await api.refreshed(first)
    const third = await api.refreshed(second)
    const answer = await api.post('/logout', { json: { refresh_token: first.refreshToken } })
    expect(answer.status, answer.text).toBe(200)
    expect(answer.body).toEqual(done(first.sid))
    expect(await api.works(third.accessToken)).toBe(false)
    expect((await api.session(first.sid))['revoked_reason']).toBe('user_logout')
  })

  test('rule 30 dead at logout: a good MAC without a row is already revoked, and 401 elsewhere', async () => {
    const secrets = [newSecret()]
    const one = await startCurfew({ store, config: { secrets } })
    const two = await startCurfew({
      store,
      config: { secrets, server: { publicUrl: one.issuer } },
    }).catch(async (error: unknown) => {
      await one.close()
      throw error
    })
    try {
      const login = await one.api.start({ uid: freshUid(), device: 'web' })
      const answer = await two.api.logout(login.sessionToken)
      expect(answer.status, answer.text).toBe(200)
      expect(answer.body).toEqual(before(login.sid))
      expect((await two.api.get('/sessions', { as: login.sessionToken })).status).toBe(401)
      expect((await two.api.refresh(login.refreshToken)).status).toBe(400)
    } finally {
      await Promise.all([one.close(), two.close()])
    }
  })

  test('rule 16 one credential: tokens of different sessions in one request are 400', async () => {
    const [one, two] = [await started(), await started()]
    const both = { as: one.accessToken, headers: { token: two.sessionToken } }
    for (const [method, path] of [
      ['GET', '/sessions'],
      ['POST', '/logout'],
      ['POST', '/logout/all'],
    ] as const) {
      const answer = await api.send(method, path, both)
      expect(answer.status, `${path} ${answer.text}`).toBe(400)
    }
    const inBody = await api.post('/logout', {
      as: one.accessToken,
      json: { refresh_token: two.refreshToken },
    })
    expect(inBody.status).toBe(400)
    expect(await api.works(one.accessToken)).toBe(true)
    expect(await api.works(two.accessToken)).toBe(true)
    const same = { as: one.accessToken, headers: { token: one.sessionToken } }
    expect((await api.get('/sessions', same)).status).toBe(200)
  })

  test('rule 35 stale: the process that ended a session refuses it in the very next request', async () => {
    for (let round = 0; round < 10; round++) {
      const login = await started()
      // Warm every cache first.
      await Promise.all([login.accessToken, login.sessionToken].map((token) => api.works(token)))
      await api.logout(login.sessionToken)
      const alive = await Promise.all(
        [login.accessToken, login.sessionToken].map((token) => api.works(token)),
      )
      expect(alive).toEqual([false, false])
      expect((await api.introspect(login.accessToken)).body).toEqual({ active: false })
      expect((await api.refresh(login.refreshToken)).status).toBe(400)
    }
  })

  test('rule 2 no way back: nothing that the API offers brings an ended session back', async () => {
    const uid = freshUid()
    const login = await started(uid)
    await api.logout(login.accessToken)
    const ended = await api.session(login.sid)
    await api.refresh(login.refreshToken)
    await api.post(`/users/${uid}/enable`, { as: clients.operator })
    await api.patch(`/users/${uid}`, { as: clients.operator, json: { roles: ['pilot'] } })
    await api.patch(`/sessions/${login.sid}`, {
      as: clients.operator,
      json: { roles: ['pilot'] },
    })
    await api.post(`/sessions/${login.sid}/revoke`, { as: clients.operator })
    await started(uid)
    expect(await api.works(login.accessToken)).toBe(false)
    expect(await api.works(login.sessionToken)).toBe(false)
    expect(await api.session(login.sid)).toEqual(ended)
  })

  test('rule 2 no way back: the store itself refuses to clear or change an end', async () => {
    const login = await started()
    await api.logout(login.accessToken)
    const { stage } = house.curfew
    const name = await tableWith('revoked_by_user_id')
    for (const change of ['revoked_at = null', "revoked_reason = 'other'"]) {
      const attempt = stage.execute(`update ${name} set ${change} where revoked_at is not null`)
      await expect(attempt, change).rejects.toThrow()
    }
    expect((await api.session(login.sid))['revoked_reason']).toBe('user_logout')
  })

  test('rule 13 two locks: with other random bytes in its row no opaque token is good', async () => {
    const [one, two] = [await started(), await started()]
    const table = await tableWith('salt')
    const salt = `(select salt from ${table} where sid = '${two.sid}')`
    // Every write raises the version; the store sees to that.
    await house.curfew.stage.execute(
      `update ${table} set salt = ${salt}, version = version + 1 where sid = '${one.sid}'`,
    )
    expect(await api.works(one.sessionToken)).toBe(false)
    expect((await api.refresh(one.refreshToken)).status).toBe(400)
    expect((await api.logout(one.sessionToken)).status).toBe(401)
    expect((await api.session(one.sid))['revoked_at'] ?? null).toBeNull()
    expect(await api.works(two.sessionToken)).toBe(true)
  })

  test('rule 37 limits: a lock that is held too long is 503, and nothing is half done', async () => {
    const login = await started()
    const table = await tableWith('revoked_by_user_id')
    const lock = `select sid from ${table} where sid = '${login.sid}'`
    const release = await house.curfew.stage.hold(store === 'sqlite' ? lock : `${lock} for update`)
    try {
      const from = performance.now()
      const answer = await api.logout(login.accessToken)
      expect(answer.status, answer.text).toBe(503)
      expect(answer.headers.get('retry-after')).toBeTruthy()
      expect(performance.now() - from).toBeLessThan(8000)
    } finally {
      await release()
    }
    expect((await api.logout(login.accessToken)).body).toEqual(done(login.sid))
  })

  test('the access token of an ended session still counts for /logout until it expires', async () => {
    const login = await started()
    await api.post(`/sessions/${login.sid}/revoke`, { as: clients.operator })
    expect((await api.logout(login.accessToken)).body).toEqual(before(login.sid))
    expect((await api.session(login.sid))['revoked_reason']).toBe('admin_revoke')
    expect(claimsOf(login.accessToken)['sid']).toBe(login.sid)
  })

  test('S41: a logout is carried through although its client has gone', async () => {
    const login = await started()
    const abort = new AbortController()
    const pending = api.post('/logout', { as: login.sessionToken, signal: abort.signal })
    setTimeout(() => abort.abort(), 1)
    await pending.catch(() => undefined)
    // Either it never arrived or it is carried through: then nothing is left half done.
    await sleep(500)
    const shown = await api.session(login.sid)
    const dead = (shown['revoked_at'] ?? null) !== null
    expect(await api.works(login.accessToken)).toBe(!dead)
  })
})
