/* Who may come in, and where to: lists, roles and providers. Scenarios P and U. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ScriptableProvider, startScriptableProvider } from '#test/oidc/scriptable-provider.ts'
import { type Gate, openGate, providerConfig } from './gate.ts'
import { byScript, linkIn, standing } from './steps.ts'
import type { Visitor } from './visitor.ts'
import type { Reply } from './wire.ts'

let gate: Gate
let provider: ScriptableProvider

/** Each is the same provider under another name, with other rules for who may come in. */
function providers(): object[] {
  const as = (id: string, more: object) => ({ ...providerConfig(provider), id, ...more })
  return [
    as('dom', { allow: { domains: ['Company.COM'] } }),
    as('usr', { allow: { domains: ['other.example'], users: ['ANN@company.com', 'usr:zed'] } }),
    as('blind', { allow: { domains: ['company.com'] }, scopes: ['openid'] }),
    as('roles', { rolesClaim: ['roles', 'https://x.example/roles', '/realm_access/roles'] }),
    as('groups', { rolesClaim: 'groups' }),
  ]
}

const ops = { require: { roles: ['ops', 'admins'] } }
const rules = [
  ...['dom', 'usr', 'blind'].map((id) => ({ hosts: [`${id}.test`], idp: id })),
  { hosts: ['roles.test'], idp: 'roles', ...ops },
  { hosts: ['groups.test'], idp: 'groups', ...ops },
  { hosts: ['only-dom.test'], idp: 'dom', require: { idp: 'dom' } },
  { hosts: ['any.test'], idp: 'roles' },
]
const headers = { 'X-User': '{{ uid }}', 'X-Name': '{{ claims.name }}', 'X-Roles': '{{ roles }}' }

beforeAll(async () => {
  provider = await startScriptableProvider()
  const identityProviders = providers()
  gate = await openGate({ provider, config: { identityProviders, gateway: { rules, headers } } })
})

afterAll(async () => {
  await gate?.close()
  await provider?.close()
})

async function enter(
  host: string,
  claims: Record<string, unknown>,
  visitor = gate.visitor(),
): Promise<Reply & { readonly visitor: Visitor }> {
  provider.claims = claims
  const reply = await visitor.browse(`http://${host}/`)
  provider.claims = {}
  return { ...reply, visitor }
}

const mail = (email: string) => ({ email, email_verified: true })

describe('lists', () => {
  test.each([
    ['scenarios P01, P02', 'dom.test', mail('alice@company.com'), 200],
    ['scenario P02', 'dom.test', mail('Alice@COMPANY.Com'), 200],
    ['scenario P01', 'dom.test', mail('alice@other.com'), 403],
    ['scenario P01', 'dom.test', mail('alice@sub.company.com'), 403],
    ['scenario P01', 'dom.test', mail('alice@evilcompany.com'), 403],
    ['unverified', 'dom.test', { email: 'alice@company.com' }, 403],
    ['scenario P03', 'dom.test', mail('x@evil.com@company.com'), 403],
    ['scenario P03', 'dom.test', mail('"x@evil.com"@company.com'), 403],
    ['scenario P03', 'dom.test', mail('x@evil.com,y@company.com'), 403],
    ['scenarios P04, P05', 'usr.test', mail('ann@Company.com'), 200],
    ['scenario P05', 'usr.test', mail('bob@company.com'), 403],
    ['scenario P05', 'usr.test', mail('bob@other.example'), 200],
  ])('%s: at %s with %j: %i', async (_, host, claims, status) => {
    expect((await enter(host, claims)).status).toBe(status)
  })

  test('scenario P06: nobody whose address is not known matches a domain, and the log says that it is that', async () => {
    expect((await enter('blind.test', {})).status).toBe(403)
    expect(gate.curfew.log()).toMatch(/blind:alice has no verified e-mail address/)
  })
})

