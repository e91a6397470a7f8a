import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { formOn, Visitor } from '../../test/visitor.ts'
import { listen } from '../listen.ts'
import { startProvider } from './provider.ts'

const secret = 'known-to-this-test-alone'
const verifier = 'a-verifier-of-at-least-forty-three-characters'
const challenge = createHash('sha256').update(verifier).digest('base64url')

/** The provider, and what Curfew would be told by it. */
async function stage() {
  const announced: string[] = []
  const answering = createServer((request, response) => {
    announced.push(request.url ?? '')
    response.end()
  })
  const curfew = await listen(answering, 0)
  const client = { id: 'curfew', secret, url: curfew.url }
  const options = { port: 0, client, applicationUrl: 'http://127.0.0.1:1' }
  const provider = await startProvider(options)
  onTestFinished(async () => void (await Promise.all([curfew.stop(), provider.stop()])))
  return { provider: provider.url, curfew: curfew.url, announced }
}

type Stage = Awaited<ReturnType<typeof stage>>

function authorizationUrl({ provider, curfew }: Stage): string {
  const url = new URL(`${provider}/auth`)
  url.search = new URLSearchParams({
    client_id: 'curfew',
    response_type: 'code',
    scope: 'openid profile email offline_access',
    redirect_uri: `${curfew}/oidc/callback`,
    code_challenge: challenge,
    code_challenge_method: 'S256',
  }).toString()
  return url.href
}

/** Until the browser is sent back to Curfew. */
async function signIn(here: Stage, visitor: Visitor, person: string): Promise<string> {
  const page = await visitor.open(authorizationUrl(here))
  expect(page.body).toContain('Who are you today?')
  let next = (await visitor.ask(page.url, { form: { person } })).location
  while (next !== undefined && !next.startsWith(here.curfew)) {
    next = (await visitor.ask(next)).location
  }
  return new URL(next ?? '').searchParams.get('code') ?? ''
}

async function token({ provider }: Stage, form: Record<string, string>) {
  const authorization = `Basic ${Buffer.from(`curfew:${secret}`).toString('base64')}`
  const body = new URLSearchParams(form)
  const answer = await fetch(`${provider}/token`, {
    method: 'POST',
    headers: { authorization },
    body,
  })
  return { status: answer.status, body: (await answer.json()) as Record<string, string> }
}

function redeem(here: Stage, code: string) {
  const redirect_uri = `${here.curfew}/oidc/callback`
  return token(here, {
    grant_type: 'authorization_code',
    code,
    redirect_uri,
    code_verifier: verifier,
  })
}

function claimsOf(idToken = ''): unknown {
  return JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString())
}

test('one click signs in, and the ID token says who it is', async () => {
  const here = await stage()
  const { status, body } = await redeem(here, await signIn(here, new Visitor(), 'alice'))
  expect(status).toBe(200)
  expect(Number(body['expires_in'])).toBe(60)
  expect(claimsOf(body['id_token'])).toMatchObject({
    ...{ sub: 'alice', name: 'Alice Moreau', roles: ['pilot'] },
    ...{ email: 'alice@example.com', email_verified: true, sid: expect.any(String) },
  })
})

test('a refresh token that comes twice ends all that came from that sign-in', async () => {
  const here = await stage()
  const first = await redeem(here, await signIn(here, new Visitor(), 'bob'))
  const refresh = (refresh_token = '') =>
    token(here, { grant_type: 'refresh_token', refresh_token })
  const second = await refresh(first.body['refresh_token'])
  expect(second.status).toBe(200)
  expect(second.body['refresh_token']).not.toBe(first.body['refresh_token'])
  expect(await refresh(first.body['refresh_token'])).toMatchObject({
    body: { error: 'invalid_grant' },
  })
  expect(await refresh(second.body['refresh_token'])).toMatchObject({
    body: { error: 'invalid_grant' },
  })
})

test('a sign-out that the client asks for goes through by itself, and Curfew is told', async () => {
  const here = await stage()
  const visitor = new Visitor()
  const { body } = await redeem(here, await signIn(here, visitor, 'alice'))
  const back = `${here.curfew}/signed-out`
  const query = new URLSearchParams({
    ...{ client_id: 'curfew', post_logout_redirect_uri: back },
    id_token_hint: body['id_token'] ?? '',
  })
  const page = await visitor.ask(`${here.provider}/session/end?${query}`)
  expect(page.body).toContain('.click()')
  const { action, fields } = formOn(page)
  const done = await visitor.ask(action, { form: { ...fields, logout: 'yes' } })
  expect(done.location).toBe(back)
  expect(here.announced).toEqual(['/oidc/backchannel-logout'])
  expect((await visitor.open(here.provider)).body).toContain('Nobody is signed in here')
})

test('a sign-out begun on another site is asked about; on the provider’s own page it is not', async () => {
  const here = await stage()
  const visitor = new Visitor()
  await signIn(here, visitor, 'alice')
  expect((await visitor.open(here.provider)).body).toContain('Signed in as Alice Moreau')
  const from = async (site: string) => {
    const headers = { 'sec-fetch-site': site }
    return (await visitor.ask(`${here.provider}/session/end`, { headers })).body
  }
  expect(await from('cross-site')).not.toContain('.click()')
  expect(await from('same-origin')).toContain('.click()')
})

test('a sign-in that is over, and a request that makes no sense, are pages with a way on', async () => {
  const here = await stage()
  for (const path of ['/interaction/unknown', '/auth?client_id=nobody']) {
    const page = await new Visitor().ask(`${here.provider}${path}`)
    expect(page.status, path).toBe(400)
    expect(page.body).toContain('Open the application')
  }
})
