/* The same against panva's oidc-provider, which was written from the specifications, not from our code. */
import { createServer, type Server } from 'node:http'
import { Provider } from 'oidc-provider'
import { expect, onTestFinished, test } from 'vitest'
import { endByProviderSid, tokensOf } from '#authority'
import { Secret } from '#domain'
import { signOutUrl, verifyLogoutToken } from '#oidc'
import {
  listenAnywhere,
  ProviderBrowser,
  realClient,
  realProviderConfiguration,
} from './real-provider.ts'
import { Browser, comeBack, openStage, publicUrl, type Replica, rowOf, started } from './stage.ts'

async function listening(server: Server): Promise<string> {
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return listenAnywhere(server)
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
  const provider = new Provider(
    issuer,
    realProviderConfiguration({ publicUrl, backchannel: `${hooks}/backchannel` }),
  )
  answer = provider.callback()
  const stage = await openStage(undefined, { issuer, clientId: realClient.id })
  const replica = await stage.replica({
    auth: { kind: 'secret', secret: new Secret(realClient.secret) },
  })
  return { replica, issuer, announced, advance: stage.advance }
}

async function signedIn({ replica }: World, atProvider = new ProviderBrowser(publicUrl)) {
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
