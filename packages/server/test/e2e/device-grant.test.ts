/*
 * The device grant (RFC 8628; API.md, section 4) over two replicas on one PostgreSQL: the screen talks to
 * one, the phone to the other.
 */
import * as oidc from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Answer,
  type Api,
  asText,
  type Curfew,
  claimsOf,
  clients,
  eventually,
  freshUid,
  type JsonObject,
  type Login,
  startCurfew,
} from '#test/harness/index.ts'
import { defaultConfig } from '../harness/config.ts'
import { openEvents } from '../harness/events.ts'

const grantType = 'urn:ietf:params:oauth:grant-type:device_code'
const screens = [
  { id: 'tv', grants: ['device_code', 'refresh_token'], scopes: ['profile', 'offline'] },
  { id: 'radio', grants: ['device_code'] },
]

let first: Curfew
let second: Curfew
let screen: Api
let phones: Api

beforeAll(async () => {
  const config = {
    clients: [...(defaultConfig()['clients'] as JsonObject[]), ...screens],
    limits: { deviceAuthorizations: 'off', userCodeGuesses: { rate: '1/m', burst: 8 } },
    server: { trustedProxies: ['127.0.0.1/32'] },
    cors: { origins: ['https://tv.example.com'] },
  }
  first = await startCurfew({ store: 'postgres', config })
  second = await first.twin()
  screen = first.api
  phones = second.api
})
afterAll(() => first?.close())

type Shown = { readonly body: JsonObject; readonly code: string; readonly deviceCode: string }

async function shown(form: Record<string, string> = {}, clientId = 'tv'): Promise<Shown> {
  const options = { form: { client_id: clientId, ...form }, headers: { 'user-agent': 'TV/7' } }
  const answer = await screen.post('/oauth/device_authorization', options)
  expect(answer.status, answer.text).toBe(200)
  const { body } = answer
  return { body, code: asText(body['user_code']), deviceCode: asText(body['device_code']) }
}

const poll = (deviceCode: string, api = screen, clientId = 'tv'): Promise<Answer> =>
  api.post('/oauth/token', {
    form: { grant_type: grantType, device_code: deviceCode, client_id: clientId },
  })

const phone = (uid = freshUid('phone')): Promise<Login> =>
  phones.start({ uid, device: 'web', amr: ['otp'], acr: 'gold' })

const ask = (login: Pick<Login, 'accessToken'>, what: string, code: string): Promise<Answer> =>
  phones.post(`/device/${what}`, { as: login.accessToken, json: { user_code: code } })

async function approved(login: Login, form: Record<string, string> = {}): Promise<Shown> {
  const asked = await shown(form)
  expect((await ask(login, 'scan', asked.code)).status).toBe(200)
  const answer = await ask(login, 'approve', asked.code)
  expect(answer.body).toEqual({ state: 'approved' })
  return asked
}

const events = ({ body }: Shown, api = screen) => {
  const { pathname, search } = new URL(asText(body['events_uri']))
  return openEvents(api.base, pathname + search)
}

