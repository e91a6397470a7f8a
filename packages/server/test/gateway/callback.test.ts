/* From the provider back to the page: scenarios C, and what a person is told where it goes wrong. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { app, elsewhere, type Gate, openGate, providerConfig } from './gate.ts'
import {
  cookieOf,
  home,
  inside,
  linkIn,
  outside,
  sessionsOf,
  signedIn,
  standing,
  toProvider,
} from './steps.ts'
import type { Visitor } from './visitor.ts'
import type { Reply } from './wire.ts'

let gate: Gate
beforeAll(async () => {
  gate = await openGate()
})
afterAll(() => gate?.close())

/** A browser that is about to come back, and where it was sent. */
async function ready(): Promise<{ visitor: Visitor; callback: URL }> {
  const visitor = gate.visitor()
  return { visitor, callback: new URL(await visitor.begin(home)) }
}

/** The code is not redeemed, and nobody is signed in. */
async function refused(visitor: Visitor, callback: string): Promise<Reply> {
  const codes = gate.provider.counts.code
  const reply = await visitor.open(callback)
  expect(gate.provider.counts.code).toBe(codes)
  expect(await standing(visitor)).toEqual(outside)
  return reply
}

describe('where it leads', () => {
  test.each([
    '/a%20b?x=1&y=%2F&z=a+b%3D',
    '/%E4%BD%A0/?q=%E5%A5%BD&q=%26',
    "/~user/!$&'()*,:@?a=/?b",
  ])('scenario C01: back to %s, byte for byte', async (target) => {
    const visitor = gate.visitor()
    const callback = await visitor.begin(app + target)
    expect((await visitor.open(callback)).headers['location']).toBe(app + target)
  })

  test('scenario C02: a path that begins like another host stays on its own', async () => {
    const visitor = gate.visitor()
    const callback = await visitor.begin(`${elsewhere}//evil.example/x`)
    const handedOn = (await visitor.open(callback)).headers['location'] ?? ''
    expect(new URL(handedOn).origin).toBe(elsewhere)
    const location = (await visitor.open(handedOn)).headers['location'] ?? ''
    expect(location).toBe(`${elsewhere}//evil.example/x`)
  })

  test.each(['//evil.example/x', '/\\evil.example', 'https://evil.example/', '\t//evil.example'])(
    'rule 27 return: scenario C02: %j is nowhere to return to',
    async (target) => {
      const login = `${gate.curfew.issuer}/login?return_to=${encodeURIComponent(target)}`
      const reply = await gate.visitor().open(login)
      expect(reply.status).toBe(400)
      expect(reply.headers['location']).toBeUndefined()
    },
  )

  test('scenario C15: a sign-in that was to return to the callback goes no rounds', async () => {
    const visitor = gate.visitor()
    const login = `${gate.curfew.issuer}/login?return_to=${encodeURIComponent('/oidc/callback')}`
    const reply = await visitor.browse(login)
    expect(reply.status).toBe(400)
    expect(visitor.trail.length).toBeLessThan(5)
    expect(await standing(visitor)).toEqual(inside)
  })
})

describe('what is refused', () => {
  test('scenario C03: no state', async () => {
    const { visitor, callback } = await ready()
    callback.searchParams.delete('state')
    expect((await refused(visitor, callback.href)).status).toBe(400)
  })

  test.each(['', 'x', 'undefined', '../flows', 'A'.repeat(5000)])(
    'scenario C04: the state %j, which nobody gave',
    async (state) => {
      const { visitor, callback } = await ready()
      callback.searchParams.set('state', state)
      expect((await refused(visitor, callback.href)).status).toBe(400)
    },
  )

  test('scenario C04: two states', async () => {
    const { visitor, callback } = await ready()
    callback.searchParams.append('state', 'x')
    expect((await refused(visitor, callback.href)).status).toBe(400)
  })

  test('rule 27 return: scenario C06: the callback of somebody else’s browser', async () => {
    const { callback } = await ready()
    expect((await refused(gate.visitor(), callback.href)).status).toBe(400)
    // Nor where the victim has a sign-in of its own under way.
    const { visitor: victim } = await ready()
    expect((await refused(victim, callback.href)).status).toBe(400)
  })

  test('scenario C07: what the provider says is text, and no markup', async () => {
    const { visitor, callback } = await ready()
    callback.searchParams.delete('code')
    callback.searchParams.set('error', 'access_denied"><img src=x>')
    callback.searchParams.set('error_description', '<script>alert(1)</script>')
    const reply = await refused(visitor, callback.href)
    expect(reply.status).toBeGreaterThanOrEqual(400)
    expect(reply.headers['content-type']).toContain('text/html')
    expect(reply.headers['content-security-policy']).toMatch(/default-src 'none'/)
    expect(reply.body).not.toMatch(/<script|<img|alert\(1\)/)
  })

  test('a person who declines is told so, and may try again', async () => {
    const { visitor, callback } = await ready()
    callback.searchParams.delete('code')
    callback.searchParams.set('error', 'access_denied')
    const reply = await refused(visitor, callback.href)
    expect(reply.status).toBe(400)
    expect(reply.body).toContain('/login?return_to=')
  })

  test('scenario C08: no code', async () => {
    const { visitor, callback } = await ready()
    callback.searchParams.delete('code')
    expect((await refused(visitor, callback.href)).status).toBe(400)
  })

  test('scenario M07: a subject that holds controls, whatever the provider vouches for', async () => {
    for (const subject of ['a\u0000b', 'a\nb', 'a\u202eb']) {
      gate.provider.subject = subject
      const { visitor, callback } = await ready()
      gate.provider.subject = 'alice'
      const reply = await visitor.open(callback.href)
      expect(reply.status).toBe(403)
      expect(await standing(visitor)).toEqual(outside)
    }
  })
})

