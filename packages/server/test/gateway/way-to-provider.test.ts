/* From a page that nobody may see yet to the provider: scenarios L. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ScriptableProvider, startScriptableProvider } from '#test/oidc/scriptable-provider.ts'
import { app, type Gate, openGate, providerConfig } from './gate.ts'
import { byScript, home, inside, standing, toProvider } from './steps.ts'
import { navigation } from './visitor.ts'
import type { HeaderPairs } from './wire.ts'

let gate: Gate
let local: ScriptableProvider
const onLocalhost = 'http://localhost.test'

/** The same provider, by the name that people give it while they develop. */
function asLocalhost(provider: ScriptableProvider): string {
  const issuer = provider.issuer.replace('127.0.0.1', 'localhost')
  const endpoints = ['authorization', 'token', 'userinfo', 'revocation', 'end_session']
  const paths = ['authorize', 'token', 'userinfo', 'revoke', 'end-session']
  provider.metadata = {
    ...{ issuer, jwks_uri: `${issuer}/jwks` },
    ...Object.fromEntries(
      endpoints.map((one, at) => [`${one}_endpoint`, `${issuer}/${paths[at]}`]),
    ),
  }
  provider.idToken = { iss: issuer }
  return issuer
}

beforeAll(async () => {
  const main = await startScriptableProvider()
  local = await startScriptableProvider()
  const localhost = { ...providerConfig(local), id: 'local', issuer: asLocalhost(local) }
  const rules = [
    { hosts: ['localhost.test'], idp: 'local' },
    { hosts: ['127.0.0.1:8000'], idp: 'main' },
  ]
  const identityProviders = [providerConfig(main), localhost]
  gate = await openGate({ provider: main, config: { identityProviders, gateway: { rules } } })
})

afterAll(async () => {
  await gate?.close()
  await Promise.all([gate?.provider.close(), local?.close()])
})

test('scenarios L01, L15: a page leads to /login, and that to the provider, and nobody stores either', async () => {
  const visitor = gate.visitor()
  const first = await visitor.open(`${app}/a?x=1`)
  expect(first.status).toBe(302)
  expect(first.headers).toMatchObject({
    location: `${gate.curfew.issuer}/login?return_to=${encodeURIComponent(`${app}/a?x=1`)}&idp=main`,
    'cache-control': 'no-store',
  })
  const second = await visitor.open(first.headers['location'] ?? '')
  expect(second.status).toBe(302)
  expect(second.headers['cache-control']).toBe('no-store')
  const { origin, pathname, searchParams } = new URL(second.headers['location'] ?? '')
  expect(origin + pathname).toBe(`${gate.provider.issuer}/authorize`)
  expect(Object.fromEntries(searchParams)).toEqual({
    client_id: 'curfew',
    response_type: 'code',
    redirect_uri: `${gate.curfew.issuer}/oidc/callback`,
    scope: expect.stringMatching(/^openid /),
    state: expect.stringMatching(/^[\w-]{22,}$/),
    nonce: expect.stringMatching(/^[\w-]{22,}$/),
    code_challenge: expect.stringMatching(/^[\w-]{43}$/),
    code_challenge_method: 'S256',
  })
})

test('scenarios L02, L03: each sign-in has a verifier of its own, which its code is redeemed with', async () => {
  const verifiers: string[] = []
  gate.provider.onRequest = (request) => {
    if (request.url !== '/token') return
    request.on('data', (chunk) => {
      verifiers.push(new URLSearchParams(String(chunk)).get('code_verifier') ?? '')
    })
  }
  const challenges: (string | null)[] = []
  for (let round = 0; round < 2; round++) {
    const visitor = gate.visitor()
    const url = await toProvider(visitor)
    challenges.push(url.searchParams.get('code_challenge'))
    await visitor.open(gate.provider.authorize(url.href).href)
  }
  gate.provider.onRequest = () => undefined
  const hash = (text: string) => createHash('sha256').update(text).digest('base64url')
  expect(verifiers.map(hash)).toEqual(challenges)
  expect(new Set(verifiers).size).toBe(2)
  for (const verifier of verifiers) expect(verifier.length).toBeGreaterThanOrEqual(43)
})