describe('what a screen is given', () => {
  test('RFC 8628, section 3.2: what it shows, what it polls with, and where it listens', async () => {
    const { body, code } = await shown()
    const page = `${first.issuer}/device`
    expect(body).toEqual({
      ...{ device_code: expect.stringMatching(/^cfd_/), user_code: code, expires_in: 600 },
      ...{ verification_uri: page, verification_uri_complete: `${page}?user_code=${code}` },
      ...{ interval: 5, events_uri: expect.stringMatching(/\/device\/events\?watch=cfw_/) },
    })
    expect(code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{5}-[BCDFGHJKLMNPQRSTVWXZ]{5}$/)
    const { body: metadata } = await screen.get('/.well-known/oauth-authorization-server')
    const endpoint = `${first.issuer}/oauth/device_authorization`
    expect(metadata['device_authorization_endpoint']).toBe(endpoint)
    expect(metadata['grant_types_supported']).toContain(grantType)
  })

  test('scenario S75: a client without the grant gets no code, nor redeems one', async () => {
    const form = { client_id: 'mobile' }
    const begun = await screen.post('/oauth/device_authorization', { form })
    expect([begun.status, begun.body['error']]).toEqual([400, 'unauthorized_client'])
    const { deviceCode } = await shown()
    const polled = await poll(deviceCode, screen, 'mobile')
    expect([polled.status, polled.body['error']]).toEqual([400, 'unauthorized_client'])
  })

  test('more than the client may have is refused', async () => {
    const asked = (form: Record<string, string>) =>
      screen.post('/oauth/device_authorization', { form: { client_id: 'tv', ...form } })
    expect((await asked({ scope: 'admin' })).body['error']).toBe('invalid_scope')
    const elsewhere = await asked({ resource: 'https://elsewhere.example.com' })
    expect(elsewhere.body['error']).toBe('invalid_target')
    const confidential = { client_id: clients.webapp.id }
    const unproven = await screen.post('/oauth/device_authorization', { form: confidential })
    expect([unproven.status, unproven.body['error']]).toEqual([401, 'invalid_client'])
  })

  test('rule 19 no secret in a URL: a device code in a query is 400, wherever it is sent', async () => {
    const { deviceCode } = await shown()
    const query = { device_code: deviceCode }
    const form = { grant_type: grantType, client_id: 'tv' }
    const answers = await Promise.all([
      screen.post('/oauth/token', { form: { ...form, device_code: deviceCode }, query }),
      screen.post('/oauth/device_authorization', { form: { client_id: 'tv' }, query }),
      screen.get('/device/events', { query }),
      screen.get('/device', { query }),
      screen.get('/sessions', { query }),
      screen.get('/login', { query }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 400])
    expect(answers[0]?.body['error']).toBe('invalid_request')
    expect(first.log()).not.toContain(deviceCode)
  })

  test('nothing that was handed out stands in the store or the log', async () => {
    const { deviceCode, code, body } = await shown()
    const watch = new URL(asText(body['events_uri'])).searchParams.get('watch') ?? ''
    const kept = (await first.stage.dump()) + first.log() + second.log()
    for (const secret of [deviceCode, watch, code, code.replace('-', '')]) {
      expect(kept).not.toContain(secret)
    }
  })
})

describe('what a phone does', () => {
  test('the scan answers who asks, however the code is typed, and again for the same session', async () => {
    const login = await phone()
    const { code } = await shown({ scope: 'profile' })
    const scanned = await ask(login, 'scan', ` ${code.toLowerCase().replace('-', ' ')}`)
    expect(scanned.body).toEqual({
      ...{ client_id: 'tv', scope: 'profile', ip: '127.0.0.1', user_agent: 'TV/7' },
      ...{ requested_at: expect.any(Number), expires_at: expect.any(Number) },
    })
    expect((await ask(login, 'scan', code)).body).toEqual(scanned.body)
  })

  test('scenario S66: rule 31 approval: others 403, not yet scanned 409, 200 once and 409 afterwards', async () => {
    const [login, stranger] = [await phone(), await phone()]
    const { code, deviceCode } = await shown()
    const status = async (who: Login, what: string) => (await ask(who, what, code)).status
    expect(await status(login, 'approve')).toBe(409)
    expect(await status(login, 'scan')).toBe(200)
    expect(await status(stranger, 'scan')).toBe(409)
    expect(await status(stranger, 'approve')).toBe(403)
    expect(await status(stranger, 'deny')).toBe(403)
    expect((await poll(deviceCode)).body['error']).toBe('authorization_pending')
    expect(await status(login, 'deny')).toBe(200)
    expect(await status(login, 'approve')).toBe(409)
    expect(await status(stranger, 'approve')).toBe(403)
    expect((await poll(deviceCode)).body['error']).toBe('access_denied')
    expect((await ask(login, 'scan', 'BCDFG-HJKLM')).status).toBe(404)
    expect((await ask(login, 'approve', 'nonsense')).status).toBe(404)
  })

  test('rule 15 audience: a person’s tokens for the API approve; no client, nobody, no cookie', async () => {
    const { code } = await shown()
    const json = { user_code: code }
    const own = await phones.clientToken(clients.webapp)
    const as = async (token?: string) =>
      (await phones.post('/device/scan', { as: token, json })).status
    expect(await as(own)).toBe(403)
    expect((await phones.post('/device/scan', { as: clients.webapp, json })).status).toBe(401)
    expect(await as()).toBe(401)
    const login = await phone()
    expect(await as(login.refreshToken)).toBe(401)
    expect(await as(login.sessionToken)).toBe(200)
    expect(await as(login.accessToken)).toBe(200)
  })

  test('scenario S74: a GET changes nothing', async () => {
    const login = await phone()
    const { code, deviceCode } = await shown()
    for (const what of ['scan', 'approve', 'deny']) {
      const options = { as: login.accessToken, query: { user_code: code } }
      expect((await phones.get(`/device/${what}`, options)).status).toBe(405)
    }
    expect((await ask(login, 'approve', code)).status).toBe(409)
    expect((await poll(deviceCode)).body['error']).toBe('authorization_pending')
  })

  test('scenario S71: whoever was signed out after the scan is told so', async () => {
    const login = await phone()
    const { code, deviceCode } = await shown()
    await ask(login, 'scan', code)
    await screen.logout(login.accessToken)
    const answer = await ask(login, 'approve', code)
    expect([answer.status, answer.body['code']]).toEqual([401, 'session_ended'])
    expect((await poll(deviceCode)).body['error']).toBe('authorization_pending')
  })

  test('rule 37 limits: user codes are not guessed, also by many requests at once', async () => {
    const [login, other] = [await phone(), await phone()]
    const guess = ({ accessToken }: Login, from: string) =>
      phones.post('/device/scan', {
        ...{ as: accessToken, json: { user_code: 'BCDFG-HJKLM' } },
        headers: { 'x-forwarded-for': from },
      })
    const guesses = Array.from({ length: 20 }, () => guess(login, '198.51.100.7'))
    const answers = await Promise.all(guesses)
    const limited = answers.filter(({ status }) => status === 429)
    expect(limited).toHaveLength(12)
    expect(Number(limited[0]?.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(answers.filter(({ status }) => status === 404)).toHaveLength(8)
    // By user and by address: neither another address nor another user is a way round.
    expect((await guess(login, '198.51.100.8')).status).toBe(429)
    expect((await guess(other, '198.51.100.7')).status).toBe(429)
    expect((await guess(other, '198.51.100.9')).status).toBe(404)
  })
})

describe('what the screen gets', () => {
  test('rule 31 approval: a session of the approver’s, on its own device', async () => {
    const login = await phone()
    const resource = 'https://maps.example.com'
    const asked = await approved(login, { scope: 'profile', resource })
    const answer = await poll(asked.deviceCode)
    expect(answer.status, answer.text).toBe(200)
    expect(answer.headers.get('cache-control')).toContain('no-store')
    expect(answer.body).toMatchObject({ token_type: 'Bearer', scope: 'profile' })
    expect(answer.body).not.toHaveProperty('session_token')
    const claims = claimsOf(asText(answer.body['access_token']))
    expect(claims).toMatchObject({
      ...{ sub: login.uid, client_id: 'tv', device: 'web', amr: ['otp'], acr: 'gold' },
      aud: [first.issuer, resource],
      auth_time: claimsOf(login.accessToken)['auth_time'],
    })
    const session = await phones.session(asText(answer.body['sid']))
    expect(session).toMatchObject({ parent_sid: login.sid, uid: login.uid, user_agent: 'node' })
    const refreshed = await screen.refresh(asText(answer.body['refresh_token']), 'tv')
    expect(refreshed.status).toBe(200)
  })

  test('scenario S65: rule 31 approval: redeemed from four places at once, one wins, every time', async () => {
    for (let round = 0; round < 5; round++) {
      const { deviceCode } = await approved(await phone())
      const places = [screen, phones, screen, phones]
      const answers = await Promise.all(places.map((api) => poll(deviceCode, api)))
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 400, 400, 400])
      const losers = answers.filter(({ status }) => status === 400)
      expect(losers.map(({ body }) => body['error'])).toEqual(Array(3).fill('invalid_grant'))
    }
  })

  test('scenario S64: another client’s code is none', async () => {
    const { deviceCode } = await approved(await phone())
    const strange = await poll(deviceCode, screen, 'radio')
    expect([strange.status, strange.body['error']]).toEqual([400, 'invalid_grant'])
    expect((await poll('cfd_nonsense')).body['error']).toBe('invalid_grant')
    expect((await poll(deviceCode)).status).toBe(200)
  })

  test('RFC 8628, section 3.5: who polls too fast is told to slow down', async () => {
    const { deviceCode } = await shown()
    expect((await poll(deviceCode)).body['error']).toBe('authorization_pending')
    expect((await poll(deviceCode, phones)).body['error']).toBe('slow_down')
  })

  const betweens: readonly (readonly [string, (login: Login) => Promise<Answer>])[] = [
    ['the approver signs out', (login) => phones.logout(login.accessToken)],
    [
      'scenarios S52, S54: they sign out everywhere',
      (login) => phones.post('/logout/all', { as: login.accessToken }),
    ],
    [
      'scenario S70: they are disabled',
      (login) => phones.post(`/users/${login.uid}/disable`, { as: clients.backend }),
    ],
  ]

  test.each(betweens)('rule 31 approval: nothing when, before it came, %s', async (_what, act) => {
    const login = await phone()
    const { deviceCode } = await approved(login)
    expect((await act(login)).status).toBe(200)
    const answer = await poll(deviceCode)
    expect([answer.status, answer.body['error']]).toEqual([400, 'access_denied'])
  })

  test('scenario S38: rule 31 approval: the approver’s sign-out leaves it; an administrator ends both, everywhere', async () => {
    const [leaving, revoked] = [await phone(), await phone()]
    const children = await Promise.all(
      [leaving, revoked].map(async (login) => {
        const answer = await poll((await approved(login)).deviceCode)
        return asText(answer.body['access_token'])
      }),
    )
    const [stays = '', goes = ''] = children
    await phones.logout(leaving.accessToken)
    const end = await phones.post(`/sessions/${revoked.sid}/revoke`, { as: clients.operator })
    expect(end.body).toMatchObject({ revoked: true })
    expect(await phones.works(goes)).toBe(false)
    expect(await screen.works(goes)).toBe(false)
    expect(await screen.works(stays)).toBe(true)
    const told = await screen.feed({ all: true })
    const sids = told.list.map(({ sid }) => sid)
    expect(sids).toEqual(expect.arrayContaining([revoked.sid, claimsOf(goes)['sid']]))
  })
})

describe('what the screen hears', () => {
  test('scenario S73: the state at once, each change from another replica, and the end', async () => {
    const login = await phone()
    const asked = await shown()
    const stream = await events(asked)
    expect(stream.headers.get('content-type')).toContain('text/event-stream')
    expect(await stream.next()).toMatchObject({ event: 'pending', data: '{"state":"pending"}' })
    await ask(login, 'scan', asked.code)
    expect((await stream.next())?.event).toBe('scanned')
    await ask(login, 'approve', asked.code)
    expect((await stream.next())?.event).toBe('approved')
    expect(await stream.next()).toBeUndefined()
    expect((await poll(asked.deviceCode)).status).toBe(200)
    const late = await events(asked, phones)
    expect((await late.next())?.event).toBe('approved')
    expect(await late.next()).toBeUndefined()
  })

  test('scenario S67: several may watch; none learns more than the state, or is displaced', async () => {
    const login = await phone()
    const asked = await shown()
    const streams = [await events(asked), await events(asked), await events(asked, phones)]
    await ask(login, 'scan', asked.code)
    await ask(login, 'deny', asked.code)
    for (const stream of streams) {
      const seen: string[] = []
      for (let event = await stream.next(); event !== undefined; event = await stream.next()) {
        seen.push(event.data)
      }
      expect(seen.at(-1)).toBe('{"state":"denied"}')
      expect(seen.join()).not.toContain(login.uid)
    }
  })

  test('who goes leaves nothing behind, and a stream that nobody was given is 404', async () => {
    const open = async () => {
      const { text } = await screen.get('/metrics')
      return Number(/^curfew_event_streams (\d+)/m.exec(text)?.[1])
    }
    const before = await open()
    const stream = await events(await shown())
    await stream.next()
    expect(await open()).toBe(before + 1)
    stream.close()
    await eventually(async () => ((await open()) === before ? true : undefined))
    const unknown = await screen.get('/device/events', { query: { watch: 'cfw_unknown' } })
    expect(unknown.status).toBe(404)
    expect((await screen.get('/device/events')).status).toBe(400)
  })

  test('pages of the configured origins may listen', async () => {
    const { body } = await shown()
    const { pathname, search } = new URL(asText(body['events_uri']))
    const headers = { origin: 'https://tv.example.com' }
    const stream = await openEvents(screen.base, pathname + search, { headers })
    expect(stream.headers.get('access-control-allow-origin')).toBe('https://tv.example.com')
    stream.close()
  })
})

describe('an ordinary client library', () => {
  test('openid-client signs a screen in, refreshes and signs out', async () => {
    const login = await phone()
    const config = await oidc.discovery(
      ...([new URL(first.issuer), 'tv', undefined, oidc.None()] as const),
      { algorithm: 'oauth2', execute: [oidc.allowInsecureRequests] },
    )
    const begun = await oidc.initiateDeviceAuthorization(config, { scope: 'profile' })
    await ask(login, 'scan', begun.user_code)
    await ask(login, 'approve', begun.user_code)
    const tokens = await oidc.pollDeviceAuthorizationGrant(config, { ...begun, interval: 1 })
    expect(await screen.works(tokens.access_token)).toBe(true)
    const next = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? '')
    await oidc.tokenRevocation(config, next.refresh_token ?? '')
    expect(await screen.works(next.access_token)).toBe(false)
  })

  test('openid-client hears a denial', async () => {
    const login = await phone()
    const config = await oidc.discovery(
      ...([new URL(first.issuer), 'tv', undefined, oidc.None()] as const),
      { algorithm: 'oauth2', execute: [oidc.allowInsecureRequests] },
    )
    const begun = await oidc.initiateDeviceAuthorization(config, { scope: 'profile' })
    await ask(login, 'scan', begun.user_code)
    await ask(login, 'deny', begun.user_code)
    const polled = oidc.pollDeviceAuthorizationGrant(config, { ...begun, interval: 1 })
    await expect(polled).rejects.toMatchObject({ error: 'access_denied' })
  })
})

test('scenarios S62, S68: what ran out is expired for the screen, the phone and the poll', async () => {
  const login = await phone()
  const [waiting, looked] = [await shown(), await shown()]
  await ask(login, 'scan', looked.code)
  const stream = await events(waiting)
  expect((await stream.next())?.event).toBe('pending')
  await Promise.all([first.advanceClock(601_000), second.advanceClock(0)])
  expect((await stream.next())?.event).toBe('expired')
  expect(await stream.next()).toBeUndefined()
  const later = await phones.refreshed(login)
  expect((await ask(later, 'scan', waiting.code)).status).toBe(404)
  expect((await ask(later, 'approve', looked.code)).status).toBe(404)
  expect((await poll(waiting.deviceCode)).body['error']).toBe('expired_token')
})
