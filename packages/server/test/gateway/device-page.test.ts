/* The page /device in a browser: rules 15, 27, 29 and 31, and the cookie of Curfew's own pages. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asText, type JsonObject } from '#test/harness/index.ts'
import { defaultConfig } from '../harness/config.ts'
import { type Gate, openGate } from './gate.ts'
import { cookieOf, home, inside, outside, sessionsOf, standing, titleOf } from './steps.ts'
import type { Visitor } from './visitor.ts'
import type { HeaderPairs, Reply } from './wire.ts'

const grantType = 'urn:ietf:params:oauth:grant-type:device_code'
let gate: Gate

beforeAll(async () => {
  const tv = { id: 'tv', grants: ['device_code', 'refresh_token'] }
  const others = defaultConfig()['clients'] as JsonObject[]
  gate = await openGate({ config: { clients: [...others, tv] } })
})
afterAll(() => gate?.close())

async function shown() {
  const form = { client_id: 'tv' }
  const headers = { 'user-agent': 'Living <room> TV' }
  const { body } = await gate.curfew.api.post('/oauth/device_authorization', { form, headers })
  const code = asText(body['user_code'])
  return { code, link: asText(body['verification_uri_complete']), deviceCode: body['device_code'] }
}

async function poll(deviceCode: unknown): Promise<string> {
  const form = { grant_type: grantType, client_id: 'tv', device_code: String(deviceCode) }
  const { status, body } = await gate.curfew.api.post('/oauth/token', { form })
  return status === 200 ? 'signed in' : String(body['error'])
}

const page = () => `${gate.curfew.issuer}/device`
const own = (): HeaderPairs => [['Origin', gate.curfew.issuer]]

function submit(
  visitor: Visitor,
  form: Record<string, string>,
  headers: HeaderPairs = own(),
): Promise<Reply> {
  const type = [['Content-Type', 'application/x-www-form-urlencoded']] as const
  const body = new URLSearchParams(form).toString()
  return visitor.open(page(), { method: 'POST', body, headers: [...type, ...headers] })
}

async function signedIn(link = page()): Promise<Visitor> {
  const visitor = gate.visitor()
  const reply = await visitor.browse(link)
  expect(titleOf(reply)).toBe('Sign another device in')
  return visitor
}

const pageCookie = (visitor: Visitor) => visitor.jar.value(new URL(page()), 'curfew-page') ?? ''

describe('the way of a code', () => {
  test('a QR code leads through the sign-in to the page, which shows who asks, and signs the screen in', async () => {
    const { code, link, deviceCode } = await shown()
    const visitor = gate.visitor()
    const entered = await visitor.browse(link)
    expect(visitor.trail.some((address) => address.includes('/login?return_to='))).toBe(true)
    expect(entered.body).toContain(`value="${code}"`)
    const asked = await submit(visitor, { user_code: code, step: 'scan' })
    expect(titleOf(asked)).toBe('Sign this device in?')
    expect(asked.body).toContain('<dd><bdi>Living &#60;room&#62; TV</bdi></dd>')
    for (const fact of ['tv', '127.0.0.1', 'just now']) expect(asked.body).toContain(fact)
    expect(asked.headers['content-security-policy']).toContain("default-src 'none'")
    const unticked = await submit(visitor, { user_code: code, step: 'approve' })
    expect([unticked.status, titleOf(unticked)]).toEqual([400, 'Sign this device in?'])
    expect(await poll(deviceCode)).toBe('authorization_pending')
    const done = await submit(visitor, { user_code: code, step: 'approve', same: 'yes' })
    expect([done.status, titleOf(done)]).toEqual([200, 'Approved'])
    expect(await poll(deviceCode)).toBe('signed in')
    const again = await submit(visitor, { user_code: code, step: 'approve', same: 'yes' })
    expect([again.status, titleOf(again)]).toEqual([409, 'This code was used before'])
    const [newest] = await sessionsOf(gate)
    expect(newest).toMatchObject({ client_id: 'tv', uid: 'main:alice' })
  })

  test('a denied one opens nothing', async () => {
    const { code, deviceCode } = await shown()
    const visitor = await signedIn()
    await submit(visitor, { user_code: code.toLowerCase().replace('-', ' ') })
    const done = await submit(visitor, { user_code: code, step: 'deny' })
    expect([done.status, titleOf(done)]).toEqual([200, 'Denied'])
    expect(await poll(deviceCode)).toBe('access_denied')
  })

  test('what is no code, or not known, or somebody else’s, is said so', async () => {
    const { code } = await shown()
    const [visitor, other] = [await signedIn(), await signedIn()]
    const scan = async (who: Visitor, userCode: string) => {
      const { status, body } = await submit(who, { user_code: userCode, step: 'scan' })
      return [status, titleOf({ body })]
    }
    expect(await scan(visitor, '<b>')).toEqual([400, 'Sign another device in'])
    expect(await scan(visitor, 'BCDFG-HJKLM')).toEqual([404, 'Sign another device in'])
    expect(await scan(visitor, code)).toEqual([200, 'Sign this device in?'])
    expect(await scan(other, code)).toEqual([409, 'Somebody else has this code'])
    const form = { user_code: code, step: 'approve', same: 'yes' }
    expect((await submit(other, form)).status).toBe(409)
  })

  test('what ran out over the decision has expired', async () => {
    const { code } = await shown()
    const visitor = await signedIn()
    await submit(visitor, { user_code: code, step: 'scan' })
    await gate.curfew.advanceClock(601_000)
    const done = await submit(visitor, { user_code: code, step: 'approve', same: 'yes' })
    expect([done.status, titleOf(done)]).toEqual([404, 'The code has expired'])
  })
})

describe('rule 29 CSRF', () => {
  test('scenario S74: opening the page, with a code or without, changes nothing', async () => {
    const { code, link, deviceCode } = await shown()
    const visitor = await signedIn(link)
    await visitor.open(`${page()}?user_code=${code}&step=approve&same=yes`)
    const other = await signedIn()
    const asked = await submit(other, { user_code: code, step: 'scan' })
    expect(titleOf(asked)).toBe('Sign this device in?')
    expect(await poll(deviceCode)).toBe('authorization_pending')
  })

  test.each([
    ['nowhere', []],
    ['another site', [['Origin', 'https://evil.example']]],
    ['a sandbox', [['Origin', 'null']]],
    ['another host of the site', [['Sec-Fetch-Site', 'same-site']]],
  ] as const)('scenario S74: a form from %s changes nothing', async (_from, headers) => {
    const { code } = await shown()
    const visitor = await signedIn()
    const reply = await submit(visitor, { user_code: code, step: 'scan' }, headers)
    expect(reply.status).toBe(403)
    const other = await signedIn()
    expect((await submit(other, { user_code: code, step: 'scan' })).status).toBe(200)
  })
})

describe('rule 15 audience: the cookie of Curfew’s own pages', () => {
  test('is host-only, and set where the sign-in was for such a page', async () => {
    const visitor = gate.visitor()
    const { setCookies } = await visitor.open(
      await visitor.begin(`${gate.curfew.issuer}/login?return_to=/device`),
    )
    const line = setCookies.find((one) => one.startsWith('curfew-page=')) ?? ''
    expect(line).toMatch(/^curfew-page=cfp_/)
    const attributes = line.split('; ').slice(1)
    expect(attributes).toEqual(expect.arrayContaining(['Path=/', 'HttpOnly', 'SameSite=Lax']))
    expect(line).not.toContain('Domain')
  })

  test('a sign-in for an application brings none, and the gateway’s cookie opens no page', async () => {
    const visitor = gate.visitor()
    await visitor.browse(home)
    expect(await standing(visitor)).toEqual(inside)
    expect(pageCookie(visitor)).toBe('')
    visitor.jar.set(new URL(page()), 'curfew-page', cookieOf(visitor))
    const reply = await visitor.open(page())
    expect([reply.status, reply.headers['location']]).toEqual([
      302,
      expect.stringContaining('/login?return_to='),
    ])
  })

  test('it is no credential for the API, for forward auth, or for a sign-out by Bearer', async () => {
    const visitor = await signedIn()
    const cookie = pageCookie(visitor)
    const { api } = gate.curfew
    expect((await api.get('/sessions', { as: cookie })).status).toBe(401)
    expect((await api.logout(cookie)).status).toBe(401)
    const json = { user_code: 'BCDFG-HJKLM' }
    expect((await api.post('/device/scan', { as: cookie, json })).status).toBe(401)
    const gateway = gate.visitor()
    gateway.jar.set(new URL(home), 'curfew', cookie)
    expect(await standing(gateway)).toEqual(outside)
  })

  test('rule 27 return: a sign-in for a page ends the session that the browser had', async () => {
    const visitor = await signedIn()
    const before = pageCookie(visitor)
    await visitor.browse(`${gate.curfew.issuer}/login?return_to=/device`)
    expect(pageCookie(visitor)).not.toBe(before)
    const stale = gate.visitor()
    stale.jar.set(new URL(page()), 'curfew-page', before)
    expect((await stale.open(page())).status).toBe(302)
  })

  test('a sign-out ends it and takes it away', async () => {
    const visitor = await signedIn()
    const cookie = pageCookie(visitor)
    await visitor.open(`${gate.curfew.issuer}/signout`, {
      headers: [['Sec-Fetch-Site', 'same-origin']],
    })
    expect(pageCookie(visitor)).toBe('')
    const stale = gate.visitor()
    stale.jar.set(new URL(page()), 'curfew-page', cookie)
    expect((await stale.open(page())).status).toBe(302)
    const { code } = await shown()
    const late = await submit(stale, { user_code: code, step: 'scan' })
    expect([late.status, late.headers['location']]).toEqual([
      303,
      expect.stringContaining(encodeURIComponent(code)),
    ])
  })
})
