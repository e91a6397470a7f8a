/* What runs out by itself: idle and absolute expiry, as every route shows it (API.md, sections 2 and 5). */
import { describe, expect, test } from 'vitest'
import {
  asText,
  claimsOf,
  clients,
  cursorOf,
  eventually,
  freshUid,
  type Login,
  stores,
  useCurfew,
} from '#test/harness/index.ts'

const minute = 60_000
const config = {
  tokens: { accessTtl: '2m' },
  sessions: {
    devices: {
      short: { policy: 'multiple', idleTtl: '10m', absoluteTtl: '1h' },
      brief: { policy: 'multiple', idleTtl: '30s' },
      lone: { policy: 'single', idleTtl: '10m', absoluteTtl: '1h' },
      joint: { policy: 'shared', idleTtl: '10m', absoluteTtl: '1h' },
    },
  },
}

describe.each(stores)('expiry on %s', (store) => {
  const house = useCurfew({ store, config })
  const { api } = house

  const started = (device = 'short', uid = freshUid()): Promise<Login> => api.start({ uid, device })

  test('S25: use keeps a session from idling and never moves the absolute deadline', async () => {
    let login = await started()
    const deadline = Number(claimsOf(login.accessToken)['iat']) + 3600
    for (let n = 0; n < 6; n++) {
      await house.curfew.advanceClock(9 * minute)
      login = await api.refreshed(login)
      expect(claimsOf(login.accessToken)['exp']).toBeLessThanOrEqual(deadline + 1)
    }
    await house.curfew.advanceClock(7 * minute)
    const late = await api.refresh(login.refreshToken)
    expect(late.status).toBe(400)
    expect(late.body).toMatchObject({ error: 'invalid_grant', revoked_reason: 'expired' })
    expect(await api.works(login.sessionToken)).toBe(false)
    expect((await api.session(login.sid))['revoked_by_user_id']).toBeNull()
  })

  test('an access token lives at most half of the idle limit', async () => {
    const login = await started('brief')
    const { exp, iat } = claimsOf(login.accessToken)
    expect(Number(exp) - Number(iat)).toBe(15)
    await house.curfew.advanceClock(31_000)
    expect((await api.get('/sessions', { as: login.sessionToken })).body).toMatchObject({
      code: 'session_ended',
      revoked_reason: 'expired',
    })
  })

  test('an idle session is dead on every route, at the first request that asks', async () => {
    const asks: Record<string, (login: Login) => Promise<unknown>> = {
      api: async (login) => (await api.get('/sessions', { as: login.sessionToken })).status === 401,
      refresh: async (login) => (await api.refresh(login.refreshToken)).status === 400,
      introspect: async (login) =>
        (await api.introspect(login.sessionToken)).body['active'] === false,
      all: async (login) =>
        (await api.post('/logout/all', { as: login.sessionToken })).status === 401,
      logout: async (login) =>
        (await api.logout(login.sessionToken)).body['already_revoked'] === true,
    }
    const logins: Record<string, Login> = {}
    for (const name of Object.keys(asks)) logins[name] = await started()
    await house.curfew.advanceClock(11 * minute)
    for (const [name, ask] of Object.entries(asks)) {
      const login = logins[name]
      if (login !== undefined) expect(await ask(login), name).toBe(true)
    }
    expect((await api.session(asText(logins['refresh']?.sid)))['revoked_reason']).toBe('expired')
  })

  test('lists of live sessions leave out what has run out', async () => {
    const uid = freshUid()
    const [idle, live] = [await started('short', uid), await started('web', uid)]
    await house.curfew.advanceClock(11 * minute)
    const own = await api.get('/sessions', { as: live.sessionToken })
    expect(own.items.map((item) => item['sid'])).toEqual([live.sid])
    expect(own.text).not.toContain(idle.sid)
    const ended = await api.post('/logout/all', { as: live.sessionToken })
    expect(ended.status).toBe(200)
    expect(await api.works(idle.sessionToken)).toBe(false)
  })

  test('what has run out ended of itself, whoever ends it afterwards', async () => {
    const uid = freshUid()
    const live = await started('web', uid)
    const [shown, deleted, revoked] = [
      await started(),
      await started('short', uid),
      await started(),
    ]
    const swept = await started('short', uid)
    await house.curfew.advanceClock(11 * minute)
    const ofItself = { revoked_reason: 'expired', revoked_by_user_id: null }
    expect(await api.session(shown.sid)).toMatchObject(ofItself)
    const already = { revoked: false, already_revoked: true }
    const own = await api.delete(`/sessions/${deleted.sid}`, { as: live.sessionToken })
    expect(own.body).toMatchObject(already)
    const by = { as: clients.operator, json: { reason: 'expired' } }
    expect((await api.post(`/sessions/${revoked.sid}/revoke`, by)).body).toMatchObject(already)
    expect((await api.post(`/users/${uid}/revoke`, by)).body).toEqual({ revoked: 1 })
    for (const { sid } of [deleted, revoked, swept]) {
      expect(await api.session(sid)).toMatchObject(ofItself)
    }
  })

  test.each(['lone', 'joint'])(
    'rule 8 expired frees its place: a start in the class %s',
    async (device) => {
      const uid = freshUid()
      const old = await started(device, uid)
      await house.curfew.advanceClock(11 * minute)
      const next = await started(device, uid)
      expect(next.answer.status).toBe(201)
      expect(next.sid).not.toBe(old.sid)
      expect(await api.works(next.accessToken)).toBe(true)
      expect(await api.session(old.sid)).toMatchObject({
        revoked_reason: 'expired',
        revoked_by_user_id: null,
      })
    },
  )

  test('a refresh token is good for refreshTtl, even where the session lives longer', async () => {
    const login = await api.start({ uid: freshUid(), device: 'web' })
    await house.curfew.advanceClock(6 * 24 * 60 * minute)
    expect((await api.refresh(login.refreshToken)).status).toBe(200)
  })

  test('a cursor older than what is kept resets and is never answered with nothing', async () => {
    const before = await api.head()
    const old = await started()
    await api.logout(old.accessToken)
    await house.curfew.advanceClock(26 * 60 * minute)
    const recent = await api.start({ uid: freshUid(), device: 'web' })
    await api.logout(recent.accessToken)
    // The row may be kept for longer; when it has gone the cursor before it must not pretend.
    const answer = await api.feed({ since: before })
    expect(answer.list.map((entry) => entry['sid'])).toContain(recent.sid)
    const all = await api.feed({ since: before, all: true })
    const complete = all.list.some((entry) => entry['sid'] === old.sid)
    expect(complete || all.headers.get('curfew-reset') === 'true').toBe(true)
    expect(cursorOf(all)).toBe(await api.head())
  })

  test('access tokens run out by the store’s clock', async () => {
    const login = await started()
    expect(await api.works(login.accessToken)).toBe(true)
    await house.curfew.advanceClock(2 * minute + 1000)
    expect(await api.works(login.accessToken)).toBe(false)
    expect(await api.works(login.sessionToken)).toBe(true)
    const refused = await api.get('/sessions', { as: login.accessToken })
    expect(refused.body['code']).not.toBe('session_ended')
    expect((await api.introspect(login.accessToken)).body).toEqual({ active: false })
  })

  test('last_seen_at follows use, at most once a minute', async () => {
    let login = await started()
    const first = (await api.session(login.sid))['last_seen_at']
    await house.curfew.advanceClock(2 * minute)
    login = await api.refreshed(login)
    const seen = await eventually(async () => {
      const shown = (await api.session(login.sid))['last_seen_at']
      return shown === first ? undefined : Number(shown)
    })
    expect(seen - Number(first)).toBeGreaterThanOrEqual(119)
  })

  test('a client’s own session outlives its tokens and is renewed quietly', async () => {
    const one = await api.clientToken(clients.satellite)
    await house.curfew.advanceClock(40 * 24 * 60 * minute)
    const two = await api.clientToken(clients.satellite)
    expect((await api.feed({}, two)).status).toBe(200)
    expect((await api.feed({}, one)).status).toBe(401)
  })
})
