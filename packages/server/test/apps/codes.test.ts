/* Codes at the token endpoint, over two processes on one PostgreSQL. */
import * as jose from 'jose'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Gate } from '#test/gateway/gate.ts'
import { type Curfew, claimsOf, clients, eventually } from '#test/harness/index.ts'
import { at, coded, openApps, redeem } from './apps.ts'

let gate: Gate
let twin: Curfew
beforeAll(async () => {
  gate = await openApps({ store: 'postgres' })
  gate.provider.claims = { name: 'Alice', email: 'alice@example.com', email_verified: true }
  twin = await gate.curfew.twin()
})
afterAll(() => gate?.close())

const badGrant = [400, 'invalid_grant']

async function refusal(...presented: Parameters<typeof redeem>) {
  const { status, body } = await redeem(...presented)
  return [status, body['error']]
}

test('rule 33 codes: of four redemptions at once over two processes one wins, and its session ends', async () => {
  for (let round = 0; round < 5; round++) {
    const code = await coded(gate)
    const places = [gate.curfew, twin, gate.curfew, twin]
    const answers = await Promise.all(places.map((place) => redeem(place, code)))
    const won = answers.filter(({ status }) => status === 200)
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 400, 400, 400])
    const ended = await gate.curfew.api.session(String(won[0]?.body['sid']))
    expect(ended['revoked_reason']).toBe('refresh_reuse')
    expect(await refusal(twin, code)).toEqual(badGrant)
    const token = String(won[0]?.body['access_token'])
    expect(await gate.curfew.api.works(token)).toBe(false)
    expect(await twin.api.works(token)).toBe(false)
  }
})

test('rule 33 codes: a second use at another replica ends the session, and its refresh token with it', async () => {
  const code = await coded(gate)
  const first = await redeem(gate.curfew, code)
  expect(await refusal(twin, code)).toEqual(badGrant)
  const refresh = await gate.curfew.api.refresh(String(first.body['refresh_token']), clients.webapp)
  expect(refresh.body).toMatchObject({ error: 'invalid_grant', revoked_reason: 'refresh_reuse' })
  const feed = await gate.curfew.api.feed({ all: true })
  expect(feed.list.map(({ sid }) => sid)).toContain(first.body['sid'])
})

describe('rule 33 codes: who is not the one that asked uses nothing up, and ends nothing', () => {
  test.each<[string, Readonly<Record<string, string>>]>([
    ['another verifier', { code_verifier: 'v'.repeat(43) }],
    ['the challenge for a verifier', { code_verifier: '' }],
    ['another redirect URI', { redirect_uri: 'https://other.example.com/cb' }],
    ['a client that shares the redirect URI', { client_id: 'other' }],
    ['another code', { code: `cfa_${'A'.repeat(43)}` }],
    ['no code of ours', { code: 'x'.repeat(5000) }],
  ])('%s', async (_what, wrong) => {
    const code = await coded(gate)
    const changes =
      wrong['code_verifier'] === ''
        ? { code_verifier: String(code.parameters['code_challenge']) }
        : wrong
    expect(await refusal(twin, code, changes)).toEqual(badGrant)
    const good = await redeem(gate.curfew, code)
    expect(good.status).toBe(200)
    // Also afterwards: a code that was seen on its way does not sign the person out.
    expect(await refusal(twin, code, changes)).toEqual(badGrant)
    expect(await gate.curfew.api.works(String(good.body['access_token']))).toBe(true)
  })

  test.each(['code', 'redirect_uri', 'code_verifier'])('%s is required', async (name) => {
    const code = await coded(gate)
    const { verifier, parameters } = code
    const form = {
      ...{ grant_type: 'authorization_code', code: code.code, code_verifier: verifier },
      redirect_uri: String(parameters['redirect_uri']),
    }
    const { [name as keyof typeof form]: _left, ...rest } = form
    const answer = await gate.curfew.api.post('/oauth/token', { as: clients.webapp, form: rest })
    expect([answer.status, answer.body['error']]).toEqual([400, 'invalid_request'])
  })
})

