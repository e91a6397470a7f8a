import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { ClientId } from '#domain'
import { privateAuthority, serverCertificate, serverKey } from '#test/oidc/certificates.ts'
import { startForwardProxy } from '#test/oidc/forward-proxy.ts'
import { createOutboundFetch } from '../oidc/provider-http.ts'
import { createClientAssertions } from './client-assertion.ts'
import { HandClock, start } from './testing.ts'

const issuer = 'https://auth.example.com'
const backend = 'backend' as ClientId
const uriPath = '/jwks.json'

let jwk: JWK
let assertion: string
beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }
  const claims = { iss: backend, sub: backend, aud: issuer, exp: start / 1000 + 60, jti: 'one' }
  assertion = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
    .sign(privateKey)
})

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const keys: RequestListener = (_request, response) => response.end(JSON.stringify({ keys: [jwk] }))

async function check(uri: string, env: Record<string, string>, timeoutMs = 5000): Promise<string> {
  const fetch = createOutboundFetch({ ca: privateAuthority, timeoutMs }, env)
  const clock = new HandClock()
  const assertions = createClientAssertions({ audiences: [issuer], clock, fetch })
  const verdict = await assertions.verify(backend, { kind: 'jwks-uri', uri }, assertion)
  return verdict.kind
}

describe('a jwksUri behind the proxy of the environment', () => {
  const secure = { key: serverKey, cert: serverCertificate }

  test('is read through its tunnel when it is https, unless NO_PROXY names the host', async () => {
    const proxy = await startForwardProxy()
    const place = await listening(createSecureServer(secure, keys))
    const uri = `https://${place}${uriPath}`
    const env = { HTTPS_PROXY: proxy.url }
    expect(await check(uri, { ...env, NO_PROXY: '127.0.0.1' })).toBe('accepted')
    expect(proxy.asked).toEqual([])
    expect(await check(uri, env)).toBe('accepted')
    expect(await check(uri, { https_proxy: proxy.url })).toBe('accepted')
    expect(proxy.asked).toEqual([`CONNECT ${place}`, `CONNECT ${place}`])
  })

  test('is asked for by its whole URL when it is http', async () => {
    const proxy = await startForwardProxy()
    const uri = `http://${await listening(createServer(keys))}${uriPath}`
    expect(await check(uri, { HTTP_PROXY: proxy.url, HTTPS_PROXY: 'http://127.0.0.1:1' })).toBe(
      'accepted',
    )
    expect(proxy.asked).toEqual([`GET ${uri}`])
  })

  test.each(['refused', 'closed', 'silent'] as const)(
    'makes nobody a liar when the tunnel is %s',
    async (tunnels) => {
      const proxy = await startForwardProxy()
      proxy.tunnels = tunnels
      const uri = `https://${await listening(createSecureServer(secure, keys))}${uriPath}`
      const timeoutMs = tunnels === 'silent' ? 100 : undefined
      expect(await check(uri, { HTTPS_PROXY: proxy.url }, timeoutMs)).toBe('keys-unavailable')
    },
  )

  test('is not followed to another place', async () => {
    const elsewhere = await listening(createServer(keys))
    const place = await listening(
      createServer((_request, response) => {
        response.writeHead(302, { location: `http://${elsewhere}${uriPath}` }).end()
      }),
    )
    expect(await check(`http://${place}${uriPath}`, {})).toBe('keys-unavailable')
  })
})
