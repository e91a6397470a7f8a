/* What a refresh brings beside tokens: another subject, other roles, nobody who may still come in. */
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { parse } from 'yaml'
import { eventually, type JsonObject, merge } from '#test/harness/index.ts'
import { grantsOf, known, type Person, shownTwice } from './rig/gates.ts'
import { useGates } from './rig/use-gates.ts'

const lifeMs = 300_000
const gates = useGates({
  replicas: 2,
  clock: true,
  config: { server: { logLevel: 'info' } },
  idp: { maxRefreshTokenAge: 0, graceOnFault: '1m' },
})
let round = 0
let person: Person

beforeEach(async () => {
  round += 1
  person = await gates.signIn(`person-${round}`)
})

afterEach(() => {
  Object.assign(gates.provider, {
    ...{ claims: {}, idToken: {}, idTokenOnRefresh: true, rotates: true, refreshTokens: true },
    accessSeconds: 300,
  })
})

const ask = (index: number) => gates.at(index).ask(person)
const grants = () => grantsOf(gates.provider, person.subject)
const newest = () =>
  known(gates.provider.issued.findLast(({ subject }) => subject === person.subject)).accessToken

test('scenarios R01, R02, R06, X02, X06: fresh tokens are left alone; near their end one grant renews them, and both replicas hand on the new one', async () => {
  const first = known((await ask(0)).headers['x-provider-token'])
  await gates.pass(200_000)
  for (const index of [0, 1, 0, 1])
    expect((await ask(index)).headers['x-provider-token']).toBe(first)
  expect(grants()).toBe(0)
  await gates.pass(98_000)
  // Nobody waits for it: it is still good.
  for (const index of [0, 1]) expect((await ask(index)).status).toBe(200)
  for (const index of [0, 1]) {
    const renewed = async () => {
      const { status, headers } = await ask(index)
      expect(status).toBe(200)
      return headers['x-provider-token'] === first ? undefined : headers['x-provider-token']
    }
    expect(await eventually(renewed, { what: 'the new token' })).toBe(newest())
  }
  expect(grants()).toBe(1)
  await gates.pass(1000)
  for (const index of [1, 0]) expect((await ask(index)).headers['x-provider-token']).toBe(newest())
  expect(grants()).toBe(1)
  expect(shownTwice(gates.provider)).toEqual([])
})

test('scenarios R03, R17, R19: long after their end one grant renews them, whatever the age of the refresh token', async () => {
  await gates.pass(30 * 3_600_000)
  const replies = await Promise.all([ask(0), ask(1), ask(0), ask(1)])
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  for (const { headers } of replies) {
    expect(headers['x-provider-token']).toBe(newest())
    expect(headers['x-user']).toBe(`main:${person.subject}`)
  }
  expect(grants()).toBe(1)
})

test('scenarios R14, R15: an answer without a refresh token and without an ID token keeps those that are known', async () => {
  gates.provider.rotates = false
  gates.provider.idTokenOnRefresh = false
  gates.provider.claims = { roles: ['not-said'] }
  for (const index of [0, 1]) {
    await gates.pass(lifeMs)
    const { status, headers } = await ask(index)
    expect(status).toBe(200)
    expect(headers['x-provider-token']).toBe(newest())
    expect(headers['x-roles']).toBe('')
    expect(grants()).toBe(index + 1)
  }
  const shown = gates.provider.grants.filter(
    (_, at) => gates.provider.grantsOf[at] === person.subject,
  )
  expect(new Set(shown).size).toBe(1)
})

test('scenarios R21, R30: what counts is the life of the access token; clocks may differ by two minutes either way', async () => {
  for (const [index, skew] of [-115, 115].entries()) {
    gates.provider.idToken = skewed(skew)
    const other = await gates.signIn(`skewed-${index}`)
    await gates.pass(lifeMs)
    // A token that could not be verified would leave the roles as they were.
    gates.provider.claims = { roles: ['after'] }
    const reply = await gates.at(index).ask(other)
    gates.provider.claims = {}
    expect(reply.status).toBe(200)
    expect(reply.headers['x-roles']).toBe('after')
    expect(grantsOf(gates.provider, other.subject)).toBe(1)
  }
  gates.provider.idToken = skewed(300)
  await expect(gates.signIn('skewed-too-far')).rejects.toThrow('could not sign in')
})