test('rule 18 clients: a confidential client proves itself, whatever it knows of the code', async () => {
  const { code, verifier, parameters } = await coded(gate)
  const form = {
    ...{ grant_type: 'authorization_code', code, code_verifier: verifier },
    ...{ redirect_uri: at.web, client_id: String(parameters['client_id']) },
  }
  const answer = await gate.curfew.api.post('/oauth/token', { form })
  expect([answer.status, answer.body['error']]).toEqual([401, 'invalid_client'])
})

test('rule 33 codes: a code is good for a minute', async () => {
  const late = await coded(gate)
  await gate.curfew.advanceClock(60_001)
  expect(await refusal(gate.curfew, late)).toEqual(badGrant)
  const soon = await coded(gate)
  await gate.curfew.advanceClock(59_000)
  expect((await redeem(gate.curfew, soon)).status).toBe(200)
})

describe('what it gives', () => {
  test("rule 12 session token: the client's session with its class and scope, never a session token", async () => {
    const { body } = await redeem(gate.curfew, await coded(gate, { scope: 'openid email' }))
    expect(body).toMatchObject({ token_type: 'Bearer', scope: 'openid email' })
    expect(Object.keys(body)).not.toContain('session_token')
    const session = await gate.curfew.api.session(String(body['sid']))
    expect(session).toMatchObject({
      ...{ uid: 'main:alice', client_id: clients.webapp.id, device: 'web' },
    })
  })

  test('a client without the refresh grant gets no refresh token, and without openid there is no ID token', async () => {
    const code = await coded(gate, { client_id: 'spa', redirect_uri: at.spa, scope: 'profile' })
    const { status, body } = await redeem(gate.curfew, code)
    expect(status).toBe(200)
    expect(Object.keys(body)).not.toContain('refresh_token')
    expect(Object.keys(body)).not.toContain('id_token')
  })

  test('a resource bounds the access token (RFC 8707)', async () => {
    const resource = 'https://api.example.com'
    const code = await coded(gate, { resource })
    const wider = await redeem(gate.curfew, code, { resource: 'https://maps.example.com' })
    expect(wider.body['error']).toBe('invalid_target')
    const { body } = await redeem(gate.curfew, code)
    expect(jose.decodeJwt(String(body['access_token'])).aud).toEqual([gate.curfew.issuer, resource])
  })

  test('a code that was bound to a key wants its proof (RFC 9449, section 10)', async () => {
    const code = await coded(gate, { dpop_jkt: 'k'.repeat(43) })
    expect(await refusal(gate.curfew, code)).toEqual(badGrant)
  })

  test('an ID token is no access token, anywhere', async () => {
    const { body } = await redeem(gate.curfew, await coded(gate))
    const idToken = String(body['id_token'])
    const { api } = gate.curfew
    expect(await api.works(idToken)).toBe(false)
    expect((await api.logout(idToken)).status).toBe(401)
    expect((await api.get('/userinfo', { as: idToken })).status).toBe(401)
    expect((await api.introspect(idToken)).body).toEqual({ active: false })
    const described = await gate.visitor().send('http://127.0.0.1:8000/', {
      headers: [['Authorization', `Bearer ${idToken}`]],
    })
    expect(described.status).toBe(401)
    expect(await api.works(String(body['access_token']))).toBe(true)
  })
})

