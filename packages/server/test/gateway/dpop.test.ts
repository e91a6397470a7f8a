/* DPoP over HTTP: an unmodified client, and bound tokens at every endpoint that takes one (RFC 9449). */
import * as client from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Answer,
  asText,
  claimsOf,
  clients,
  freshUid,
  newSecret,
  publicClient,
} from '#test/harness/index.ts'
import { DpopKey, type ProofParts } from '../../../verifier/test/dpop-key.ts'
import { app, type Gate, openGate } from './gate.ts'
import { type HeaderPairs, type Reply, sendRaw } from './wire.ts'

const careful = { id: 'careful', secret: newSecret() }
const strict = 'strict'
let gate: Gate
let key: DpopKey

beforeAll(async () => {
  const config = {
    clients: [
      { ...clients.backend, roles: ['issuer'] },
      { ...clients.webapp, grants: ['refresh_token', 'client_credentials'], device: 'web' },
      { ...clients.satellite, roles: ['service'] },
      { ...clients.operator, roles: ['admin'] },
      { ...careful, grants: ['client_credentials', 'refresh_token'], dpop: 'nonce' },
      { id: publicClient, grants: ['refresh_token'] },
      { id: strict, grants: ['refresh_token'], dpop: true },
    ],
  }
  gate = await openGate({ config })
  key = await DpopKey.make()
})
afterAll(() => gate?.close())

const at = (path: string) => `${gate.curfew.issuer}${path}`
const proof = (method: string, path: string, parts: Partial<ProofParts> = {}, by = key) =>
  by.proof({ method, url: path.startsWith('/') ? at(path) : path, ...parts })

async function refresh(refreshToken: string, by: DpopKey | null, id = publicClient) {
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken, client_id: id }
  const dpop = by === null ? {} : { dpop: await proof('POST', '/oauth/token', {}, by) }
  return gate.curfew.api.post('/oauth/token', { form, headers: dpop })
}

/** A session of the public client that its first refresh has bound to the key. */
async function bound() {
  const login = await gate.curfew.api.start({ uid: freshUid(), client_id: publicClient })
  const answer = await refresh(login.refreshToken, key)
  expect(answer.status, answer.text).toBe(200)
  const access = asText(answer.body['access_token'])
  return { ...login, access, refreshToken: asText(answer.body['refresh_token']), answer }
}

function ask(method: string, path: string, token: string, dpop: string | null, scheme = 'DPoP') {
  const headers = { authorization: `${scheme} ${token}`, ...(dpop === null ? {} : { dpop }) }
  return gate.curfew.api.send(method, path, { headers })
}

describe('openid-client, as it is', () => {
  const configured = async ({ id, secret }: { id: string; secret: string }) =>
    client.discovery(new URL(gate.curfew.issuer), id, secret, undefined, {
      execute: [client.allowInsecureRequests],
    })

  test('client credentials, and a protected resource, with nonces asked for again', async () => {
    const config = await configured(careful)
    const { dpop_signing_alg_values_supported: algs } = config.serverMetadata()
    expect(algs).toEqual(expect.arrayContaining(['ES256', 'EdDSA', 'PS256', 'RS256']))
    const pair = await otherPair()
    const DPoP = client.getDPoPHandle(config, pair)
    const tokens = await client.clientCredentialsGrant(config, {}, { DPoP })
    expect(tokens.token_type.toLowerCase()).toBe('dpop')
    const url = new URL(at('/sessions?limit=5'))
    const read = (handle: client.DPoPHandle) =>
      client.fetchProtectedResource(
        ...([config, tokens.access_token, url, 'GET', null, undefined] as const),
        { DPoP: handle },
      )
    expect((await read(DPoP)).status).toBe(200)
    // A handle of its own knows no nonce yet: the resource asks for one.
    expect((await read(client.getDPoPHandle(config, pair))).status).toBe(200)
    const stranger = client.getDPoPHandle(config, await otherPair())
    await expect(read(stranger)).rejects.toMatchObject({ status: 401 })
  })

  const otherPair = () => client.randomDPoPKeyPair('ES256')

  test('refresh, again and again, with the key of the first time', async () => {
    const config = await configured(clients.webapp)
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('PS256'))
    const { refreshToken } = await gate.curfew.api.start({ uid: freshUid(), client_id: 'webapp' })
    const one = await client.refreshTokenGrant(config, refreshToken, {}, { DPoP })
    const two = await client.refreshTokenGrant(config, one.refresh_token ?? '', {}, { DPoP })
    expect(two.token_type.toLowerCase()).toBe('dpop')
    const url = new URL(at('/sessions'))
    const answer = await client.fetchProtectedResource(
      ...([config, two.access_token, url, 'GET', null, undefined] as const),
      { DPoP },
    )
    expect(answer.status).toBe(200)
    const about = await client.tokenIntrospection(config, two.access_token)
    expect(about).toMatchObject({
      active: true,
      token_type: 'DPoP',
      cnf: { jkt: expect.any(String) },
    })
    const again = client.getDPoPHandle(config, await otherPair())
    const stolen = client.refreshTokenGrant(config, two.refresh_token ?? '', {}, { DPoP: again })
    await expect(stolen).rejects.toMatchObject({ error: 'invalid_grant' })
  })
})