test('scenario L11: whatever hosts a stranger names, the callback is that of publicUrl', async () => {
  const visitor = gate.visitor()
  const forged: HeaderPairs = [
    ['X-Forwarded-Host', 'evil.example'],
    ['X-Forwarded-Proto', 'https'],
    ['Forwarded', 'host=evil.example'],
    ['X-Original-URL', 'https://evil.example/login'],
  ]
  const login = `${gate.curfew.issuer}/login?return_to=/&idp=main`
  const reply = await visitor.open(login, { headers: forged })
  const { searchParams } = new URL(reply.headers['location'] ?? '')
  expect(searchParams.get('redirect_uri')).toBe(`${gate.curfew.issuer}/oidc/callback`)
})

test.each(['as they began', 'the other way round'])(
  'scenario L12: two tabs that sign in at once both arrive, %s',
  async (order) => {
    const visitor = gate.visitor()
    const pages = [`${app}/one`, `${app}/two`]
    const callbacks = [await visitor.begin(pages[0] ?? ''), await visitor.begin(pages[1] ?? '')]
    const places = order === 'as they began' ? [0, 1] : [1, 0]
    for (const place of places) {
      const reply = await visitor.open(callbacks[place] ?? '')
      expect(reply.headers['location']).toBe(pages[place])
      expect(await standing(visitor)).toEqual(inside)
    }
  },
)

test('scenario L13: twenty parts of a page are 401 each, set nothing, and the sign-in goes on', async () => {
  const visitor = gate.visitor()
  const callback = await visitor.begin(home)
  const headers: HeaderPairs = [
    ['Sec-Fetch-Mode', 'no-cors'],
    ['Sec-Fetch-Dest', 'image'],
    ['Accept', 'image/*'],
  ]
  const parts = Array.from({ length: 20 }, (_, at) => visitor.send(`${app}/${at}.png`, { headers }))
  for (const reply of await Promise.all(parts)) {
    expect(reply.status).toBe(401)
    expect(reply.setCookies).toEqual([])
    expect(reply.headers['location']).toBeUndefined()
  }
  expect((await visitor.open(callback)).headers['location']).toBe(home)
  expect(await standing(visitor)).toEqual(inside)
})

test('scenario L14: a command line gets 401, a browser of old the way to sign in', async () => {
  const visitor = gate.visitor()
  const byAccept = async (accept: string) =>
    (await visitor.send(home, { headers: [['Accept', accept]] })).status
  expect(await byAccept('*/*')).toBe(401)
  expect(await byAccept('image/*')).toBe(401)
  expect(await byAccept('text/html,application/xhtml+xml;q=0.9,*/*;q=0.8')).toBe(302)
})

test('scenario L16: a form that is posted without a session is 401, never a redirect', async () => {
  const visitor = gate.visitor()
  for (const headers of [byScript, navigation]) {
    const reply = await visitor.send(home, { method: 'POST', headers })
    expect(reply.status).toBe(401)
    expect(reply.headers['location']).toBeUndefined()
  }
})

test('scenarios L17, L18: a browser that never brings its cookie gets a page that ends it, and then another try', async () => {
  const visitor = gate.visitor()
  const login = `${gate.curfew.issuer}/login?return_to=${encodeURIComponent(home)}&idp=main`
  const rounds: number[] = []
  for (let round = 0; round < 8 && !rounds.includes(508); round++) {
    const reply = await visitor.open(login)
    rounds.push(reply.status)
    if (reply.status !== 302) continue
    await visitor.open(gate.provider.authorize(reply.headers['location'] ?? '').href)
    visitor.jar.set(new URL(home), 'curfew', 'lost')
  }
  expect(rounds.length).toBeGreaterThan(3)
  expect(rounds.at(-1)).toBe(508)
  visitor.jar.set(new URL(home), 'curfew', '')
  expect((await visitor.browse(home)).status).toBe(200)
})

test('scenario L19: a provider on localhost, without TLS, signs people in', async () => {
  const visitor = gate.visitor()
  const url = await toProvider(visitor, `${onLocalhost}/page`)
  expect(url.hostname).toBe('localhost')
  const callback = local.authorize(url.href)
  callback.searchParams.set('iss', url.origin)
  const reply = await visitor.open(callback.href)
  expect(reply.status).toBe(302)
  const landed = await visitor.browse(reply.headers['location'] ?? '')
  expect(landed.status).toBe(200)
  expect(landed.headers['x-auth-request-user']).toBe('local:alice')
})
