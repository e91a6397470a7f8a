/* The same against panva's oidc-provider, which was written from the specifications, not from our code. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider } from 'oidc-provider'
import { expect, onTestFinished, test } from 'vitest'
import { endByProviderSid, tokensOf } from '#authority'
import { Secret } from '#domain'
import { signOutUrl, verifyLogoutToken } from '#oidc'
import { Browser, comeBack, openStage, publicUrl, type Replica, rowOf, started } from './stage.ts'

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

interface World {
  readonly replica: Replica
  readonly issuer: string
  /** Logout tokens that the provider has sent. */
  readonly announced: string[]
  advance(milliseconds: number): void
}

async function world(): Promise<World> {
  const announced: string[] = []
  const hooks = await listening(
    createServer((request, response) => {
      void (async () => {
        let text = ''
        for await (const chunk of request) text += String(chunk)
        announced.push(new URLSearchParams(text).get('logout_token') ?? '')
        response.writeHead(200).end()
      })()
    }),
  )
  let answer: ReturnType<Provider['callback']> | undefined
  const issuer = await listening(createServer((request, response) => answer?.(request, response)))
  const provider = new Provider(issuer, configuration(`${hooks}/backchannel`))
  answer = provider.callback()
  const stage = await openStage(undefined, { issuer, clientId: 'curfew' })
  const replica = await stage.replica({
    auth: { kind: 'secret', secret: new Secret('a secret of at least some length') },
  })
  return { replica, issuer, announced, advance: stage.advance }
}

function configuration(backchannel: string): Readonly<Record<string, unknown>> {
  return {
    clients: [
      {
        client_id: 'curfew',
        client_secret: 'a secret of at least some length',
        redirect_uris: [`${publicUrl}/oidc/callback`],
        post_logout_redirect_uris: [`${publicUrl}/signed-out`],
        grant_types: ['authorization_code', 'refresh_token'],
        backchannel_logout_uri: backchannel,
        backchannel_logout_session_required: true,
      },
    ],
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true }),
    }),
    claims: { email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    features: { backchannelLogout: { enabled: true }, revocation: { enabled: true } },
    // Without its own dispatcher, which refuses to speak to loopback addresses.
    fetch: (url: string, { method = 'GET', headers = {}, body = null }: RequestInit) =>
      fetch(url, { method, headers, body }),
    ttl: { AccessToken: 300, IdToken: 3600, Session: 3600, Grant: 3600, Interaction: 600 },
    cookies: { keys: ['only for this test'] },
  }
}

/** A browser at the provider: follows redirects, signs in, consents, until it is sent to Curfew. */
class ProviderBrowser {
  readonly #cookies = new Map<string, string>()

  async ask(url: string, form?: Record<string, string>): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      this.#cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
    }
    return response
  }

  async signIn(start: string, login: string): Promise<URL> {
    let url = start
    for (let step = 0; step < 20; step++) {
      const response = await this.ask(url)
      const location = response.headers.get('location')
      if (location !== null) {
        url = new URL(location, url).href
        if (url.startsWith(publicUrl)) return new URL(url)
        continue
      }
      const page = await response.text()
      const prompt = page.includes('value="login"') ? 'login' : 'consent'
      const posted = await this.ask(url, { prompt, login, password: 'any' })
      url = new URL(posted.headers.get('location') ?? '', url).href
    }
    throw new Error('the provider never sent the browser back')
  }
}

async function signedIn({ replica }: World, atProvider = new ProviderBrowser()) {
  const browser = new Browser()
  const fence = await replica.store.fence()
  const begun = await replica.flow.begin({
    providerId: 'main',
    returnTo: '/',
    fence,
    jar: browser.jar,
  })
  if (begun.kind !== 'redirect') throw new Error(`${begun.code} ${begun.detail}`)
  browser.take(begun.cookies)
  const callback = await atProvider.signIn(begun.url, 'alice')
  const answer = await started(replica, await comeBack(replica, browser, callback))
  if (answer.kind !== 'signed-in') throw new Error(answer.kind)
  return { session: answer.session, atProvider }
}

test('a person signs in, the session refreshes through rotations, and ends for good at a reuse', async () => {
  const here = await world()
  const { session } = await signedIn(here)
  expect(session.origin.uid).toBe('main:alice')
  expect(session.provider).toMatchObject({ issuer: here.issuer, subject: 'alice' })
  const { refresh, rooms } = here.replica
  for (let round = 2; round < 5; round++) {
    here.advance(300_000)
    const crowd = await Promise.all(Array.from({ length: 50 }, () => refresh.freshen(session)))
    expect(crowd.every((one) => one.kind === 'good' && !one.late)).toBe(true)
    expect((await rowOf(here.replica, session)).provider?.tokensVersion).toBe(round)
  }
  const row = await rowOf(here.replica, session)
  if (row.provider === null) throw new Error('a session without provider')
  // Somebody else has used the token that we hold: the provider kills the whole family.
  const stolen =
    tokensOf(here.replica.seal, row.origin.sid, row.provider)?.refreshToken?.reveal() ?? ''
  const theft = await fetch(`${here.issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa('curfew:a+secret+of+at+least+some+length')}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: stolen }),
  })
  expect(theft.status).toBe(200)
  here.advance(300_000)
  const ended = await refresh.freshen(session)
  expect(ended).toMatchObject({ kind: 'ended', end: { reason: 'idp_refused' } })
  expect(rooms.denylist.denies(session.origin.sid)).toBe(true)
})

test('its sign-out page takes our hint, and its logout token passes every check and ends the session', async () => {
  const here = await world()
  const { replica } = here
  const { session, atProvider } = await signedIn(here)
  if (session.provider === null) throw new Error('a session without provider')
  const tokens = tokensOf(replica.seal, session.origin.sid, session.provider)
  const url = await signOutUrl(replica.providers, {
    providerId: 'main',
    idToken: tokens?.idToken ?? null,
    returnUrl: `${publicUrl}/signed-out`,
    state: null,
  })
  const page = await (await atProvider.ask(url ?? '')).text()
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)?.[1] ?? ''
  const action = /action="([^"]+)"/.exec(page)?.[1] ?? ''
  const confirmed = await atProvider.ask(action, { xsrf, logout: 'yes' })
  expect(confirmed.headers.get('location')).toContain(`${publicUrl}/signed-out`)
  await expect.poll(() => here.announced.length).toBe(1)
  const verdict = await verifyLogoutToken(
    replica.providers,
    replica.rooms.clock,
    here.announced[0] ?? '',
  )
  if (verdict.kind !== 'logout') throw new Error(JSON.stringify(verdict))
  const { issuer, providerSid, id, rememberUntil } = verdict
  const answer = await endByProviderSid(replica.rooms, replica.store, {
    issuer,
    providerSid: providerSid ?? '',
    announcement: { id, expiresAt: rememberUntil },
  })
  expect(answer).toMatchObject({ ended: [{ sid: session.origin.sid }] })
})
