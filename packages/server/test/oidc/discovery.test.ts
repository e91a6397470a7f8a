/* What a provider's own metadata may say, and how two of them stay apart. */
import { createServer as createPlainServer, type IncomingMessage } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { endByProviderSid } from '#authority'
import { verifyLogoutToken } from '#oidc'
import { privateAuthority, serverCertificate, serverKey } from './certificates.ts'
import { Browser, comeBack, goToProvider, openStage, rowOf, signedIn } from './stage.ts'

const begin = { providerId: 'main', returnTo: '/', fence: 0, jar: () => undefined }

test('scenario D05: a provider that calls itself something else is not used', async () => {
  const stage = await openStage()
  const replica = await stage.replica()
  stage.provider.metadata = { issuer: 'https://mallory.example.com' }
  expect(await replica.flow.begin(begin)).toMatchObject({ code: 'provider_unavailable' })
  expect(stage.provider.counts).toMatchObject({ discovery: 1, code: 0 })
})

/** A provider behind TLS that names a token endpoint without it. */
async function startHalfSecure(): Promise<{ issuer: string; seen: string[] }> {
  const seen: string[] = []
  const plain = createPlainServer((request: IncomingMessage, response) => {
    seen.push(request.url ?? '')
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  const secure = createServer({ key: serverKey, cert: serverCertificate }, (_request, response) => {
    const metadata = {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `http://127.0.0.1:${(plain.address() as AddressInfo).port}/token`,
      jwks_uri: `${issuer}/jwks`,
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(metadata))
  })
  for (const server of [plain, secure]) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
  }
  const issuer = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`
  return { issuer, seen }
}

test('scenario D06: a token endpoint without TLS gets neither code nor secret, where the issuer has TLS', async () => {
  const { issuer, seen } = await startHalfSecure()
  const stage = await openStage(undefined, { issuer, ca: privateAuthority })
  const replica = await stage.replica()
  const browser = new Browser()
  const { callback } = await goToProvider(stage, replica, browser)
  callback.searchParams.delete('iss')
  expect(await comeBack(replica, browser, callback)).toMatchObject({ kind: 'failed' })
  expect(seen).toEqual([])
})

test('scenario U02: of two providers on one host, with keys, subjects and sids of one name, each has its own', async () => {
  const [here, there] = [await openStage(), await openStage()]
  const replica = await here.replica()
  const other = { ...there.settings, id: 'other' }
  replica.providers.replace([here.settings, other])
  const session = await signedIn(here, replica)
  const token = await there.provider.logoutToken()
  const verdict = await verifyLogoutToken(replica.providers, replica.rooms.clock, token)
  if (verdict.kind !== 'logout') throw new Error(verdict.kind)
  expect(verdict).toMatchObject({ providerId: 'other', providerSid: here.provider.sid })
  const { issuer, providerSid, id, rememberUntil: expiresAt } = verdict
  const announcement = { id, expiresAt }
  const order = { issuer, providerSid: providerSid ?? '', announcement }
  expect(await endByProviderSid(replica.rooms, replica.store, order)).toMatchObject({ ended: [] })
  expect((await rowOf(replica, session)).kind).toBe('live')
  // What one of them signs in the name of the other is nobody's word.
  const forged = await there.provider.logoutToken({ iss: here.provider.issuer })
  const judged = await verifyLogoutToken(replica.providers, replica.rooms.clock, forged)
  expect(judged.kind).toBe('invalid')
})