describe('roles', () => {
  test.each<[string, string, Record<string, unknown>]>([
    ['scenario P07: one of those that are asked for', 'roles.test', { roles: ['x', 'ops'] }],
    ['scenario P08: one text is one role', 'roles.test', { roles: 'ops' }],
    ['scenario P09: namespaced', 'roles.test', { 'https://x.example/roles': ['admins'] }],
    ['scenario P09: nested', 'roles.test', { realm_access: { roles: ['ops'] } }],
  ])('%s: 200', async (_, host, claims) => {
    expect((await enter(host, claims)).status).toBe(200)
  })

  test.each<[string, string, Record<string, unknown>]>([
    ['scenario P07: others', 'roles.test', { roles: ['Ops', 'op', 'ops,admins'] }],
    ['scenario P10: none at all', 'roles.test', {}],
    [
      'scenario P11: too many groups to be named',
      'groups.test',
      {
        _claim_names: { groups: 'src1' },
        _claim_sources: { src1: { endpoint: 'https://graph.example/groups' } },
      },
    ],
  ])('%s: 403 without rounds of signing in, and the way to sign out', async (_, host, claims) => {
    const { status, visitor, ...reply } = await enter(host, claims)
    expect(status).toBe(403)
    expect(linkIn(reply, '/signout')).toBe(`${gate.curfew.issuer}/signout`)
    const codes = provider.counts.code
    expect(await standing(visitor, `http://${host}/`)).toEqual([403, 403])
    const problem = await visitor.send(`http://${host}/`, { headers: byScript })
    expect(JSON.parse(problem.body)).toMatchObject({ code: 'forbidden' })
    expect(provider.counts.code).toBe(codes)
  })

  test('rule 17 roles: reserved ones are never taken from a provider', async () => {
    const reply = await enter('any.test', { roles: ['admin', 'issuer', 'service', 'pilot'] })
    expect(reply.headers['x-roles']).toBe('pilot')
  })
})

test('scenario P13: any script and emoji reach the application, in well-formed headers', async () => {
  const name = 'Zoë Ångström 李 عمر 😀'
  const reply = await enter('any.test', { name })
  expect(Buffer.from(reply.headers['x-name'] ?? '', 'latin1').toString('utf8')).toBe(name)
})

describe('several providers', () => {
  test('scenario U01: a session of one is good where the rules do not ask for another, and there alone', async () => {
    const { visitor } = await enter('any.test', { roles: ['ops'] })
    expect((await visitor.browse('http://roles.test/')).status).toBe(200)
    expect((await visitor.open('http://only-dom.test/')).status).toBe(302)
    const dom = await enter('only-dom.test', mail('alice@company.com'), visitor)
    expect(dom.status).toBe(200)
    expect(dom.headers['x-user']).toBe('dom:alice')
  })

  test('scenario U01: one subject at two providers is two users', async () => {
    const here = await enter('any.test', {})
    const there = await enter('dom.test', mail('alice@company.com'))
    expect([here.headers['x-user'], there.headers['x-user']]).toEqual(['roles:alice', 'dom:alice'])
  })

  test('whoever is not sent to one chooses', async () => {
    const reply = await gate.visitor().open(`${gate.curfew.issuer}/login?return_to=/`)
    expect(reply.status).toBe(200)
    for (const id of ['dom', 'usr', 'roles']) expect(linkIn(reply, `idp=${id}`)).toBeTruthy()
    const unknown = await gate.visitor().open(`${gate.curfew.issuer}/login?return_to=/&idp=nobody`)
    expect(unknown.status).toBe(400)
  })
})

test('scenario P12: roles that change at the provider count after the next refresh', async () => {
  provider.accessSeconds = 60
  const { visitor } = await enter('roles.test', { roles: ['ops'] })
  expect(await standing(visitor, 'http://roles.test/')).toEqual([200, 200])
  provider.claims = { roles: ['pilot'] }
  await gate.curfew.advanceClock(61_000)
  expect(await standing(visitor, 'http://roles.test/')).toEqual([403, 403])
  provider.claims = { roles: ['admins'] }
  await gate.curfew.advanceClock(61_000)
  expect(await standing(visitor, 'http://roles.test/')).toEqual([200, 200])
})
