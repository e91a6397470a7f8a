import { describe, expect, test } from 'vitest'
import { reason } from '#domain'
import { Browser, comeBack, goToProvider, openStage, started } from './stage.ts'

async function ready(changes: Parameters<typeof openStage>[1] = {}) {
  const stage = await openStage(undefined, changes)
  return { stage, replica: await stage.replica() }
}

async function attempt(changes: Parameters<typeof openStage>[1] = {}) {
  const { stage, replica } = await ready(changes)
  const way = await goToProvider(stage, replica, new Browser(), '/page?a=1')
  return { stage, replica, ...way }
}

describe('the way there', () => {
  test('the redirect carries state, nonce and an S256 challenge, new ones each time, and nothing secret', async () => {
    const { stage, replica, url, browser } = await attempt()
    const first = new URL(url).searchParams
    const again = new URL((await goToProvider(stage, replica, browser)).url).searchParams
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(first.get(name)?.length).toBeGreaterThan(20)
      expect(again.get(name)).not.toBe(first.get(name))
    }
    expect(first.get('code_challenge_method')).toBe('S256')
    expect(first.get('redirect_uri')).toBe('https://auth.example.com/oidc/callback')
    expect(url).not.toContain('page')
    expect(url).not.toContain(encodeURIComponent(stage.provider.clientSecret))
  })

  test('the flow cookie is for the callback alone, and says nothing to whoever reads it', async () => {
    const { stage, replica } = await ready()
    const fence = await replica.store.fence()
    const asked = { providerId: 'main', returnTo: '/secret-place', fence, jar: () => undefined }
    const begun = await replica.flow.begin(asked)
    expect(begun.cookies.map(({ path }) => path)).toEqual(['/oidc/callback', '/login'])
    expect(begun.cookies.every(({ secure, name }) => secure && name.startsWith('__Secure-'))).toBe(
      true,
    )
    for (const { value } of begun.cookies) {
      expect(Buffer.from(value, 'base64url').toString()).not.toContain('secret-place')
    }
    expect(stage.provider.counts.code).toBe(0)
  })

  test('of six attempts in one browser the oldest is forgotten, the other five finish', async () => {
    const { stage, replica } = await ready()
    const browser = new Browser()
    const ways: Awaited<ReturnType<typeof goToProvider>>[] = []
    for (let tab = 0; tab < 6; tab++) {
      ways.push(await goToProvider(stage, replica, browser, `/tab-${tab}`))
      stage.advance(1000)
    }
    const answers: string[] = []
    for (const { callback } of ways) {
      const returned = await comeBack(replica, browser, callback)
      answers.push(returned.kind === 'signed-in' ? returned.returnTo : returned.code)
    }
    expect(answers).toEqual(['flow_missing', '/tab-1', '/tab-2', '/tab-3', '/tab-4', '/tab-5'])
  })

  test('a provider that is down at the start heals without a restart, and is not asked at every request', async () => {
    const { stage, replica } = await ready()
    await stage.provider.close()
    const asked = { providerId: 'main', returnTo: '/', fence: 0, jar: () => undefined }
    expect(await replica.flow.begin(asked)).toMatchObject({ code: 'provider_unavailable' })
    await stage.provider.listen()
    expect(await replica.flow.begin(asked)).toMatchObject({ code: 'provider_unavailable' })
    expect(stage.provider.counts.discovery).toBe(0)
    stage.advance(1000)
    expect((await replica.flow.begin(asked)).kind).toBe('redirect')
  })

  test('many requests at once are one discovery', async () => {
    const { stage, replica } = await ready()
    const asked = { providerId: 'main', returnTo: '/', fence: 0, jar: () => undefined }
    await Promise.all(Array.from({ length: 20 }, () => replica.flow.begin(asked)))
    expect(stage.provider.counts.discovery).toBe(1)
  })

  test('a browser that keeps coming back from the same target is told of the loop', async () => {
    const { stage, replica } = await ready()
    const browser = new Browser()
    for (let round = 0; round < 4; round++) {
      const { callback } = await goToProvider(stage, replica, browser, '/page')
      expect((await comeBack(replica, browser, callback)).kind).toBe('signed-in')
    }
    const ask = (returnTo: string) =>
      replica.flow.begin({ providerId: 'main', returnTo, fence: 0, jar: browser.jar })
    expect((await ask('/another')).kind).toBe('redirect')
    const told = await ask('/page')
    expect(told).toMatchObject({ kind: 'failed', code: 'loop', returnTo: '/page' })
    browser.take(told.cookies)
    expect((await ask('/page')).kind).toBe('redirect')
  })

  test('somebody who signs in again and again is in no loop', async () => {
    const { stage, replica } = await ready()
    const browser = new Browser()
    for (let round = 0; round < 6; round++) {
      const { callback } = await goToProvider(stage, replica, browser, '/page')
      expect((await comeBack(replica, browser, callback)).kind).toBe('signed-in')
      stage.advance(10_000)
    }
    for (let round = 0; round < 4; round++) {
      const { callback } = await goToProvider(stage, replica, browser, '/page')
      await comeBack(replica, browser, callback)
    }
    const asked = { providerId: 'main', returnTo: '/page', fence: 0, jar: browser.jar }
    expect((await replica.flow.begin({ ...asked, prompt: 'login' })).kind).toBe('redirect')
    expect(await replica.flow.begin(asked)).toMatchObject({ code: 'loop' })
  })
})

