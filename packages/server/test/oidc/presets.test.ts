import { generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { expect, onTestFinished, test } from 'vitest'
import { Secret } from '#domain'
import { Browser, comeBack, goToProvider, openStage, rowOf, started } from './stage.ts'

interface GithubAnswers {
  token: Record<string, unknown>
}

/** GitHub as Curfew sees it: OAuth 2.0 endpoints and an API, errors with status 200. */
async function startGithub(answers: GithubAnswers): Promise<string> {
  const server = createServer((request, response) => {
    const bodies: Record<string, unknown> = {
      '/login/oauth/access_token': answers.token,
      '/api/v3/user': { id: 583231, login: 'octocat', name: 'Octo', avatar_url: null },
      '/api/v3/user/emails': [
        { email: 'other@example.com', primary: false, verified: true },
        { email: 'octo@example.com', primary: true, verified: true },
      ],
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(bodies[new URL(request.url ?? '/', 'http://x').pathname] ?? {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('github: a sign-in without ID token, by the API; its refusals come with status 200', async () => {
  const token = {
    access_token: 'gho_1',
    token_type: 'bearer',
    refresh_token: 'r1',
    expires_in: 300,
  }
  const answers: GithubAnswers = { token }
  const issuer = await startGithub(answers)
  const stage = await openStage(undefined, {
    preset: 'github',
    issuer,
    scopes: ['openid', 'email'],
  })
  const replica = await stage.replica()
  const { callback, browser, url } = await goToProvider(stage, replica)
  expect(new URL(url).pathname).toBe('/login/oauth/authorize')
  expect(new URL(url).searchParams.get('scope')).toBe('read:user user:email')
  expect(new URL(url).searchParams.get('nonce')).toBeNull()
  callback.searchParams.delete('iss')
  const answer = await started(replica, await comeBack(replica, browser, callback))
  if (answer.kind !== 'signed-in') throw new Error(answer.kind)
  const { session } = answer
  expect(session.origin.uid).toBe('main:583231')
  expect(session.grants.claims).toMatchObject({ email: 'octo@example.com', email_verified: true })
  stage.advance(300_000)
  answers.token = { ...token, access_token: 'gho_2', refresh_token: 'r2' }
  expect(await replica.refresh.freshen(session)).toMatchObject({ kind: 'good', late: false })
  await replica.behind.idle()
  stage.advance(300_000)
  answers.token = { error: 'bad_refresh_token' }
  const row = await rowOf(replica, session)
  if (row.kind !== 'live') throw new Error('it has ended')
  expect(await replica.refresh.freshen(row)).toMatchObject({
    kind: 'ended',
    end: { reason: 'idp_refused' },
  })
})

test('github: a code that it does not know is told as such', async () => {
  const issuer = await startGithub({ token: { error: 'bad_verification_code' } })
  const stage = await openStage(undefined, { preset: 'github', issuer })
  const replica = await stage.replica()
  const { callback, browser } = await goToProvider(stage, replica)
  callback.searchParams.delete('iss')
  expect(await comeBack(replica, browser, callback)).toMatchObject({ code: 'code_refused' })
})

const presetsOfOpenId = [
  ...['generic', 'google', 'microsoft', 'auth0', 'okta', 'keycloak', 'cognito', 'gitlab'],
  ...['zitadel', 'authentik'],
] as const

test('C3: who is not on the list is refused at every kind of provider', async () => {
  const allow = { domains: ['elsewhere.example'], users: [], roles: [], claims: {} }
  const stage = await openStage()
  stage.provider.claims = { email: 'a@example.com', email_verified: true }
  for (const preset of presetsOfOpenId) {
    const replica = await stage.replica({ preset, allow })
    const { callback, browser } = await goToProvider(stage, replica)
    const answer = await comeBack(replica, browser, callback)
    expect([preset, answer]).toEqual([preset, expect.objectContaining({ code: 'not_allowed' })])
  }
  const token = { access_token: 'gho_1', token_type: 'bearer' }
  const issuer = await startGithub({ token })
  const github = await openStage(undefined, { preset: 'github', issuer, allow })
  const replica = await github.replica()
  const { callback, browser } = await goToProvider(github, replica)
  callback.searchParams.delete('iss')
  expect(await comeBack(replica, browser, callback)).toMatchObject({ code: 'not_allowed' })
})

test('scenario L07: google: offline access is asked for in its own words', async () => {
  const scopes = ['openid', 'offline_access']
  const stage = await openStage(undefined, { preset: 'google', scopes })
  const { url } = await goToProvider(stage, await stage.replica())
  expect(Object.fromEntries(new URL(url).searchParams)).toMatchObject({
    scope: 'openid',
    access_type: 'offline',
    prompt: 'consent',
  })
})

const askedScope = async (changes: Parameters<typeof openStage>[1], supported?: string[]) => {
  const stage = await openStage(undefined, changes)
  if (supported !== undefined) stage.provider.metadata = { scopes_supported: supported }
  const { url } = await goToProvider(stage, await stage.replica())
  return new URL(url).searchParams.get('scope')?.split(' ')
}

test('scenarios L04, L05, L06: scopes are the configured ones, each once; only offline_access gives way to what a provider supports', async () => {
  const scopes = ['openid', 'email', 'custom', 'offline_access']
  expect(await askedScope({ scopes })).toEqual(scopes)
  expect(await askedScope({ scopes }, ['openid', 'offline_access'])).toEqual(scopes)
  expect(await askedScope({ scopes }, ['profile'])).toEqual(['openid', 'email', 'custom'])
  expect(await askedScope({ scopes: ['openid', 'email', 'openid'] })).toEqual(['openid', 'email'])
})

test('scenario L08: microsoft: the answer comes in the query, and offline access is asked for', async () => {
  const stage = await openStage(undefined, {
    preset: 'microsoft',
    scopes: ['openid', 'profile', 'email', 'offline_access'],
  })
  const { url } = await goToProvider(stage, await stage.replica())
  const { searchParams } = new URL(url)
  expect(searchParams.get('scope')).toContain('offline_access')
  // OAuth 2.0 Multiple Response Types, section 3: `query` is the default of `code`.
  expect([null, 'query']).toContain(searchParams.get('response_mode'))
})

for (const [name, key, alg] of [
  ['EC, in PEM', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, 'ES256'],
  [
    'RSA, as a JWK with kid',
    generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
    'RS256',
  ],
] as const) {
  test(`private_key_jwt with ${name} key proves the client`, async () => {
    const asPem = alg === 'ES256'
    const text = asPem
      ? key.export({ format: 'pem', type: 'pkcs8' }).toString()
      : JSON.stringify({ ...key.export({ format: 'jwk' }), kid: 'mine' })
    const stage = await openStage()
    const seen: string[] = []
    const listener = (request: IncomingMessage) => {
      request.on('data', (chunk) => seen.push(String(chunk)))
    }
    stage.provider.onRequest = listener
    const replica = await stage.replica({ auth: { kind: 'privateKey', key: new Secret(text) } })
    const { callback, browser } = await goToProvider(stage, replica, new Browser())
    expect((await comeBack(replica, browser, callback)).kind).toBe('signed-in')
    const form = new URLSearchParams(seen.join(''))
    const assertion = form.get('client_assertion') ?? ''
    expect(decodeProtectedHeader(assertion)).toMatchObject(asPem ? { alg } : { alg, kid: 'mine' })
    expect(decodeJwt(assertion)).toMatchObject({ iss: 'curfew', sub: 'curfew' })
    expect(form.has('client_secret')).toBe(false)
  })
}

test('a reload that changes nothing keeps what is known of a provider, a new secret does not', async () => {
  const stage = await openStage()
  const replica = await stage.replica()
  await replica.providers.warm()
  const before = replica.providers.get('main')
  replica.providers.replace([{ ...stage.settings }])
  expect(replica.providers.get('main')).toBe(before)
  const auth = { kind: 'secret', secret: new Secret('another') } as const
  replica.providers.replace([
    { ...stage.settings, auth },
    { ...stage.settings, id: 'second' },
  ])
  expect(replica.providers.get('main')).not.toBe(before)
  expect(replica.providers.list().map(({ settings }) => settings.id)).toEqual(['main', 'second'])
})
