/* Each setting of the gateway and of providers changes something that can be seen. Scenario G03. */
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ScriptableProvider, startScriptableProvider } from '#test/oidc/scriptable-provider.ts'
import { freePort } from '#test/services/index.ts'
import { type Gate, openGate, providerConfig } from './gate.ts'
import { byScript, sessionsOf, standing, toProvider } from './steps.ts'
import { asTraefik, navigation, type Visitor } from './visitor.ts'
import { type HeaderPairs, sendRaw } from './wire.ts'

const at = (name: string, path = '/') => `http://${name}.test${path}`
const rule = (name: string, more: object = {}) => ({ hosts: [`${name}.test`], ...more })

const rules = [
  rule('plain'),
  rule('open', { require: 'none' }),
  rule('paths', { paths: ['/open/*'], require: 'none' }),
  rule('methods', { methods: ['GET'], require: 'none' }),
  rule('users', { require: { users: ['main:bob'] } }),
  rule('claims', { require: { claims: { team: ['x', 'y'] } } }),
  rule('all-roles', { require: { allRoles: ['a', 'b'] } }),
  rule('level', { require: { acr: ['gold'] } }),
  rule('fresh', { require: { maxAge: '10m' } }),
  rule('headers', { headers: { 'X-Only': '{{ device }}' } }),
  {
    hosts: ['[0:0:0:0:0:0:0:1]:8000'],
    headers: { 'X-Roles': `{{ roles | join(' | ') | default: "}}" }}` },
  },
  rule('audience', {
    audience: 'https://api.example.com',
    headers: { Authorization: 'Bearer {{ accessToken }}' },
  }),
  rule('tuned', { idp: 'tuned' }),
]

let gate: Gate
let provider: ScriptableProvider

beforeAll(async () => {
  provider = await startScriptableProvider()
  const tuned = {
    ...{ ...providerConfig(provider), id: 'tuned', uid: '{{ idp }}/{{ nick }}' },
    ...{ scopes: ['openid', 'custom'], claimsFrom: ['id_token', 'userinfo'], trustEmail: true },
    ...{ maxRefreshTokenAge: '1h', graceOnFault: '1m' },
  }
  const gateway = {
    ...{ rules, prefix: '/_gate', returnTo: ['more.test'] },
    cookie: { sameSite: 'strict' },
    headers: { 'X-Uid': '{{ uid }}', 'X-Mail': '{{ claims.email_verified }}' },
  }
  const identityProviders = [providerConfig(provider), tuned]
  gate = await openGate({ provider, config: { identityProviders, gateway } })
})

afterAll(async () => {
  await gate?.close()
  await provider?.close()
})

/** Signs in at `main` with these claims, and asks for a page of that host. */
async function seen(name: string, claims: Record<string, unknown> = {}, path = '/') {
  const visitor = await bySignIn('main', claims)
  return visitor.browse(at(name, path))
}

async function bySignIn(idp: string, claims: Record<string, unknown>): Promise<Visitor> {
  provider.claims = claims
  const visitor = gate.visitor()
  const login = `${gate.curfew.issuer}/login?idp=${idp}&return_to=/signed-out`
  const { headers } = await visitor.open(login)
  const reply = await visitor.open(provider.authorize(headers['location'] ?? '').href)
  provider.claims = {}
  if (reply.status !== 302) throw new Error(`no sign-in: ${reply.status}`)
  return visitor
}