describe('the way back', () => {
  test('a good callback is an identity, with the target and the fence of its beginning', async () => {
    const { stage, replica, callback, browser } = await attempt()
    stage.provider.claims = {
      roles: ['pilot', 'issuer'],
      email: 'Alice@example.com',
      email_verified: true,
      acr: 'gold',
      amr: ['pwd'],
      auth_time: Math.floor(Date.now() / 1000) - 60,
    }
    const returned = await comeBack(replica, browser, callback)
    if (returned.kind !== 'signed-in') throw new Error(returned.code)
    expect(returned).toMatchObject({ returnTo: '/page?a=1', fence: 0 })
    expect(returned.identity).toMatchObject({
      providerId: 'main',
      issuer: stage.provider.issuer,
      subject: 'alice',
      providerSid: 'op-session-1',
      uid: 'main:alice',
      roles: ['pilot'],
      acr: 'gold',
      amr: ['pwd'],
    })
    expect(returned.identity.claims).toMatchObject({
      email: 'Alice@example.com',
      email_verified: true,
    })
    expect(Object.keys(returned.identity.claims)).not.toContain('nonce')
    expect(JSON.stringify(returned)).not.toContain('eyJ')
  })

  test('rule 27 return: a callback without its sealed flow cookie is refused, and its code is not redeemed', async () => {
    const { stage, replica, callback } = await attempt()
    expect(await comeBack(replica, new Browser(), callback)).toMatchObject({ code: 'flow_missing' })
    expect(stage.provider.counts.code).toBe(0)
  })

  test('a state that differs in one character is refused before the code is redeemed', async () => {
    const { stage, replica, callback, browser } = await attempt()
    const state = callback.searchParams.get('state') ?? ''
    callback.searchParams.set('state', `${state.slice(0, -1)}${state.endsWith('A') ? 'B' : 'A'}`)
    expect(await comeBack(replica, browser, callback)).toMatchObject({ code: 'flow_missing' })
    expect(stage.provider.counts.code).toBe(0)
  })

  test('a cookie of one attempt is no good under the name of another, nor with a changed byte', async () => {
    const { stage, replica, callback, browser } = await attempt()
    const other = await goToProvider(stage, replica, new Browser())
    const [name = ''] = [...browser.cookies.keys()].filter((one) => one.includes('flow-'))
    const [foreign = ''] = [...other.browser.cookies]
      .filter(([one]) => one.includes('flow-'))
      .map(([, value]) => value)
    browser.cookies.set(name, foreign)
    expect(await comeBack(replica, browser, callback)).toMatchObject({ code: 'flow_missing' })
  })

  test('the same callback again is refused, also at the same moment with the same cookie', async () => {
    const { stage, replica, callback, browser } = await attempt()
    const kept = new Map(browser.cookies)
    const jar = (name: string) => kept.get(name)
    const query = callback.search
    const answers = await Promise.all([1, 2, 3].map(() => replica.flow.finish({ query, jar })))
    const kinds = answers.map((one) => (one.kind === 'failed' ? one.code : one.kind))
    expect(kinds.toSorted()).toEqual(['flow_used', 'flow_used', 'signed-in'])
    expect(stage.provider.counts.code).toBe(1)
  })

  test('an attempt that took too long has to begin again, and says where it wanted to go', async () => {
    const { stage, replica, callback, browser } = await attempt()
    stage.advance(3_600_000)
    const answer = { code: 'flow_expired', returnTo: '/page?a=1', retry: true }
    expect(await comeBack(replica, browser, callback)).toMatchObject(answer)
  })

  test('an error of the provider is told as one, after the state was checked', async () => {
    const { replica, callback, browser } = await attempt()
    callback.searchParams.delete('code')
    callback.searchParams.set('error', 'access_denied')
    expect(await comeBack(replica, browser, callback)).toMatchObject({ code: 'access_denied' })
  })

  test('an answer of another issuer is refused (RFC 9207)', async () => {
    const { stage, replica, callback, browser } = await attempt()
    callback.searchParams.set('iss', 'https://mallory.example.com')
    expect(await comeBack(replica, browser, callback)).toMatchObject({ code: 'identity_invalid' })
    expect(stage.provider.counts.code).toBe(0)
  })

  for (const [what, idToken] of [
    ['another nonce', { nonce: 'other' }],
    ['another audience', { aud: 'somebody' }],
    ['another issuer', { iss: 'https://mallory.example.com' }],
    ['an end in the past', { exp: 1 }],
    ['a beginning in the future', { iat: Math.floor(Date.now() / 1000) + 600 }],
    ['several audiences and another azp', { aud: ['curfew', 'x'], azp: 'x' }],
  ] as const) {
    test(`an ID token with ${what} signs nobody in`, async () => {
      const { stage, replica, callback, browser } = await attempt()
      stage.provider.idToken = idToken
      expect(await comeBack(replica, browser, callback)).toMatchObject({ code: 'identity_invalid' })
    })
  }

  for (const [what, mishap, code] of [
    ['503', { status: 503 }, 'provider_unavailable'],
    ['a reset', 'reset', 'provider_unavailable'],
    ['invalid_grant', { status: 400, error: 'invalid_grant' }, 'code_refused'],
    ['invalid_client', { status: 401, error: 'invalid_client' }, 'client_refused'],
  ] as const) {
    test(`${what} at the token endpoint is ${code}`, async () => {
      const { stage, replica, callback, browser } = await attempt()
      stage.provider.codeScript = [mishap]
      expect(await comeBack(replica, browser, callback)).toMatchObject({ kind: 'failed', code })
    })
  }
})

