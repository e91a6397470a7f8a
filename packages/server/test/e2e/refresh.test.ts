/* Rotation of refresh tokens: S76 to S83, rules 10, 11, 12 (API.md, section 4). */
import { describe, expect, test } from 'vitest'
import {
  basic,
  claimsOf,
  clients,
  freshUid,
  type Login,
  otherPublicClient,
  publicClient,
  stores,
  useCurfew,
} from '#test/harness/index.ts'

const base64url = /^[A-Za-z0-9_-]+$/

describe.each(stores)('refreshing on %s', (store) => {
  const house = useCurfew({ store })
  const { api } = house

  const started = (more: Record<string, unknown> = {}): Promise<Login> =>
    api.start({ uid: freshUid(), device: 'web', ...more })

  test('S76: a refresh answers a new pair of the same session and keeps what was authenticated', async () => {
    const first = await started({ amr: ['pwd', 'otp'], acr: '2', roles: ['pilot'] })
    const answer = await api.refresh(first.refreshToken)
    expect(answer.status, answer.text).toBe(200)
    expect(answer.headers.get('cache-control')).toContain('no-store')
    const { body } = answer
    expect(body).toMatchObject({ token_type: 'Bearer', sid: first.sid })
    expect(body['refresh_token']).toMatch(/^cfr_/)
    expect(body['refresh_token']).not.toBe(first.refreshToken)
    expect(String(body['refresh_token']).slice(4)).toMatch(base64url)
    const [before, after] = [claimsOf(first.accessToken), claimsOf(String(body['access_token']))]
    expect(after['jti']).not.toBe(before['jti'])
    for (const name of ['iss', 'sub', 'sid', 'amr', 'acr', 'auth_time', 'roles', 'client_id']) {
      expect(after[name], name).toEqual(before[name])
    }
    expect(await api.works(String(body['access_token']))).toBe(true)
  })

  test('rule 12 session token: /oauth/token gives none', async () => {
    const { refreshToken } = await started()
    const answer = await api.refresh(refreshToken)
    expect(answer.status).toBe(200)
    expect(answer.body).not.toHaveProperty('session_token')
    expect(answer.text).not.toContain('cfs_')
    expect(answer.headers.getSetCookie()).toEqual([])
  })

  test('S78: the same token sent many times at once has one successor', async () => {
    const first = await started()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => api.refresh(first.refreshToken)),
    )
    expect(answers.map((answer) => answer.status)).toEqual(Array(20).fill(200))
    expect(new Set(answers.map((answer) => answer.body['refresh_token'])).size).toBe(1)
    const minted = answers.map((answer) => claimsOf(String(answer.body['access_token'])))
    for (const name of ['jti', 'iat', 'exp']) {
      expect(new Set(minted.map((claims) => claims[name])).size, name).toBe(1)
    }
  })

  test('rule 11 grace: a repeat is the same successor, and expires_in is what remains', async () => {
    const first = await started()
    const second = await api.refreshed(first)
    await house.curfew.advanceClock(10_000)
    const repeat = await api.refresh(first.refreshToken)
    expect(repeat.status, repeat.text).toBe(200)
    expect(repeat.body['refresh_token']).toBe(second.refreshToken)
    const [one, two] = [second.accessToken, String(repeat.body['access_token'])].map(claimsOf)
    expect(two).toEqual(one)
    expect(repeat.body['expires_in']).toBeLessThanOrEqual(290)
    expect(repeat.body['expires_in']).toBeGreaterThanOrEqual(285)
  })

  test('S77: a used token whose successor was used ends the session and is in the feed', async () => {
    const first = await started()
    const second = await api.refreshed(first)
    const third = await api.refreshed(second)
    const cursor = await api.head()
    const replay = await api.refresh(first.refreshToken)
    expect(replay.status).toBe(400)
    expect(replay.type).toBe('application/json')
    expect(replay.body).toMatchObject({
      error: 'invalid_grant',
      revoked_reason: 'refresh_reuse',
      revoked_at: expect.any(Number),
    })
    expect((await api.refresh(third.refreshToken)).status).toBe(400)
    expect(await api.works(third.accessToken)).toBe(false)
    expect(await api.works(third.sessionToken)).toBe(false)
    expect(await api.session(first.sid)).toMatchObject({
      revoked_reason: 'refresh_reuse',
      revoked_by_user_id: null,
    })
    const feed = await api.feed({ since: cursor })
    expect(feed.list).toEqual([
      {
        sid: first.sid,
        jti: claimsOf(third.accessToken)['jti'],
        exp: claimsOf(third.accessToken)['exp'],
      },
    ])
  })

  test('S77: a repeat after the grace is a replay', async () => {
    const first = await started()
    const second = await api.refreshed(first)
    await house.curfew.advanceClock(31_000)
    const replay = await api.refresh(first.refreshToken)
    expect(replay.status).toBe(400)
    expect(replay.body).toMatchObject({ error: 'invalid_grant', revoked_reason: 'refresh_reuse' })
    expect((await api.refresh(second.refreshToken)).status).toBe(400)
  })

  test('with lostResponse a repeat is answered while the successor is unused, and not after', async () => {
    const first = await started({ device: 'rover' })
    const second = await api.refreshed(first)
    await house.curfew.advanceClock(3_600_000)
    const repeat = await api.refresh(first.refreshToken)
    expect(repeat.status, repeat.text).toBe(200)
    expect(repeat.body['refresh_token']).toBe(second.refreshToken)
    const third = await api.refreshed(second)
    expect((await api.refresh(first.refreshToken)).status).toBe(400)
    expect(await api.works(third.accessToken)).toBe(false)
  })

  test('rule 10 sender: a repeat by another client is reuse and ends', async () => {
    const first = await started({ client_id: publicClient })
    const second = await api.refreshed(first, publicClient)
    const stolen = await api.refresh(first.refreshToken, otherPublicClient)
    expect(stolen.status).toBe(400)
    expect(stolen.body['error']).toBe('invalid_grant')
    expect(await api.works(second.accessToken)).toBe(false)
    expect((await api.session(first.sid))['revoked_reason']).toBe('refresh_reuse')
  })

  test('rule 10 sender: another network or user agent is recorded and not judged', async () => {
    const first = await started({ user_agent: 'Phone/1' })
    await api.refreshed(first)
    const form = { grant_type: 'refresh_token', refresh_token: first.refreshToken }
    const roamed = await api.post('/oauth/token', {
      as: clients.backend,
      form,
      headers: { 'user-agent': 'Phone/2' },
    })
    expect(roamed.status, roamed.text).toBe(200)
  })

  test('S83: another client’s credentials are refused and change nothing', async () => {
    const login = await started({ client_id: clients.webapp.id })
    const before = await api.session(login.sid)
    const wrong = await api.refresh(login.refreshToken, clients.backend)
    expect(wrong.status).toBe(400)
    expect(wrong.body['error']).toBe('invalid_grant')
    expect(await api.session(login.sid)).toEqual(before)
    expect((await api.refresh(login.refreshToken, clients.webapp)).status).toBe(200)
  })

  test('rule 18 clients: a confidential client always authenticates', async () => {
    const login = await started()
    const bare = await api.refresh(login.refreshToken, clients.backend.id)
    expect(bare.status).toBe(401)
    expect(bare.body['error']).toBe('invalid_client')
    const wrong = await api.refresh(login.refreshToken, { id: 'backend', secret: 'wrong' })
    expect(wrong.status).toBe(401)
    expect(wrong.headers.get('www-authenticate')).toMatch(/^Basic/)
    const form = { grant_type: 'refresh_token', refresh_token: login.refreshToken }
    const none = await api.post('/oauth/token', { form })
    expect([400, 401]).toContain(none.status)
    const post = { ...form, client_id: clients.backend.id, client_secret: clients.backend.secret }
    const inBody = await api.post('/oauth/token', { form: post })
    expect(inBody.status, inBody.text).toBe(200)
  })

  test('two ways to authenticate in one request are refused', async () => {
    const login = await started()
    const answer = await api.refresh(login.refreshToken, clients.backend, {
      client_id: clients.backend.id,
      client_secret: clients.backend.secret,
    })
    expect(answer.status).toBe(400)
    expect(answer.body['error']).toBe('invalid_request')
  })

  test('a client_id that differs from the authenticated client is refused', async () => {
    const login = await started()
    const answer = await api.refresh(login.refreshToken, clients.backend, {
      client_id: clients.webapp.id,
    })
    expect([400, 401]).toContain(answer.status)
    expect((await api.refresh(login.refreshToken)).status).toBe(200)
  })

  test('S79: rotation never passes the absolute deadline, and the idle one ends the session', async () => {
    let login = await started()
    const deadline = 30 * 86_400
    const begun = Number(claimsOf(login.accessToken)['iat'])
    for (let days = 0; days < 24; days += 6) {
      await house.curfew.advanceClock(6 * 86_400_000)
      login = await api.refreshed(login)
    }
    await house.curfew.advanceClock(5.9995 * 86_400_000)
    login = await api.refreshed(login)
    // Rule 4: exp never passes the absolute expiry.
    expect(Number(claimsOf(login.accessToken)['exp'])).toBeLessThanOrEqual(begun + deadline + 1)
    expect(login.expiresIn).toBeLessThan(100)
    await house.curfew.advanceClock(120_000)
    const late = await api.refresh(login.refreshToken)
    expect(late.status).toBe(400)
    expect(late.body).toMatchObject({ error: 'invalid_grant', revoked_reason: 'expired' })
    const idle = await started()
    await house.curfew.advanceClock(7 * 86_400_000 + 5000)
    expect((await api.refresh(idle.refreshToken)).status).toBe(400)
    expect(await api.works(idle.sessionToken)).toBe(false)
  })

  test('rule 4 every mint is a swap: exp never passes the absolute expiry', async () => {
    const login = await started()
    const shown = await api.session(login.sid)
    expect(claimsOf(login.accessToken)['exp']).toBeLessThanOrEqual(Number(shown['expires_at']))
  })

  test('rule 8 expired frees its place: the next start finds it free and the end says why', async () => {
    const uid = freshUid()
    const old = await api.start({ uid, device: 'app' })
    await house.curfew.advanceClock(7 * 86_400_000 + 5000)
    const next = await api.start({ uid, device: 'app' })
    expect(await api.works(next.accessToken)).toBe(true)
    expect((await api.session(old.sid))['revoked_reason']).toBe('expired')
  })

  test('S80: the current token after a logout is refused and the reason stays', async () => {
    const login = await started()
    expect((await api.logout(login.accessToken)).status).toBe(200)
    const late = await api.refresh(login.refreshToken)
    expect(late.status).toBe(400)
    expect(late.body).toMatchObject({
      error: 'invalid_grant',
      revoked_reason: 'user_logout',
      revoked_at: expect.any(Number),
    })
    expect((await api.session(login.sid))['revoked_reason']).toBe('user_logout')
  })

  test('the answer may be narrowed by scope and resource, and never widened', async () => {
    const login = await started({ client_id: clients.webapp.id })
    const narrowed = await api.refresh(login.refreshToken, clients.webapp, {
      scope: 'openid',
      resource: 'https://maps.example.com',
    })
    expect(narrowed.status, narrowed.text).toBe(200)
    const claims = claimsOf(String(narrowed.body['access_token']))
    expect(claims['scope']).toBe('openid')
    expect([claims['aud']].flat().toSorted()).toEqual(
      [house.curfew.issuer, 'https://maps.example.com'].toSorted(),
    )
    const next = String(narrowed.body['refresh_token'])
    const wider = await api.refresh(next, clients.webapp, { scope: 'openid everything' })
    expect(wider.status).toBe(400)
    expect(wider.body['error']).toBe('invalid_scope')
    const elsewhere = await api.refresh(next, clients.webapp, {
      resource: 'https://evil.example.com',
    })
    expect(elsewhere.status).toBe(400)
    expect(elsewhere.body['error']).toBe('invalid_target')
    // Neither refusal used the token up, and the grant kept its whole scope.
    const whole = await api.refresh(next, clients.webapp)
    expect(whole.status, whole.text).toBe(200)
    expect(claimsOf(String(whole.body['access_token']))['scope']).toContain('email')
  })

  test('rule 15 audience: whatever is asked for, the issuer is among it', async () => {
    const login = await started({ client_id: clients.webapp.id })
    const answer = await api.refresh(login.refreshToken, clients.webapp, {
      resource: 'https://api.example.com',
    })
    const token = String(answer.body['access_token'])
    expect(claimsOf(token)['aud']).toContain(house.curfew.issuer)
    expect(await api.works(token)).toBe(true)
  })

  test('malformed requests answer as RFC 6749, section 5.2', async () => {
    const { refreshToken } = await started()
    const cases: readonly [Record<string, string>, string][] = [
      [{}, 'invalid_request'],
      [{ grant_type: 'refresh_token' }, 'invalid_request'],
      [{ grant_type: 'password', username: 'a', password: 'b' }, 'unsupported_grant_type'],
      [{ grant_type: 'refresh_token', refresh_token: 'garbage' }, 'invalid_grant'],
      [{ grant_type: 'refresh_token', refresh_token: 'cfr_garbage' }, 'invalid_grant'],
      [{ grant_type: 'refresh_token', refresh_token: `${refreshToken}x` }, 'invalid_grant'],
    ]
    for (const [form, error] of cases) {
      const answer = await api.post('/oauth/token', { as: clients.backend, form })
      expect(answer.status, JSON.stringify(form)).toBe(400)
      expect(answer.type).toBe('application/json')
      expect(answer.body['error'], JSON.stringify(form)).toBe(error)
      expect(answer.headers.get('cache-control')).toContain('no-store')
    }
    const twice = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken })
    twice.append('refresh_token', refreshToken)
    const repeated = await api.post('/oauth/token', { as: clients.backend, form: twice })
    expect(repeated.status).toBe(400)
    expect(repeated.body['error']).toBe('invalid_request')
    const json = await api.post('/oauth/token', {
      as: clients.backend,
      json: { grant_type: 'refresh_token', refresh_token: refreshToken },
    })
    expect(json.status).toBe(400)
    expect(json.body['error']).toBe('invalid_request')
    expect((await api.get('/oauth/token')).status).toBeGreaterThanOrEqual(404)
    expect((await api.refresh(refreshToken)).status).toBe(200)
  })

  test('a token of one kind is not good as another', async () => {
    const login = await started()
    for (const token of [login.sessionToken, login.accessToken]) {
      const answer = await api.refresh(token)
      expect(answer.status).toBe(400)
      expect(answer.body['error']).toBe('invalid_grant')
    }
    expect(await api.works(login.refreshToken)).toBe(false)
  })

  test('rule 13 two locks: no changed character leaves an opaque token good', async () => {
    const login = await started()
    const flip = (token: string, at: number): string => {
      const next = token[at] === 'A' ? 'B' : 'A'
      return token.slice(0, at) + next + token.slice(at + 1)
    }
    for (let at = 4; at < login.sessionToken.length; at += 3) {
      expect(await api.works(flip(login.sessionToken, at)), `position ${at}`).toBe(false)
    }
    const body = login.sessionToken.slice(4)
    expect((await api.refresh(`cfr_${body}`)).status).toBe(400)
    expect(await api.works(`cfs_${login.refreshToken.slice(4)}`)).toBe(false)
    expect(await api.works(login.sessionToken)).toBe(true)
    expect((await api.refresh(login.refreshToken)).status).toBe(200)
  })

  test('Basic credentials are form-encoded: a secret with reserved characters works', async () => {
    const header = basic({ id: clients.backend.id, secret: clients.backend.secret })
    const { refreshToken } = await started()
    const answer = await api.post('/oauth/token', {
      headers: { authorization: header },
      form: { grant_type: 'refresh_token', refresh_token: refreshToken },
    })
    expect(answer.status).toBe(200)
  })
})