describe('scenario G03: rules', () => {
  test.each<[string, string, Record<string, unknown>, string, number]>([
    ['require: session', 'plain', {}, '/', 200],
    ['users, not one of them', 'users', {}, '/', 403],
    ['claims, one of the values', 'claims', { team: 'y' }, '/', 200],
    ['claims, another value', 'claims', { team: 'z' }, '/', 403],
    ['allRoles, one of two', 'all-roles', { roles: ['a'] }, '/', 403],
    ['allRoles, both', 'all-roles', { roles: ['a', 'b'] }, '/', 200],
    ['acr, as asked for', 'level', { acr: 'gold' }, '/', 200],
    ['acr, another', 'level', { acr: 'silver' }, '/', 403],
    ['maxAge, just now', 'fresh', { auth_time: now() }, '/', 200],
    ['maxAge, too long ago', 'fresh', { auth_time: now() - 700 }, '/', 403],
    ['a host without a rule', 'nowhere', {}, '/', 403],
  ])('scenario G03: %s', async (_, name, claims, path, status) => {
    expect((await seen(name, claims, path)).status).toBe(status)
  })

  test('scenario G03: users, one of them', async () => {
    provider.subject = 'bob'
    expect((await seen('users')).status).toBe(200)
    provider.subject = 'alice'
  })

  test.each([
    ['require: none', at('open'), 'GET', 200],
    ['paths, inside', at('paths', '/open/x'), 'GET', 200],
    ['paths, outside', at('paths', '/open/x/y'), 'GET', 401],
    ['methods, one of them', at('methods'), 'GET', 200],
    ['methods, another', at('methods'), 'POST', 401],
  ])('scenario G03: %s', async (_, address, method, status) => {
    expect((await gate.visitor().send(address, { method, headers: byScript })).status).toBe(status)
  })

  test('scenario G03: headers of a rule, in place of all others', async () => {
    expect((await seen('plain')).headers).toMatchObject({ 'x-uid': 'main:alice' })
    const { headers } = await seen('headers')
    expect(headers['x-only']).toBe('web')
    expect(headers['x-uid']).toBeUndefined()
  })

  test('an IPv6 address as host, and quoted arguments that hold what templates are made of', async () => {
    const visitor = await bySignIn('main', { roles: ['a', 'b,c'] })
    const reply = await visitor.browse('http://[::1]:8000/')
    expect(reply.headers['x-roles']).toBe('a | b,c')
    const nobody = await bySignIn('main', {})
    expect((await nobody.browse('http://[::1]:8000/')).headers['x-roles']).toBe('}}')
  })

  test('scenario G03: audience of a rule', async () => {
    const { headers } = await seen('audience')
    const token = (headers['authorization'] ?? '').replace('Bearer ', '')
    expect(decodeJwt(token).aud).toEqual(['https://api.example.com'])
  })

  test('scenario G03: idp of a rule', async () => {
    const first = await gate.visitor().open(at('tuned'))
    expect(new URL(first.headers['location'] ?? '').searchParams.get('idp')).toBe('tuned')
  })
})

function now(): number {
  return Math.floor(Date.now() / 1000)
}

describe('scenario G03: the gateway', () => {
  test('scenario G03: cookie.sameSite', async () => {
    const visitor = gate.visitor()
    const url = await toProvider(visitor, at('tuned'))
    provider.claims = { nick: 'al' }
    const { setCookies } = await visitor.open(provider.authorize(url.href).href)
    provider.claims = {}
    expect(setCookies.find((line) => line.startsWith('curfew='))).toContain('SameSite=Strict')
  })

  test('scenario G03: prefix', async () => {
    const visitor = await bySignIn('main', {})
    const own = await visitor.open(at('plain', '/_gate/signout'))
    expect(own.headers['location']).toContain(`${gate.curfew.issuer}/signout?`)
    // The default one is the application's then.
    await visitor.browse(at('plain'))
    expect((await visitor.open(at('plain', '/.curfew/signout'))).status).toBe(200)
  })

  test('scenario G03: returnTo', async () => {
    const login = (host: string) =>
      gate.visitor().open(`${gate.curfew.issuer}/login?idp=main&return_to=http://${host}/`)
    expect((await login('more.test')).status).toBe(302)
    expect((await login('less.test')).status).toBe(400)
  })
})