/** An ID token of a provider whose clock is so many seconds ahead, good for a moment by that clock. */
function skewed(seconds: number): Record<string, number> {
  const now = Math.floor(Date.now() / 1000) + seconds
  return { iat: now, nbf: now, exp: now + 60 }
}

test('scenarios R22, R23: without a refresh token they serve to their end, and then a sign-in is asked for', async () => {
  gates.provider.refreshTokens = false
  const other = await gates.signIn(`without-${round}`)
  await gates.pass(295_000)
  for (const replica of gates.all) expect((await replica.ask(other)).status).toBe(200)
  await gates.pass(5000 + 60_000)
  for (const replica of gates.all) {
    expect((await replica.ask(other)).status).toBe(401)
    const page = await replica.ask(other, { page: true })
    expect(page.status).toBe(302)
    expect(page.headers['location']).toContain('/login?')
    expect(page.setCookies).toEqual([])
  }
  expect(grantsOf(gates.provider, other.subject)).toBe(0)
})

test('scenario R16: another subject in the refreshed ID token ends the session everywhere, and goes back', async () => {
  gates.provider.idToken = { sub: 'mallory' }
  await gates.pass(lifeMs)
  const told = await Promise.all([ask(0), ask(1), ask(0), ask(1)])
  expect(told.map(({ status }) => status)).toEqual([401, 401, 401, 401])
  for (const { body } of told) {
    expect(JSON.parse(body)).toMatchObject({ code: 'session_ended', revoked_reason: 'idp_refused' })
  }
  expect(grants()).toBe(1)
  const back = known(gates.provider.issued.at(-1)).refreshToken
  await expect.poll(() => gates.provider.revoked).toContain(back)
})

test('scenario P12: roles that changed at the provider count after the refresh, on the other replica too', async () => {
  expect((await ask(0)).headers['x-roles']).toBe('')
  expect((await ask(1)).headers['x-roles']).toBe('')
  gates.provider.claims = { roles: ['ops', 'admin'] }
  await gates.pass(lifeMs)
  expect((await ask(0)).headers['x-roles']).toBe('ops')
  expect((await ask(1)).headers['x-roles']).toBe('ops')
  gates.provider.claims = { roles: [] }
  await gates.pass(lifeMs)
  expect((await ask(1)).headers['x-roles']).toBe('')
  expect((await ask(0)).headers['x-roles']).toBe('')
  expect(grants()).toBe(2)
})

test('scenarios R29, X09: who is taken off the list ends at the next refresh; a reload on one replica touches nobody else', async () => {
  const other = await gates.signIn(`kept-${round}`)
  const [a, b] = [gates.at(0), gates.at(1)]
  const ended = await gates.signIn(`ended-${round}`)
  expect((await b.curfew.api.logout(ended.cookie)).status).toBe(200)
  const config = parse(readFileSync(a.curfew.configFile, 'utf8')) as JsonObject
  const [idp] = config['identityProviders'] as JsonObject[]
  const allow = { users: [`main:${other.subject}`] }
  a.curfew.reload(merge(config, { identityProviders: [merge(known(idp), { allow })] }))
  const read = () =>
    a.curfew.log().includes('the configuration was read again') ? true : undefined
  await eventually(read, { what: 'the reload' })
  for (const replica of gates.all) {
    expect((await replica.ask(person)).status).toBe(200)
    expect((await replica.ask(other)).status).toBe(200)
    expect((await replica.ask(ended)).status).toBe(401)
  }
  await gates.pass(lifeMs)
  const refused = await a.ask(person)
  expect(refused.status).toBe(401)
  expect(JSON.parse(refused.body)).toMatchObject({ revoked_reason: 'idp_refused' })
  expect((await b.ask(person)).status).toBe(401)
  for (const replica of gates.all) {
    expect((await replica.ask(other)).status).toBe(200)
    expect((await replica.ask(ended)).status).toBe(401)
  }
  a.curfew.reload(config)
})
