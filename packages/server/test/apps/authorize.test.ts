/* What `/oauth/authorize` takes, and whom it tells what. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Gate } from '#test/gateway/gate.ts'
import { titleOf } from '#test/gateway/steps.ts'
import { type HeaderPairs, sendRaw } from '#test/gateway/wire.ts'
import { clients } from '#test/harness/index.ts'
import { DpopKey } from '../../../verifier/test/dpop-key.ts'
import {
  addressOf,
  at,
  coded,
  destinationOf,
  openApps,
  redeem,
  requestOf,
  signInBy,
  told,
} from './apps.ts'

let gate: Gate
beforeAll(async () => {
  gate = await openApps()
})
afterAll(() => gate?.close())

type Changes = Readonly<Record<string, string>>

function open(changes: Changes = {}, more = '') {
  return gate.visitor().open(addressOf(gate.curfew, requestOf(changes)) + more)
}

describe('rule 33 codes: an address that is not registered as it stands is never opened', () => {
  test.each([
    ['another path', 'https://app.example.com/cb/'],
    ['a path below', 'https://app.example.com/cb/more'],
    ['a way up', 'https://app.example.com/x/../cb'],
    ['an encoded way up', 'https://app.example.com/%2e%2e/cb'],
    ['a query', 'https://app.example.com/cb?x=1'],
    ['a fragment', 'https://app.example.com/cb#x'],
    ['a user name', 'https://app.example.com@evil.example/cb'],
    ['a user name before ours', 'https://evil@app.example.com/cb'],
    ['a host that ends alike', 'https://evil-app.example.com/cb'],
    ['a host that begins alike', 'https://app.example.com.evil.example/cb'],
    ['a dot at the end of the host', 'https://app.example.com./cb'],
    ['capitals', 'https://APP.example.com/cb'],
    ['a port', 'https://app.example.com:443/cb'],
    ['http', 'http://app.example.com/cb'],
    ['a back slash', 'https://app.example.com\\@evil.example/cb'],
    ['a line break', 'https://app.example.com/cb\r\nX: y'],
    ['a space at the end', 'https://app.example.com/cb '],
    ['a NUL', 'https://app.example.com/cb\0'],
    ['a script', 'javascript:alert(1)//app.example.com/cb'],
    ['an encoded letter', 'https://app.example.com/%63b'],
    ["another client's", at.mobile],
    ['nothing', ''],
  ])('%s', async (_what, redirect_uri) => {
    const reply = await open({ redirect_uri })
    expect([reply.status, reply.headers['location']]).toEqual([400, undefined])
    expect(titleOf(reply)).toBe('The application may not be told there')
    expect(reply.body).not.toContain('<a class="button first"')
    expect(reply.setCookies).toEqual([])
  })

  test('nor is one of a client that nobody knows, or that is said twice', async () => {
    for (const reply of [
      await open({ client_id: 'nobody' }),
      await open({ client_id: '' }),
      await open({ client_id: 'a b' }),
      await open({}, `&client_id=${clients.webapp.id}`),
      await open({}, `&redirect_uri=${encodeURIComponent('https://evil.example/')}`),
    ]) {
      expect([reply.status, reply.headers['location']]).toEqual([400, undefined])
    }
  })
})

describe('rule 33 codes: a loopback address may have any port, and nothing else of its own', () => {
  test.each([
    ['cli', 'http://127.0.0.1:51004/cb'],
    ['cli', 'http://127.0.0.1/cb'],
    ['cli', 'http://[::1]:51004/cb'],
  ])('%s at %s', async (client_id, redirect_uri) => {
    const code = await coded(gate, { client_id, redirect_uri })
    expect((await redeem(gate.curfew, code)).status).toBe(200)
  })

  test.each([
    'http://localhost:51004/cb',
    'http://127.0.0.1:51004/cb/',
    'http://127.0.0.1:51004/other',
    'http://127.0.0.1:99999/cb',
    'http://127.0.0.1:0/cb',
    'http://127.0.0.1:x@evil.example/cb',
    'http://127.0.0.1:80.evil.example/cb',
    'http://127.0.0.2:51004/cb',
    'https://127.0.0.1:51004/cb',
    'http://[::1]:51004/other',
    'http://[0:0:0:0:0:0:0:1]:51004/cb',
    'http://127.0.0.1:51004/cb?x',
  ])('not %s', async (redirect_uri) => {
    expect((await open({ client_id: 'cli', redirect_uri })).status).toBe(400)
  })

  test('the port of the request is the one that the token request must name', async () => {
    const code = await coded(gate, { client_id: 'cli', redirect_uri: 'http://127.0.0.1:5001/cb' })
    const redirect_uri = 'http://127.0.0.1:5002/cb'
    expect((await redeem(gate.curfew, code, { redirect_uri })).body['error']).toBe('invalid_grant')
    expect((await redeem(gate.curfew, code)).status).toBe(200)
  })
})

describe('rule 33 codes: a click comes before whatever is not https', () => {
  test.each([
    ['a scheme of its own', 'mobile', at.mobile],
    ['a loopback port', 'cli', 'http://127.0.0.1:4000/cb'],
  ])('%s', async (_what, client_id, redirect_uri) => {
    const request = requestOf({ client_id, redirect_uri })
    const reply = await signInBy(gate, gate.visitor(), addressOf(gate.curfew, request))
    expect([reply.status, reply.headers['location']]).toEqual([200, undefined])
    expect(reply.body).toContain(client_id)
    expect(reply.headers['cache-control']).toBe('no-store')
    expect(reply.headers['referrer-policy']).toBe('no-referrer')
    expect(reply.headers['content-security-policy']).toContain("frame-ancestors 'none'")
    expect(told(reply)['iss']).toBe(gate.curfew.issuer)
    expect(destinationOf(reply).href.startsWith(redirect_uri)).toBe(true)
  })

  test('in the language that the application asked for, also after the way to the provider', async () => {
    const mobile = { client_id: 'mobile', redirect_uri: at.mobile, ui_locales: 'fr de-AT' }
    const request = requestOf(mobile)
    const done = await signInBy(gate, gate.visitor(), addressOf(gate.curfew, request))
    expect(titleOf(done)).toBe('Weiter in der Anwendung')
    expect(titleOf(await open({ ...mobile, scope: 'root' }))).toBe('Sie sind nicht angemeldet')
  })

  test('an error too, also of a request that never reached the provider', async () => {
    const reply = await open({ client_id: 'mobile', redirect_uri: at.mobile, scope: 'root' })
    expect([reply.status, reply.headers['location']]).toEqual([200, undefined])
    expect(told(reply)['error']).toBe('invalid_scope')
  })

  test('https is opened at once, and a registered query stays', async () => {
    const request = requestOf({ client_id: 'spa', redirect_uri: at.spa })
    const reply = await signInBy(gate, gate.visitor(), addressOf(gate.curfew, request))
    expect(reply.status).toBe(302)
    expect(reply.headers['location']).toMatch(
      /^https:\/\/spa\.example\.com\/cb\?tenant=1&code=cfa_/,
    )
    expect(reply.setCookies.filter((cookie) => cookie.startsWith('curfew='))).toEqual([])
  })
})

describe('what is wrong is told to the client, with state and iss (RFC 9207)', () => {
  test.each<[string, Changes, string]>([
    ['no response_type', { response_type: '' }, 'invalid_request'],
    ['token', { response_type: 'token' }, 'unsupported_response_type'],
    ['code id_token', { response_type: 'code id_token' }, 'unsupported_response_type'],
    ['no PKCE', { code_challenge: '' }, 'invalid_request'],
    ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['PKCE without a method', { code_challenge_method: '' }, 'invalid_request'],
    ['a short challenge', { code_challenge: 'short' }, 'invalid_request'],
    ['a scope of others', { scope: 'openid admin' }, 'invalid_scope'],
    ['a resource of others', { resource: 'https://evil.example' }, 'invalid_target'],
    ['a fragment', { response_mode: 'fragment' }, 'invalid_request'],
    ['a form', { response_mode: 'form_post' }, 'invalid_request'],
    ['a request object', { request: 'eyJ.e30.' }, 'request_not_supported'],
    [
      'a foreign request_uri',
      { request_uri: 'https://evil.example/r' },
      'request_uri_not_supported',
    ],
    ['registration', { registration: '{}' }, 'registration_not_supported'],
    ['an unknown prompt', { prompt: 'shout' }, 'invalid_request'],
    ['none and more', { prompt: 'none login' }, 'invalid_request'],
    ['a negative age', { max_age: '-1' }, 'invalid_request'],
    ['a hint of others', { id_token_hint: 'eyJ.e30.x' }, 'invalid_request'],
    ['an unknown provider', { idp: 'nowhere' }, 'invalid_request'],
    ['a long nonce', { nonce: 'n'.repeat(3000) }, 'invalid_request'],
    ['a client without the grant', { client_id: 'no-code' }, 'unauthorized_client'],
  ])('%s', async (_what, changes, error) => {
    const reply = await open({ state: 'a b&c', ...changes })
    expect(reply.status).toBe(302)
    expect(told(reply)).toMatchObject({ error, state: 'a b&c', iss: gate.curfew.issuer })
    expect(told(reply)['error_description']?.length).toBeGreaterThan(10)
    expect(reply.setCookies).toEqual([])
  })

  test.each(['state', 'scope', 'nonce', 'code_challenge'])('%s twice', async (name) => {
    const reply = await open({}, `&${name}=again`)
    expect(told(reply)['error']).toBe('invalid_request')
  })

  test('what the sealed cookie has no room for is told, counted in bytes', async () => {
    const fits = await open({ state: 'a'.repeat(1000) })
    expect(new URL(String(fits.headers['location'])).origin).toBe(
      new URL(gate.provider.issuer).origin,
    )
    for (const letter of ['a', '\u{1f512}', '"']) {
      const reply = await open({ state: letter.repeat(letter === 'a' ? 3000 : 1000) })
      expect(told(reply)['error'], letter).toBe('invalid_request')
      expect(reply.setCookies).toEqual([])
    }
  })

  test('line breaks in what is repeated split nothing', async () => {
    const state = 'x\r\nSet-Cookie: a=b\r\n\r\n<script>'
    const reply = await open({ state, scope: 'root' })
    expect(reply.headers['location']).not.toMatch(/[\r\n<>]/)
    expect(reply.setCookies).toEqual([])
    expect(told(reply)['state']).toBe(state)
    const page = await open({ client_id: 'mobile', redirect_uri: at.mobile, state, scope: 'root' })
    expect(page.body).not.toContain('<script>')
    expect(told(page)['state']).toBe(state)
  })

  test('a provider that is at fault is no fault of the client', async () => {
    const visitor = gate.visitor()
    const begun = await visitor.open(addressOf(gate.curfew, requestOf()))
    gate.provider.codeScript.push({ status: 503 })
    const there = gate.provider.authorize(begun.headers['location'] ?? '')
    expect(told(await visitor.open(there.href))['error']).toBe('temporarily_unavailable')
  })
})

test('what the provider is to do is passed on', async () => {
  const reply = await open({
    ...{ prompt: 'login consent', login_hint: 'ada', max_age: '600', acr_values: 'gold silver' },
    idp: 'main',
  })
  const { searchParams } = new URL(reply.headers['location'] ?? '')
  expect(Object.fromEntries(searchParams)).toMatchObject({
    ...{ prompt: 'login consent', login_hint: 'ada', max_age: '600', acr_values: 'gold silver' },
  })
  const locales = async (text: string) =>
    new URL((await open({ ui_locales: text })).headers['location'] ?? '').searchParams.get(
      'ui_locales',
    )
  expect(await locales('de-AT <x> fr')).toBe('de-AT fr')
  expect(await locales('<x>')).toBeNull()
  const zero = new URL((await open({ max_age: '0' })).headers['location'] ?? '').searchParams
  expect([zero.get('prompt'), zero.get('max_age')]).toEqual(['login', '0'])
})

test('rule 1 fence: S54: a sign-in for an application that began before "sign out everywhere" gets no tokens', async () => {
  const visitor = gate.visitor()
  const request = requestOf()
  const begun = await visitor.open(addressOf(gate.curfew, request))
  const callback = gate.provider.authorize(begun.headers['location'] ?? '')
  const { api } = gate.curfew
  await api.post('/users/main:alice/revoke', { as: clients.operator })
  const { code = '' } = told(await visitor.open(callback.href))
  const answer = await redeem(gate.curfew, { ...request, code })
  expect([answer.status, answer.body['error']]).toEqual([400, 'invalid_grant'])
  expect((await redeem(gate.curfew, await coded(gate))).status).toBe(200)
})

test('rule 1 fence: S52: nor one that was signed out everywhere, or disabled, while it had a code', async () => {
  const { api } = gate.curfew
  const before = await coded(gate)
  await api.post('/users/main:alice/revoke', { as: clients.operator })
  expect((await redeem(gate.curfew, before)).body['error']).toBe('invalid_grant')
  const disabled = await coded(gate)
  await api.post('/users/main:alice/disable', { as: clients.operator })
  expect((await redeem(gate.curfew, disabled)).body['error']).toBe('invalid_grant')
  const late = await signInBy(gate, gate.visitor(), addressOf(gate.curfew, requestOf()))
  expect(told(late)['error']).toBe('access_denied')
  await api.post('/users/main:alice/enable', { as: clients.operator })
})

test('rule 15 audience: the gateway and applications share no cookie, and end no session of each other', async () => {
  const visitor = gate.visitor()
  expect((await visitor.browse('http://127.0.0.1:8000/')).status).toBe(200)
  const cookie = visitor.jar.value(new URL(gate.curfew.issuer), 'curfew')
  const reply = await signInBy(gate, visitor, addressOf(gate.curfew, requestOf()))
  expect(told(reply)['code']).toMatch(/^cfa_/)
  expect(visitor.jar.value(new URL(gate.curfew.issuer), 'curfew')).toBe(cookie)
  expect((await visitor.open('http://127.0.0.1:8000/')).status).toBe(200)
})

describe('the callback is of the browser that began', () => {
  test('another browser gets nothing of it, nor does a second visit', async () => {
    const visitor = gate.visitor()
    const begun = await visitor.open(addressOf(gate.curfew, requestOf()))
    const callback = gate.provider.authorize(begun.headers['location'] ?? '').href
    const stranger = await gate.visitor().open(callback)
    expect([stranger.status, stranger.headers['location']]).toEqual([400, undefined])
    expect(told(await visitor.open(callback))['code']).toMatch(/^cfa_/)
    const again = await visitor.open(callback)
    expect([again.status, again.headers['location']]).toEqual([400, undefined])
  })

  test('a hint of somebody else is login_required', async () => {
    const first = await redeem(gate.curfew, await coded(gate))
    const id_token_hint = String(first.body['id_token'])
    const good = await signInBy(
      gate,
      gate.visitor(),
      addressOf(gate.curfew, requestOf({ id_token_hint })),
    )
    expect(told(good)['code']).toMatch(/^cfa_/)
    gate.provider.subject = 'bob'
    const address = addressOf(gate.curfew, requestOf({ id_token_hint }))
    const other = await signInBy(gate, gate.visitor(), address)
    gate.provider.subject = 'alice'
    expect(told(other)['error']).toBe('login_required')
  })
})

test('HEAD begins nothing, a picture of another site neither, and POST is as good as GET', async () => {
  const address = addressOf(gate.curfew, requestOf())
  const head = await gate.visitor().open(address, { method: 'HEAD' })
  expect([head.status, head.setCookies]).toEqual([405, []])
  const image: HeaderPairs = [
    ['Sec-Fetch-Mode', 'no-cors'],
    ['Sec-Fetch-Dest', 'image'],
  ]
  const picture = await sendRaw(new URL(address), { method: 'GET', headers: image })
  expect([picture.status, picture.setCookies]).toEqual([403, []])
  const { search, origin, pathname } = new URL(address)
  const posted = await gate.visitor().open(origin + pathname, {
    method: 'POST',
    headers: [['Content-Type', 'application/x-www-form-urlencoded']],
    body: search.slice(1),
  })
  expect(posted.status).toBe(303)
  expect(posted.headers['location']).toContain(gate.provider.issuer)
})

describe('POST /oauth/par (RFC 9126)', () => {
  const push = (changes: Changes = {}, as = clients.webapp) =>
    gate.curfew.api.post('/oauth/par', { as, form: requestOf(changes).parameters })

  test('refuses what the authorization endpoint would', async () => {
    expect((await push({ scope: 'root' })).body['error']).toBe('invalid_scope')
    expect((await push({ code_challenge: '' })).body['error']).toBe('invalid_request')
    expect((await push({ request_uri: 'urn:x' })).body['error']).toBe('request_uri_not_supported')
    const stray = await push({ redirect_uri: 'https://evil.example/' })
    expect([stray.status, stray.body['error']]).toEqual([400, 'invalid_redirect_uri'])
    const form = requestOf().parameters
    const nobody = await gate.curfew.api.post('/oauth/par', { form })
    expect([nobody.status, nobody.body['error']]).toEqual([401, 'invalid_client'])
  })

  test('is for the client that pushed it, and what the browser adds counts for nothing', async () => {
    const pushed = await push({ state: 'pushed' })
    expect([pushed.status, pushed.body['expires_in']]).toEqual([201, 300])
    const request_uri = String(pushed.body['request_uri'])
    const url = (parameters: Changes) =>
      `${gate.curfew.issuer}/oauth/authorize?${new URLSearchParams({ request_uri, ...parameters })}`
    expect((await gate.visitor().open(url({ client_id: 'mobile' }))).status).toBe(400)
    expect((await gate.visitor().open(url({}))).status).toBe(400)
    const reply = await signInBy(
      gate,
      gate.visitor(),
      url({ client_id: clients.webapp.id, state: 'swapped', redirect_uri: 'https://evil.example' }),
    )
    expect(destinationOf(reply).href.startsWith(at.web)).toBe(true)
    expect(told(reply)['state']).toBe('pushed')
  })

  test('rule 34 DPoP: a proof binds the code to its key, and may not contradict dpop_jkt (RFC 9449, section 10.1)', async () => {
    const key = await DpopKey.make()
    const { api, issuer } = gate.curfew
    const proven = async (parameters: Changes) => ({
      as: clients.webapp,
      form: parameters,
      headers: { dpop: await key.proof({ method: 'POST', url: `${issuer}/oauth/par` }) },
    })
    const stray = requestOf({ dpop_jkt: 'k'.repeat(43) }).parameters
    const refused = await api.post('/oauth/par', await proven(stray))
    expect([refused.status, refused.body['error']]).toEqual([400, 'invalid_dpop_proof'])
    const { parameters, verifier } = requestOf()
    const pushed = await api.post('/oauth/par', await proven(parameters))
    expect(pushed.status).toBe(201)
    const request_uri = String(pushed.body['request_uri'])
    const url = new URLSearchParams({ request_uri, client_id: clients.webapp.id })
    const reply = await signInBy(gate, gate.visitor(), `${issuer}/oauth/authorize?${url}`)
    const code = told(reply)['code'] ?? ''
    const bare = await redeem(gate.curfew, { code, verifier, parameters })
    expect([bare.status, bare.body['error']]).toEqual([400, 'invalid_grant'])
  })
})