describe('scenario G03: providers', () => {
  test('scenario G03: scopes', async () => {
    const url = await toProvider(gate.visitor(), at('tuned'))
    expect(url.searchParams.get('scope')).toBe('openid custom')
  })

  test('scenario G03: uid, claimsFrom and trustEmail', async () => {
    provider.userinfo = { nick: 'al' }
    const visitor = await bySignIn('tuned', { email: 'a@example.com' })
    provider.userinfo = {}
    expect((await visitor.browse(at('plain'))).headers).toMatchObject({
      ...{ 'x-uid': 'tuned/al', 'x-mail': 'true' },
    })
    const trusting = await seen('plain', { email: 'a@example.com' })
    expect(trusting.headers['x-mail']).toBe('false')
  })

  test('rule 24 identity deadline: scenario G03: graceOnFault and maxRefreshTokenAge, after which a new sign-in supersedes', async () => {
    provider.accessSeconds = 60
    const tuned = await bySignIn('tuned', { nick: 'al' })
    const main = await bySignIn('main', {})
    for (const visitor of [tuned, main]) await visitor.browse(at('plain'))
    provider.script = Array.from({ length: 50 }, () => ({ status: 503 }))
    await gate.curfew.advanceClock(125_000)
    expect(await standing(tuned, at('plain'))).toEqual([503, 503])
    expect(await standing(main, at('plain'))).toEqual([200, 200])
    provider.script = []
    await gate.curfew.advanceClock(3_600_000)
    const grants = provider.grants.length
    expect(await standing(tuned, at('plain'))).toEqual([302, 401])
    expect(provider.grants).toHaveLength(grants)
    expect(await standing(main, at('plain'))).toEqual([200, 200])
    expect(provider.grants).toHaveLength(grants + 1)
    const [lapsed] = await sessionsOf(gate, 'tuned/al')
    expect(lapsed).toMatchObject({ revoked_at: null })
    provider.claims = { nick: 'al' }
    await tuned.browse(`${gate.curfew.issuer}/login?idp=tuned&return_to=/signed-out`)
    provider.claims = {}
    const [, before] = await sessionsOf(gate, 'tuned/al')
    expect(before).toMatchObject({ sid: lapsed?.['sid'], revoked_reason: 'superseded' })
  })

  test('scenario G03: clientId and clientSecret', async () => {
    const forms: string[] = []
    provider.onRequest = (message) => {
      if (message.url === '/token') message.on('data', (chunk) => forms.push(String(chunk)))
    }
    await bySignIn('main', {})
    provider.onRequest = () => undefined
    const form = new URLSearchParams(forms.join(''))
    expect([form.get('client_id'), form.get('client_secret')]).toEqual([
      provider.clientId,
      provider.clientSecret,
    ])
  })
})

describe('scenario G03: what moves elsewhere', () => {
  const issuer = 'https://idp.test'
  let hidden: ScriptableProvider
  let other: Gate
  let listens: string

  beforeAll(async () => {
    hidden = await startScriptableProvider()
    const ends = { authorization_endpoint: 'authorize', token_endpoint: 'token', jwks_uri: 'jwks' }
    const paths = Object.entries(ends).map(([name, path]) => [name, `${issuer}/${path}`])
    hidden.metadata = { issuer, ...Object.fromEntries(paths) }
    hidden.idToken = { iss: issuer }
    const config = { ...providerConfig(hidden), issuer, internalUrl: hidden.issuer }
    listens = `127.0.0.1:${await freePort()}`
    const gateway = { rules: [rule('open', { require: 'none' })], listen: listens }
    other = await openGate({ provider: hidden, config: { identityProviders: [config], gateway } })
  })

  afterAll(async () => {
    await other?.close()
    await hidden?.close()
  })

  test('scenario G03: internalUrl: browsers see the issuer, and we go another way', async () => {
    const visitor = other.visitor()
    const { headers } = await visitor.open(`${other.curfew.issuer}/login?return_to=/`)
    const location = headers['location'] ?? ''
    expect(new URL(location).origin).toBe(issuer)
    const callback = hidden.authorize(location)
    callback.searchParams.set('iss', issuer)
    expect((await visitor.open(callback.href)).status).toBe(302)
    expect(await sessionsOf(other)).toHaveLength(1)
  })

  test('rule 26 one dialect: scenario G03: listen: forward auth has a listener of its own, and only there', async () => {
    const described: HeaderPairs = [...asTraefik(new URL(at('open'))), ...navigation]
    const order = { method: 'GET', headers: described }
    const ask = (origin: string, path: string) => sendRaw(new URL(origin + path), order)
    expect((await ask(`http://${listens}`, '/forward-auth')).status).toBe(200)
    const publicHost: HeaderPairs = [['Host', new URL(other.curfew.issuer).host], ...described]
    const there = new URL(`http://${listens}/forward-auth`)
    expect((await sendRaw(there, { ...order, headers: publicHost })).status).toBe(200)
    expect((await ask(`http://${listens}`, '/login')).status).toBe(404)
    expect((await ask(other.curfew.url, '/forward-auth')).status).toBe(404)
  })
})
