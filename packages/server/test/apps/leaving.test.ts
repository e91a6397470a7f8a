/* `/signout` as the `end_session_endpoint` of clients (OpenID Connect RP-Initiated Logout 1.0). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Gate } from '#test/gateway/gate.ts'
import { titleOf } from '#test/gateway/steps.ts'
import type { HeaderPairs } from '#test/gateway/wire.ts'
import { clients } from '#test/harness/index.ts'
import { at, coded, destinationOf, openApps, redeem } from './apps.ts'

let gate: Gate
beforeAll(async () => {
  gate = await openApps()
  // Without one the way ends here, which is what these tests look at.
  gate.provider.metadata = { end_session_endpoint: undefined }
})
afterAll(() => gate?.close())

const fromElsewhere: HeaderPairs = [['Sec-Fetch-Site', 'cross-site']]

async function signedIn(changes: Readonly<Record<string, string>> = {}) {
  const { body } = await redeem(gate.curfew, await coded(gate, changes))
  const text = (name: string) => String(body[name])
  return { sid: text('sid'), idToken: text('id_token'), accessToken: text('access_token') }
}

function leave(parameters: Readonly<Record<string, string>>, visitor = gate.visitor()) {
  const query = new URLSearchParams(parameters)
  const address = `${gate.curfew.issuer}/signout?${query}`
  return visitor.open(address, { headers: fromElsewhere })
}

test('rule 29 CSRF: the ID token proves whose session is meant; it ends at once, and the gateway keeps its own', async () => {
  const visitor = gate.visitor()
  expect((await visitor.browse('http://127.0.0.1:8000/')).status).toBe(200)
  const { idToken, accessToken, sid } = await signedIn()
  const asked = { id_token_hint: idToken, post_logout_redirect_uri: at.out, state: 'a b' }
  const reply = await leave(asked, visitor)
  expect([reply.status, reply.headers['location']]).toEqual([302, `${at.out}?state=a+b`])
  expect(reply.setCookies).toEqual([])
  expect(await gate.curfew.api.works(accessToken)).toBe(false)
  const session = await gate.curfew.api.session(sid)
  expect(session['revoked_reason']).toBe('user_logout')
  expect((await visitor.open('http://127.0.0.1:8000/')).status).toBe(200)
  // The same again, of a session that has ended, and long after the ID token has.
  await gate.curfew.advanceClock(3_600_000)
  expect((await leave(asked)).headers['location']).toBe(`${at.out}?state=a+b`)
})

test('a form of the client does the same', async () => {
  const { idToken, accessToken } = await signedIn()
  const form = { id_token_hint: idToken, post_logout_redirect_uri: at.out }
  const reply = await gate.visitor().open(`${gate.curfew.issuer}/signout`, {
    method: 'POST',
    headers: [...fromElsewhere, ['Content-Type', 'application/x-www-form-urlencoded']],
    body: new URLSearchParams(form).toString(),
  })
  expect([reply.status, reply.headers['location']]).toEqual([303, at.out])
  expect(await gate.curfew.api.works(accessToken)).toBe(false)
})

test('rule 33 codes: a click comes before an address that is not https here too', async () => {
  const { idToken } = await signedIn()
  const there = 'com.example.app:/bye'
  const reply = await leave({ id_token_hint: idToken, post_logout_redirect_uri: there })
  expect([reply.status, titleOf(reply)]).toEqual([200, 'You are signed out'])
  expect(destinationOf(reply).href).toBe(there)
})

describe('rule 29 CSRF: without a good ID token the person is asked', () => {
  test.each([
    ['none', ''],
    ['garbage', 'eyJ.e30.x'],
    ['an access token', 'access'],
    ['one with another signature', 'forged'],
  ])('%s', async (_what, hint) => {
    const { idToken, accessToken } = await signedIn()
    const visitor = gate.visitor()
    await visitor.browse('http://127.0.0.1:8000/')
    const forged = `${idToken.slice(0, -6)}AAAAAA`
    const id_token_hint = { access: accessToken, forged }[hint] ?? hint
    const asked = { client_id: clients.webapp.id, post_logout_redirect_uri: at.out, state: 's' }
    const reply = await leave({ ...asked, ...(hint === '' ? {} : { id_token_hint }) }, visitor)
    expect([reply.status, titleOf(reply)]).toEqual([200, 'Sign out?'])
    expect(await gate.curfew.api.works(accessToken)).toBe(true)
    expect((await visitor.open('http://127.0.0.1:8000/')).status).toBe(200)
    const confirmed = await visitor.open(`${gate.curfew.issuer}/signout`, {
      method: 'POST',
      headers: [
        ['Origin', gate.curfew.issuer],
        ['Content-Type', 'application/x-www-form-urlencoded'],
      ],
      body: new URLSearchParams(asked).toString(),
    })
    expect(confirmed.headers['location']).toBe(`${at.out}?state=s`)
    expect((await visitor.open('http://127.0.0.1:8000/')).status).toBe(302)
  })

  test('in the language that the client asked for, to the end', async () => {
    const visitor = gate.visitor()
    await visitor.browse('http://127.0.0.1:8000/')
    const asked = await leave({ ui_locales: 'de-CH' }, visitor)
    expect(titleOf(asked)).toBe('Abmelden?')
    expect(asked.body).toContain('name="ui_locales" value="de-CH"')
    const confirmed = await visitor.open(`${gate.curfew.issuer}/signout`, {
      method: 'POST',
      headers: [
        ['Origin', gate.curfew.issuer],
        ['Content-Type', 'application/x-www-form-urlencoded'],
      ],
      body: 'ui_locales=de-CH',
    })
    const page = await visitor.open(confirmed.headers['location'] ?? '')
    expect(titleOf(page)).toBe('Sie sind abgemeldet')
  })

  test('nor does a browser without a session, whose application would take it for done', async () => {
    const { accessToken } = await signedIn()
    const asked = { client_id: clients.webapp.id, post_logout_redirect_uri: at.out }
    const reply = await leave({ ...asked, id_token_hint: 'garbage' }, gate.visitor())
    expect(reply.status).toBe(400)
    expect(reply.body).toContain('You have not been signed out.')
    expect(await gate.curfew.api.works(accessToken)).toBe(true)
  })

  test('nor does a picture with a good one end anything', async () => {
    const { idToken, accessToken } = await signedIn()
    const reply = await gate
      .visitor()
      .send(`${gate.curfew.issuer}/signout?id_token_hint=${idToken}`, {
        headers: [
          ['Sec-Fetch-Mode', 'no-cors'],
          ['Sec-Fetch-Dest', 'image'],
        ],
      })
    expect(reply.headers['location']).toBeUndefined()
    expect(await gate.curfew.api.works(accessToken)).toBe(true)
  })
})

describe('an address that is not registered ends nothing and is not opened', () => {
  test.each([
    ['of nobody', { post_logout_redirect_uri: 'https://evil.example/' }],
    ['almost ours', { post_logout_redirect_uri: `${at.out}/` }],
    ['a redirect URI', { post_logout_redirect_uri: at.web }],
    ['of a client that is not the one', { client_id: 'mobile', post_logout_redirect_uri: at.out }],
  ])('%s', async (_what, parameters) => {
    const { idToken, accessToken } = await signedIn()
    const reply = await leave({ id_token_hint: idToken, ...parameters })
    expect([reply.status, reply.headers['location']]).toEqual([400, undefined])
    expect(await gate.curfew.api.works(accessToken)).toBe(true)
  })

  test('nor is one without a client', async () => {
    expect((await leave({ post_logout_redirect_uri: at.out })).status).toBe(400)
  })
})
