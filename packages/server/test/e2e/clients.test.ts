/* Clients of their own: client_credentials, introspection, revocation (API.md, section 4; RFC 7662, 7009). */
import { describe, expect, test } from 'vitest'
import {
  asText,
  claimsOf,
  clients,
  freshUid,
  type Login,
  merge,
  newSecret,
  otherPublicClient,
  publicClient,
  startCurfew,
  stores,
  useCurfew,
} from '#test/harness/index.ts'

describe.each(stores)('clients on %s', (store) => {
  const house = useCurfew({ store })
  const { api } = house

  const started = (more: Record<string, unknown> = {}): Promise<Login> =>
    api.start({ uid: freshUid(), device: 'web', ...more })

  test('client_credentials answers an access token of the client’s one session', async () => {
    const answer = await api.clientCredentials(clients.satellite)
    expect(answer.status, answer.text).toBe(200)
    expect(answer.headers.get('cache-control')).toContain('no-store')
    expect(answer.body).toMatchObject({ token_type: 'Bearer', expires_in: expect.any(Number) })
    expect(answer.body).not.toHaveProperty('refresh_token')
    expect(answer.body).not.toHaveProperty('session_token')
    const claims = claimsOf(asText(answer.body['access_token']))
    expect(claims).toMatchObject({
      sub: 'client:satellite',
      client_id: 'satellite',
      device: 'service',
      roles: ['service'],
    })
    const again = claimsOf(await api.clientToken(clients.satellite))
    expect(again['sid']).toBe(claims['sid'])
  })

  test('rule 18 clients: client_credentials needs a client that authenticates', async () => {
    const bare = await api.clientCredentials({ id: publicClient, secret: '' })
    expect([400, 401]).toContain(bare.status)
    const form = { grant_type: 'client_credentials', client_id: publicClient }
    const asPublic = await api.post('/oauth/token', { form })
    expect([400, 401]).toContain(asPublic.status)
    expect(['unauthorized_client', 'invalid_client']).toContain(asPublic.body['error'])
    const wrong = await api.clientCredentials({ id: 'satellite', secret: 'wrong' })
    expect(wrong.status).toBe(401)
    expect(wrong.body['error']).toBe('invalid_client')
    const unknown = await api.clientCredentials({ id: 'nobody', secret: 'wrong' })
    expect(unknown.status).toBe(401)
    // Unknown and wrong are told apart by nobody.
    expect(unknown.body).toEqual(wrong.body)
  })

  test('a client’s own session is listed, revocable, and in the feed', async () => {
    const token = await api.clientToken(clients.webapp)
    const sid = asText(claimsOf(token)['sid'])
    expect(await api.session(sid)).toMatchObject({ uid: 'client:webapp', device: 'service' })
    const cursor = await api.head()
    expect((await api.logout(token)).body).toMatchObject({ revoked: true, sid })
    const { list } = await api.feed({ since: cursor })
    expect(list.map((entry) => entry['sid'])).toEqual([sid])
    expect((await api.introspect(token)).body).toEqual({ active: false })
  })

  test('a client that leaves the configuration loses its session', async () => {
    const curfew = await startCurfew({ store })
    try {
      const token = await curfew.api.clientToken(clients.satellite)
      expect((await curfew.api.feed({}, token)).status).toBe(200)
      await curfew.stop()
      const { clients: all } = curfew.config
      const left = Array.isArray(all) ? all.filter((client) => client.id !== 'satellite') : []
      const next = await curfew.restart({ config: { clients: left } })
      expect((await next.api.feed({}, token)).status).toBe(401)
      expect((await next.api.introspect(token)).body).toEqual({ active: false })
      expect((await next.api.clientCredentials(clients.satellite)).status).toBe(401)
      await next.stop()
    } finally {
      await curfew.close()
    }
  })

  test('rule 18 clients: two secrets work while one is being changed', async () => {
    const [one, two] = [newSecret(), newSecret()]
    const own = [
      { ...clients.operator, roles: ['admin'] },
      { id: 'double', secret: [one, two], roles: ['service'] },
    ]
    const curfew = await startCurfew({ store, config: { clients: own } })
    try {
      for (const secret of [one, two]) {
        expect((await curfew.api.feed({}, { id: 'double', secret })).status).toBe(200)
      }
      const wrong = { id: 'double', secret: newSecret() }
      expect((await curfew.api.feed({}, wrong)).status).toBe(401)
    } finally {
      await curfew.close()
    }
  })

  test('introspection of an access token says what the token says', async () => {
    const login = await started({ roles: ['pilot'] })
    const answer = await api.introspect(login.accessToken)
    expect(answer.status, answer.text).toBe(200)
    expect(answer.type).toBe('application/json')
    const claims = claimsOf(login.accessToken)
    expect(answer.body).toMatchObject({
      active: true,
      sub: login.uid,
      sid: login.sid,
      client_id: 'backend',
      iss: house.curfew.issuer,
      aud: claims['aud'],
      exp: claims['exp'],
      iat: claims['iat'],
      jti: claims['jti'],
    })
    expect(answer.headers.get('cache-control')).toContain('no-store')
  })

  test('introspection of opaque tokens: the session token, and the client’s own refresh token', async () => {
    const login = await started({ client_id: clients.webapp.id })
    const session = await api.introspect(login.sessionToken)
    expect(session.body).toMatchObject({ active: true, sub: login.uid, sid: login.sid })
    const own = await api.introspect(login.refreshToken, clients.webapp)
    expect(own.body).toMatchObject({ active: true, sid: login.sid, client_id: 'webapp' })
    const others = await api.introspect(login.refreshToken, clients.backend)
    expect(others.body).toEqual({ active: false })
  })

  test('what is not active is exactly {"active": false}', async () => {
    const login = await started()
    await api.logout(login.accessToken)
    for (const token of [login.accessToken, login.sessionToken, login.refreshToken, 'x', 'cfs_x']) {
      const answer = await api.introspect(token)
      expect(answer.status, token.slice(0, 8)).toBe(200)
      expect(answer.body).toEqual({ active: false })
    }
  })

  test('rule 18 clients: introspection is for confidential clients', async () => {
    const { accessToken } = await started()
    const none = await api.post('/oauth/introspect', { form: { token: accessToken } })
    expect(none.status).toBe(401)
    const form = { token: accessToken, client_id: publicClient }
    expect([400, 401, 403]).toContain((await api.post('/oauth/introspect', { form })).status)
    const wrong = await api.introspect(accessToken, { id: 'webapp', secret: 'wrong' })
    expect(wrong.status).toBe(401)
    const missing = await api.post('/oauth/introspect', { as: clients.webapp, form: {} })
    expect(missing.status).toBe(400)
    expect(missing.body['error']).toBe('invalid_request')
    const inUrl = await api.get('/oauth/introspect', {
      as: clients.webapp,
      query: { token: accessToken },
    })
    expect(inUrl.status).toBeGreaterThanOrEqual(404)
  })

  test('revocation of any token ends its session, and says nothing about unknown ones', async () => {
    for (const pick of ['refreshToken', 'accessToken', 'sessionToken'] as const) {
      const login = await started()
      const form = { token: login[pick], token_type_hint: 'access_token' }
      const answer = await api.post('/oauth/revoke', { as: clients.backend, form })
      expect(answer.status, `${pick} ${answer.text}`).toBe(200)
      expect(await api.works(login.accessToken), pick).toBe(false)
      const again = await api.post('/oauth/revoke', { as: clients.backend, form })
      expect(again.status).toBe(200)
    }
    for (const token of ['garbage', 'cfr_garbage', 'a.b.c']) {
      const answer = await api.post('/oauth/revoke', { as: clients.backend, form: { token } })
      expect(answer.status, token).toBe(200)
    }
  })

  test('a public client revokes its own by its id; another client’s token is not revoked', async () => {
    const mine = await started({ client_id: publicClient })
    const form = { token: mine.refreshToken, client_id: otherPublicClient }
    const foreign = await api.post('/oauth/revoke', { form })
    expect([200, 400]).toContain(foreign.status)
    expect(await api.works(mine.accessToken)).toBe(true)
    const own = await api.post('/oauth/revoke', { form: { ...form, client_id: publicClient } })
    expect(own.status, own.text).toBe(200)
    expect(await api.works(mine.accessToken)).toBe(false)
  })

  test('revocation wants a client, a token, and POST', async () => {
    const { refreshToken, accessToken } = await started()
    const bare = await api.post('/oauth/revoke', { form: { token: refreshToken } })
    expect([400, 401]).toContain(bare.status)
    const wrong = await api.post('/oauth/revoke', {
      as: { id: 'backend', secret: 'wrong' },
      form: { token: refreshToken },
    })
    expect(wrong.status).toBe(401)
    expect(wrong.body['error']).toBe('invalid_client')
    const missing = await api.post('/oauth/revoke', { as: clients.backend, form: {} })
    expect(missing.status).toBe(400)
    expect(missing.body['error']).toBe('invalid_request')
    const get = await api.get('/oauth/revoke', { query: { token: refreshToken } })
    expect(get.status).toBeGreaterThanOrEqual(404)
    expect(await api.works(accessToken)).toBe(true)
  })

  test('a client may not use a grant that its configuration does not allow', async () => {
    const own = merge(house.curfew.config, {})['clients']
    expect(Array.isArray(own)).toBe(true)
    const form = { grant_type: 'authorization_code', code: 'x', client_id: publicClient }
    const answer = await api.post('/oauth/token', { form })
    expect(answer.status).toBe(400)
    expect(['unauthorized_client', 'unsupported_grant_type', 'invalid_request']).toContain(
      answer.body['error'],
    )
  })
})