describe('bound sessions', () => {
  test('rule 34 DPoP: cnf.jkt and token_type DPoP, in the token and in introspection', async () => {
    const { access, refreshToken, answer } = await bound()
    expect(answer.body['token_type']).toBe('DPoP')
    expect(claimsOf(access)['cnf']).toEqual({ jkt: key.jkt })
    const { api } = gate.curfew
    const cnf = { jkt: key.jkt }
    expect((await api.introspect(access)).body).toMatchObject({ token_type: 'DPoP', cnf })
    const form = { token: refreshToken, client_id: publicClient }
    expect((await api.post('/oauth/introspect', { form })).status).toBe(401)
  })

  test('rule 10 sender: another key or none is refused, and as a repeat it is reuse', async () => {
    const { refreshToken, sid } = await bound()
    const other = await DpopKey.make()
    for (const by of [null, other]) {
      const answer = await refresh(refreshToken, by)
      expect(answer.body).toMatchObject({ error: 'invalid_grant' })
      expect(answer.body).not.toHaveProperty('revoked_reason')
    }
    const next = await refresh(refreshToken, key)
    expect(next.status).toBe(200)
    const repeat = await refresh(refreshToken, key)
    expect(repeat.body['refresh_token']).toBe(next.body['refresh_token'])
    const theft = await refresh(refreshToken, other)
    expect(theft.body).toMatchObject({ error: 'invalid_grant', revoked_reason: 'refresh_reuse' })
    expect((await gate.curfew.api.session(sid))['revoked_reason']).toBe('refresh_reuse')
  })

  test('clients[].dpop: true refuses token requests without a proof', async () => {
    const { refreshToken } = await gate.curfew.api.start({ uid: freshUid(), client_id: strict })
    const bare = await refresh(refreshToken, null, strict)
    expect(bare.body['error']).toBe('invalid_request')
    expect((await refresh(refreshToken, key, strict)).body['token_type']).toBe('DPoP')
  })
})

