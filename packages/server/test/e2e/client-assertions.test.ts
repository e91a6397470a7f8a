/* Clients that authenticate with private_key_jwt (RFC 7523; API.md, section 2). */
import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Answer,
  asText,
  type Curfew,
  clients,
  freshUid,
  startCurfew,
  stores,
} from '#test/harness/index.ts'

const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

describe.each(stores)('client assertions on %s', (store) => {
  let curfew: Curfew
  let sign: (changes?: Readonly<Record<string, unknown>>) => Promise<string>

  beforeAll(async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }
    const own = [
      { ...clients.operator, roles: ['admin'] },
      { ...clients.backend, roles: ['issuer'] },
      { id: 'keyed', jwks: { keys: [jwk] }, roles: ['service'] },
    ]
    curfew = await startCurfew({ store, config: { clients: own } })
    sign = (changes = {}) => {
      const now = Math.floor(Date.now() / 1000)
      const claims = {
        iss: 'keyed',
        sub: 'keyed',
        aud: curfew.issuer,
        iat: now,
        exp: now + 60,
        jti: randomUUID(),
        ...changes,
      }
      return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(privateKey)
    }
  })
  afterAll(() => curfew?.close())

  const ask = (assertion: string, more: Record<string, string> = {}): Promise<Answer> =>
    curfew.api.post('/oauth/token', {
      form: {
        grant_type: 'client_credentials',
        client_assertion_type: type,
        client_assertion: assertion,
        ...more,
      },
    })

  test('a signed assertion authenticates, to the issuer or the token endpoint', async () => {
    for (const aud of [curfew.issuer, `${curfew.issuer}/oauth/token`]) {
      const answer = await ask(await sign({ aud }))
      expect(answer.status, answer.text).toBe(200)
      const token = asText(answer.body['access_token'])
      expect((await curfew.api.feed({}, token)).status).toBe(200)
    }
  })

  test('an assertion is good once', async () => {
    const assertion = await sign()
    const answers = await Promise.all([ask(assertion), ask(assertion), ask(assertion)])
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 401, 401])
    expect((await ask(assertion)).body['error']).toBe('invalid_client')
  })

  test('what is wrong with it is refused', async () => {
    const now = Math.floor(Date.now() / 1000)
    const wrong = [
      { aud: 'https://elsewhere.example.com' },
      { exp: now - 120, iat: now - 180 },
      { exp: undefined },
      { exp: now + 30 * 86_400 },
      { sub: 'backend' },
      { iss: 'backend', sub: 'backend' },
      { jti: undefined },
    ]
    for (const changes of wrong) {
      const answer = await ask(await sign(changes))
      expect(answer.status, `${JSON.stringify(changes)} ${answer.text}`).toBe(401)
      expect(answer.body['error']).toBe('invalid_client')
    }
    const { privateKey } = await generateKeyPair('ES256')
    const forged = await new SignJWT({ iss: 'keyed', sub: 'keyed', jti: randomUUID() })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
      .setAudience(curfew.issuer)
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(privateKey)
    expect((await ask(forged)).status).toBe(401)
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${(await sign()).split('.')[1]}.`
    expect((await ask(unsigned)).status).toBe(401)
    const elsewhere = await ask(await sign(), { client_id: 'backend' })
    expect([400, 401]).toContain(elsewhere.status)
  })

  test('rule 18 clients: a client with keys cannot do without them', async () => {
    const login = await curfew.api.start({ uid: freshUid(), device: 'web', client_id: 'keyed' })
    const bare = await curfew.api.refresh(login.refreshToken, 'keyed')
    expect(bare.status).toBe(401)
    const empty = await curfew.api.refresh(login.refreshToken, { id: 'keyed', secret: '' })
    expect(empty.status).toBe(401)
  })
})