test('the provider is heard when a refresh comes by: its refusal ends the session, its outage nothing', async () => {
  const { body } = await redeem(gate.curfew, await coded(gate))
  const { api } = gate.curfew
  const grants = gate.provider.grants.length
  await gate.curfew.advanceClock(400_000)
  gate.provider.script.push({ status: 503 })
  const during = await api.refresh(String(body['refresh_token']), clients.webapp)
  expect(during.status).toBe(200)
  await eventually(async () => (gate.provider.grants.length > grants ? true : undefined))
  expect((await api.session(String(body['sid'])))['revoked_at']).toBeNull()
  await gate.curfew.advanceClock(400_000)
  gate.provider.script.push({ status: 400, error: 'invalid_grant' })
  const next = await api.refresh(String(during.body['refresh_token']), clients.webapp)
  expect(next.status).toBe(200)
  const why = await eventually(async () => {
    const { revoked_reason } = await api.session(String(body['sid']))
    return revoked_reason ?? undefined
  })
  expect(why).toBe('idp_refused')
})

describe('/userinfo', () => {
  test('tells what the scopes allow, as the session stands now', async () => {
    const { body } = await redeem(gate.curfew, await coded(gate, { scope: 'openid email' }))
    const token = String(body['access_token'])
    const { api } = gate.curfew
    const info = { sub: 'main:alice', email: 'alice@example.com', email_verified: true }
    expect((await api.get('/userinfo', { as: token })).body).toEqual(info)
    expect((await api.post('/userinfo', { form: { access_token: token } })).body).toEqual(info)
    const twice = await api.post('/userinfo', { as: token, form: { access_token: token } })
    expect(twice.status).toBe(400)
    await twin.api.logout(token)
    const gone = await api.get('/userinfo', { as: token })
    expect([gone.status, gone.body['code']]).toEqual([401, 'session_ended'])
  })

  test('names the error and the scope in WWW-Authenticate (RFC 6750)', async () => {
    const { body } = await redeem(gate.curfew, await coded(gate, { scope: 'profile' }))
    const { api } = gate.curfew
    const narrow = await api.get('/userinfo', { as: String(body['access_token']) })
    expect(narrow.status).toBe(403)
    const challenge = 'Bearer error="insufficient_scope", scope="openid"'
    expect(narrow.headers.get('www-authenticate')).toBe(challenge)
    const nobody = await api.get('/userinfo')
    expect([nobody.status, nobody.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    const bad = await api.get('/userinfo', { as: 'cfs_x' })
    expect(bad.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"')
  })

  test("answers pages of a client's own origin, and no other", async () => {
    const { api } = gate.curfew
    for (const path of ['/userinfo', '/oauth/token', '/oauth/revoke', '/.well-known/jwks.json']) {
      const asked = (origin: string) =>
        api.send('OPTIONS', path, {
          headers: { origin, 'access-control-request-method': 'POST' },
        })
      const own = (await asked('https://spa.example.com')).headers
      expect(own.get('access-control-allow-origin')).toBe('https://spa.example.com')
      const other = (await asked('https://evil.example')).headers
      expect(other.get('access-control-allow-origin')).toBeNull()
    }
  })
})

test('neither database nor log hold a code, its verifier, or what the provider gave', async () => {
  const { code, verifier } = await coded(gate)
  const db = new pg.Client({ connectionString: gate.curfew.stage.storeUrl })
  await db.connect()
  const { rows } = await db.query('select * from authorization_codes').finally(() => db.end())
  expect(rows.length).toBeGreaterThan(0)
  // Once used, a row has nothing of the provider's any more.
  const used = rows.filter(({ sid }) => sid !== null)
  expect(used.every(({ sealed }) => sealed === null)).toBe(true)
  const everything = JSON.stringify(rows) + gate.curfew.log() + twin.log()
  for (const secret of [code, verifier, gate.provider.accessTokens.at(-1) ?? '', 'alice@']) {
    expect(everything).not.toContain(secret)
  }
})

test('rule 8 expired frees its place: what its client cannot refresh ends with its access token', async () => {
  const spa = await coded(gate, { client_id: 'spa', redirect_uri: at.spa, scope: '' })
  const answer = await redeem(gate.curfew, spa)
  expect(answer.body['refresh_token']).toBeUndefined()
  const { exp } = claimsOf(String(answer.body['access_token']))
  expect(answer.body['session_expires_at']).toBe(exp)
})