describe('rule 34 DPoP: at the endpoints of Curfew', () => {
  const challenged = (answer: Answer, error: string) => {
    expect(answer.status, answer.text).toBe(401)
    const challenge = answer.headers.get('www-authenticate')
    expect(challenge).toMatch(new RegExp(`^DPoP error="${error}", algs="ES256 `))
  }

  test('a bound token is good by DPoP with a proof of this request, once', async () => {
    const { access, sid } = await bound()
    const good = await proof('GET', '/sessions', { token: access })
    const answer = await ask('GET', '/sessions?limit=3', access, good)
    expect(answer.items).toMatchObject([{ sid, current: true }])
    challenged(await ask('GET', '/sessions', access, good), 'invalid_dpop_proof')
  })

  test('a token that nobody here signed writes nothing down, whatever its proof', async () => {
    const claims = { cnf: { jkt: key.jkt }, client_id: publicClient }
    const forged = `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`
    const kept = async () => (await gate.curfew.stage.execute('select id from once')).length
    const before = await kept()
    for (const path of ['/sessions', '/userinfo']) {
      const answer = await ask('GET', path, forged, await proof('GET', path, { token: forged }))
      expect(answer.status).toBe(401)
    }
    expect(await kept()).toBe(before)
  })

  test.each([
    ['GET', '/sessions'],
    ['POST', '/logout'],
    ['POST', '/logout/all'],
    ['POST', '/logout/others'],
    ['GET', '/sessions/revoked'],
    ['GET', '/sessions/revoked/stream'],
    ['GET', '/users/x/fence'],
    ['GET', '/admin/sessions'],
    ['DELETE', '/sessions/019b76da-a800-7abc-8def-000000000001'],
  ])('%s %s refuses it alone, as Bearer, or with another proof', async (method, path) => {
    const { access, sid } = await bound()
    challenged(await ask(method, path, access, null, 'Bearer'), 'invalid_token')
    const good = await proof(method, path, { token: access })
    challenged(await ask(method, path, access, good, 'Bearer'), 'invalid_token')
    challenged(await ask(method, path, access, null), 'invalid_dpop_proof')
    const legacy = await gate.curfew.api.send(method, path, { headers: { token: access } })
    challenged(legacy, 'invalid_token')
    for (const bad of [
      await proof(method === 'GET' ? 'POST' : 'GET', path, { token: access }),
      await proof(method, `${path}/`, { token: access }),
      await proof(method, `https://evil.example.com${path}`, { token: access }),
      await proof(method, path, { token: `${access}x` }),
      await proof(method, path),
      await proof(method, path, { token: access, claims: { iat: 1 } }),
    ]) {
      challenged(await ask(method, path, access, bad), 'invalid_dpop_proof')
    }
    const stranger = await DpopKey.make()
    const another = await proof(method, path, { token: access }, stranger)
    challenged(await ask(method, path, access, another), 'invalid_token')
    expect((await gate.curfew.api.session(sid))['revoked_at']).toBeNull()
  })

  test('two proofs are none, and a token that is not bound does not come by DPoP', async () => {
    const { access, accessToken } = await bound()
    const [one, two] = [0, 1].map(() => proof('GET', '/sessions', { token: access }))
    const headers: HeaderPairs = [
      ['Authorization', `DPoP ${access}`],
      ['DPoP', (await one) ?? ''],
      ['dpop', (await two) ?? ''],
    ]
    const twice = await sendRaw(new URL(at('/sessions')), { method: 'GET', headers })
    expect(twice.status).toBe(401)
    const own = await proof('GET', '/sessions', { token: accessToken })
    challenged(await ask('GET', '/sessions', accessToken, own), 'invalid_token')
  })

  test('sign-out works with a proof, and says of a session that has ended that it has', async () => {
    const { access, sid } = await bound()
    const out = async () =>
      ask('POST', '/logout', access, await proof('POST', '/logout', { token: access }))
    expect((await out()).body).toEqual({ revoked: true, already_revoked: false, sid })
    expect((await out()).body).toEqual({ revoked: false, already_revoked: true, sid })
    const late = await proof('GET', '/sessions', { token: access })
    expect((await ask('GET', '/sessions', access, late)).body['code']).toBe('session_ended')
  })
})