describe('again', () => {
  test('scenario C05: the second time it redeems nothing, and the session is the same', async () => {
    const { visitor, callback } = await ready()
    await visitor.open(callback.href)
    const cookie = cookieOf(visitor)
    const codes = gate.provider.counts.code
    const again = await visitor.open(callback.href)
    expect(gate.provider.counts.code).toBe(codes)
    expect(again.setCookies.filter((line) => line.startsWith('curfew='))).toEqual([])
    expect(cookieOf(visitor)).toBe(cookie)
    expect(await standing(visitor)).toEqual(inside)
  })

  test('rule 27 return: scenario C14: a sign-in makes a new session and ends the one that the browser had', async () => {
    const visitor = await signedIn(gate)
    const before = cookieOf(visitor)
    await visitor.open((await toCallback(visitor)).href)
    expect(cookieOf(visitor)).not.toBe(before)
    expect(await standing(visitor)).toEqual(inside)
    const thief = gate.visitor()
    thief.jar.set(new URL(home), 'curfew', before)
    expect(await standing(thief)).toEqual(outside)
    const [now, old] = await sessionsOf(gate)
    expect(now).toMatchObject({ revoked_at: null })
    expect(old).toMatchObject({ revoked_reason: 'superseded' })
    expect(now?.['sid']).not.toBe(old?.['sid'])
  })

  test('rule 27 return: scenario C14: a session that was planted in the browser is not the one that signs in', async () => {
    const attacker = await signedIn(gate)
    const planted = cookieOf(attacker)
    const victim = gate.visitor()
    victim.jar.set(new URL(home), 'curfew', planted)
    gate.provider.subject = 'victim'
    await victim.open((await toCallback(victim)).href)
    gate.provider.subject = 'alice'
    expect(cookieOf(victim)).not.toBe(planted)
    const reply = await victim.open(home)
    expect(reply.headers['x-auth-request-user']).toBe('main:victim')
  })

  test('scenario C17: large tokens in the session do not hinder the next sign-in', async () => {
    gate.provider.claims = {
      groups: Array.from({ length: 2000 }, (_, at) => `group-${at}-of-many`),
    }
    const visitor = await signedIn(gate)
    await visitor.open((await toCallback(visitor)).href)
    gate.provider.claims = {}
    expect(await standing(visitor)).toEqual(inside)
  })

  /** The sign-in of a browser that is signed in. */
  async function toCallback(visitor: Visitor): Promise<URL> {
    const login = `${gate.curfew.issuer}/login?return_to=${encodeURIComponent(home)}`
    const { headers } = await visitor.open(login)
    return gate.provider.authorize(headers['location'] ?? '')
  }
})

describe('the token endpoint', () => {
  test.each([
    ['answers 400', { status: 400, error: 'invalid_grant' }, 400],
    ['answers 500', { status: 500 }, 503],
    ['breaks off', 'reset', 503],
    ['sends a page', 'page', 502],
  ] as const)(
    'scenario C09: it %s: an error with a way to try again',
    async (_, mishap, status) => {
      const { visitor, callback } = await ready()
      gate.provider.codeScript = [mishap]
      const reply = await visitor.open(callback.href)
      gate.provider.release()
      expect(reply.status).toBe(status)
      expect(reply.headers['content-type']).toContain('text/html')
      expect(reply.body).toContain('/login?return_to=')
      expect(await standing(visitor)).toEqual(outside)
      expect((await visitor.browse(home)).status).toBe(200)
    },
  )
})

describe('who may come in', () => {
  const restricted = { hosts: ['few.test'], idp: 'few' }
  let few: Gate
  beforeAll(async () => {
    const { provider } = gate
    const allow = { users: ['few:bob'] }
    const identityProviders = [{ ...providerConfig(provider), id: 'few', allow, timeout: '1s' }]
    few = await openGate({
      provider,
      config: { identityProviders, gateway: { rules: [restricted] } },
    })
  })
  afterAll(() => few?.close())

  test('scenario C13: who is not on the list gets 403, no session, and the way to another account', async () => {
    const visitor = few.visitor()
    const url = await toProvider(visitor, 'http://few.test/')
    const reply = await visitor.open(few.provider.authorize(url.href).href)
    expect(reply.status).toBe(403)
    expect(cookieOf(visitor, few.curfew.issuer)).toBe('')
    expect(await sessionsOf(few, 'few:alice')).toEqual([])
    const asked = await visitor.open(linkIn(reply, 'prompt=login'))
    expect(new URL(asked.headers['location'] ?? '').searchParams.get('prompt')).toBe('login')
  })

  test('scenario C09: a token endpoint that is silent: an error in bounded time, and no session', async () => {
    const visitor = few.visitor()
    const url = await toProvider(visitor, 'http://few.test/')
    few.provider.codeScript = ['hang-after-rotation']
    const reply = await visitor.open(few.provider.authorize(url.href).href)
    few.provider.release()
    expect(reply.status).toBe(503)
    expect(linkIn(reply, '/login?')).toContain(encodeURIComponent('http://few.test/'))
    expect(cookieOf(visitor, few.curfew.issuer)).toBe('')
  })
})

test('scenario C16: whoever takes too long is sent to sign in afresh', async () => {
  const { visitor, callback } = await ready()
  await gate.curfew.advanceClock(3_601_000)
  const codes = gate.provider.counts.code
  const reply = await visitor.open(callback.href)
  expect(gate.provider.counts.code).toBe(codes)
  expect(reply.status).toBe(302)
  expect(reply.headers['location']).toContain(`${gate.curfew.issuer}/login?`)
  expect((await visitor.browse(reply.headers['location'] ?? '')).status).toBe(200)
})