describe('who it is', () => {
  test('userinfo fills gaps and overrides nothing; one that is down signs in without it', async () => {
    const { stage, replica, callback, browser } = await attempt({
      claimsFrom: ['id_token', 'userinfo'],
    })
    stage.provider.claims = { name: 'of the ID token' }
    stage.provider.userinfo = { name: 'of userinfo', roles: ['ops'], iss: 'x' }
    const first = await comeBack(replica, browser, callback)
    expect(first).toMatchObject({
      identity: {
        roles: ['ops'],
        claims: { name: 'of the ID token' },
        issuer: stage.provider.issuer,
      },
    })
    stage.provider.userinfoStatus = 500
    const again = await goToProvider(stage, replica, browser)
    const second = await comeBack(replica, browser, again.callback)
    expect(second).toMatchObject({ kind: 'signed-in', identity: { roles: [] } })
  })

  test('userinfo of another subject is refused', async () => {
    const { stage, replica, callback, browser } = await attempt({
      claimsFrom: ['id_token', 'userinfo'],
    })
    stage.provider.userinfo = { sub: 'mallory' }
    expect(await comeBack(replica, browser, callback)).toMatchObject({ code: 'subject_mismatch' })
  })

  test('an e-mail address that nobody vouches for names nobody, and lets nobody in', async () => {
    const uid = '{{ email }}'
    const { stage, replica, callback, browser } = await attempt({ uid })
    stage.provider.claims = { email: 'alice@example.com', email_verified: false }
    expect(await comeBack(replica, browser, callback)).toMatchObject({ code: 'claims_incomplete' })
    const trusting = await stage.replica({ trustEmail: true, uid })
    const next = await goToProvider(stage, trusting, browser)
    const answer = await comeBack(trusting, browser, next.callback)
    expect(answer).toMatchObject({ identity: { uid: 'alice@example.com' } })
  })

  test('who is not on the list is told so, with no session', async () => {
    const allow = { domains: ['example.com'], users: [], roles: ['ops'], claims: { tenant: ['x'] } }
    const { stage, replica, callback, browser } = await attempt({ allow })
    const mail = { email: 'a@example.com', email_verified: true }
    stage.provider.claims = { ...mail, tenant: 'x' }
    expect(await comeBack(replica, browser, callback)).toMatchObject({ code: 'not_allowed' })
    stage.provider.claims = { ...mail, tenant: 'x', roles: ['ops'] }
    const next = await goToProvider(stage, replica, browser)
    expect((await comeBack(replica, browser, next.callback)).kind).toBe('signed-in')
  })
})