describe('rule 34 DPoP: at forward auth', () => {
  const path = '/things?page=2'
  const url = `${app}/things`
  const described: Readonly<Record<string, HeaderPairs>> = {
    traefik: forwarded(),
    caddy: forwarded(),
    haproxy: forwarded(),
    nginx: [
      ['X-Original-URL', `${app}${path}`],
      ['X-Original-Method', 'PUT'],
    ],
  }

  function forwarded(): HeaderPairs {
    const { protocol, host } = new URL(app)
    return [
      ['X-Forwarded-Method', 'PUT'],
      ['X-Forwarded-Proto', protocol.slice(0, -1)],
      ['X-Forwarded-Host', host],
      ['X-Forwarded-Uri', path],
    ]
  }

  function judge(mode: string, headers: HeaderPairs): Promise<Reply> {
    if (mode === 'envoy') {
      const target = new URL(`${gate.curfew.url}/forward-auth${path}`)
      const host = ['Host', new URL(app).host] as const
      return sendRaw(target, { method: 'PUT', headers: [host, ...headers] })
    }
    const target = new URL(`${gate.curfew.url}/forward-auth?mode=${mode}`)
    return sendRaw(target, { method: 'GET', headers: [...(described[mode] ?? []), ...headers] })
  }

  test.each(['traefik', 'caddy', 'haproxy', 'nginx', 'envoy'])('%s', async (mode) => {
    const { access, uid } = await bound()
    const by = (dpop: string, scheme = 'DPoP'): HeaderPairs => [
      ['Authorization', `${scheme} ${access}`],
      ['DPoP', dpop],
    ]
    const made = (parts: Partial<ProofParts> = {}) =>
      key.proof({ method: 'PUT', url, token: access, ...parts })
    const refused = async (headers: HeaderPairs, error: string) => {
      const reply = await judge(mode, headers)
      expect(reply.status, reply.body).toBe(401)
      expect(reply.headers['www-authenticate']).toMatch(new RegExp(`^DPoP error="${error}"`))
    }
    const good = await made()
    const reply = await judge(mode, by(good))
    expect(reply.status, reply.body).toBe(200)
    expect(reply.headers['x-auth-request-user']).toBe(uid)
    // What was good once is not good from memory.
    await refused(by(good), 'invalid_dpop_proof')
    await refused([['Authorization', `DPoP ${access}`]], 'invalid_dpop_proof')
    await refused(by(await made(), 'Bearer'), 'invalid_token')
    await refused([['Authorization', `Bearer ${access}`]], 'invalid_token')
    await refused([...by(await made()), ['DPoP', await made()]], 'invalid_dpop_proof')
    await refused(by(await made({ method: 'GET' })), 'invalid_dpop_proof')
    await refused(by(await made({ url: `${gate.curfew.url}/forward-auth` })), 'invalid_dpop_proof')
    await refused(by(await made({ token: 'x' })), 'invalid_dpop_proof')
    const stranger = await (await DpopKey.make()).proof({ method: 'PUT', url, token: access })
    await refused(by(stranger), 'invalid_token')
    expect((await judge(mode, by(await made()))).status).toBe(200)
  })

  test('a bearer token by DPoP is refused, and a client’s nonce is asked for here as well', async () => {
    const { accessToken } = await bound()
    const plain = await key.proof({ method: 'PUT', url, token: accessToken })
    const headers: HeaderPairs = [
      ['Authorization', `DPoP ${accessToken}`],
      ['DPoP', plain],
    ]
    expect((await judge('traefik', headers)).status).toBe(401)
    const { refreshToken } = await gate.curfew.api.start({ uid: freshUid(), client_id: careful.id })
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken }
    const asking = async (claims: object) =>
      gate.curfew.api.post('/oauth/token', {
        ...{ form, as: careful },
        headers: {
          dpop: await key.proof({ method: 'POST', url: at('/oauth/token'), claims: { ...claims } }),
        },
      })
    const nonce = (await asking({})).headers.get('dpop-nonce')
    const token = asText((await asking({ nonce })).body['access_token'])
    const made = async (claims: Record<string, unknown>): Promise<HeaderPairs> => [
      ['Authorization', `DPoP ${token}`],
      ['DPoP', await key.proof({ method: 'PUT', url, token, claims })],
    ]
    const first = await judge('traefik', await made({}))
    expect(first.headers['www-authenticate']).toMatch(/^DPoP error="use_dpop_nonce"/)
    const second = await judge('traefik', await made({ nonce: first.headers['dpop-nonce'] }))
    expect(second.status, second.body).toBe(200)
  })
})
