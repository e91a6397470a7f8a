/* A client's `jwksUri` behind a proxy: API.md, section 2, "HTTPS_PROXY and NO_PROXY are honoured". */
import { expect, test } from 'vitest'
import { clients, withCurfew } from '#test/harness/index.ts'
import { startForeignIssuer, testKey } from '../oidc/foreign-issuer.ts'
import { startForwardProxy } from '../oidc/forward-proxy.ts'

test('the keys of a client are read through the proxy of the environment', async () => {
  const proxy = await startForwardProxy()
  const client = await startForeignIssuer()
  const key = await testKey('ES256', 'k1')
  client.keys = [key.jwk]
  const jwksUri = `${client.issuer}/jwks`
  const config = { clients: [clients.backend, { id: 'keyed', jwksUri, roles: ['service'] }] }
  const env = { HTTP_PROXY: proxy.url }
  await withCurfew({ store: 'sqlite', config, env }, async (curfew) => {
    const now = Math.floor(Date.now() / 1000)
    const id = { iss: 'keyed', sub: 'keyed', aud: curfew.issuer }
    const assertion = await client.sign(key, { ...id, iat: now, exp: now + 60, jti: 'once' })
    const answer = await curfew.api.post('/oauth/token', {
      form: {
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      },
    })
    expect(answer.status, answer.text).toBe(200)
  })
  expect(proxy.asked).toEqual([`GET ${jwksUri}`])
})