describe('the session', () => {
  test('rule 27 return: a sign-in makes a new sid and ends the session that this browser had', async () => {
    const { stage, replica, callback, browser } = await attempt()
    const first = await started(replica, await comeBack(replica, browser, callback))
    if (first.kind !== 'signed-in') throw new Error(first.kind)
    const next = await goToProvider(stage, replica, browser)
    const previous = first.session.origin.sid
    const second = await started(replica, await comeBack(replica, browser, next.callback), {
      previous: [previous],
    })
    if (second.kind !== 'signed-in') throw new Error(second.kind)
    expect(second.session.origin.sid).not.toBe(previous)
    expect(second.session).toMatchObject({ rotation: null, provider: { tokensVersion: 1 } })
    const row = await replica.store.read(previous)
    expect(row?.session).toMatchObject({ kind: 'ended', end: { reason: 'superseded' } })
    expect(replica.denied.has(previous)).toBe(true)
  })

  test('rule 1 fence: a sign-in that began before its user was signed out everywhere starts nothing', async () => {
    const { replica, callback, browser } = await attempt()
    const returned = await comeBack(replica, browser, callback)
    if (returned.kind !== 'signed-in') throw new Error(returned.code)
    const everywhere = { by: null, except: null, requireLive: null, disable: false }
    const { uid } = returned.identity
    await replica.store.endUser({ uid, reason: reason('userLogoutAll'), ...everywhere })
    expect(await started(replica, returned)).toEqual({ kind: 'fence-moved' })
  })

  test('the row holds nothing of the provider that could be presented', async () => {
    const { replica, callback, browser } = await attempt()
    const returned = await comeBack(replica, browser, callback)
    if (returned.kind !== 'signed-in') throw new Error(returned.code)
    const answer = await started(replica, returned)
    if (answer.kind !== 'signed-in') throw new Error(answer.kind)
    const row = JSON.stringify((await replica.store.read(answer.session.origin.sid))?.session)
    const { accessToken, idToken, refreshToken } = returned.identity.tokens
    for (const token of [accessToken, idToken, refreshToken]) {
      expect(row).not.toContain(token?.reveal())
    }
  })
})
