/* Signing out: here, at the provider, and never by accident. Scenarios O, rules 15, 27 and 29. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startScriptableProvider } from '#test/oidc/scriptable-provider.ts'
import { app, elsewhere, type Gate, openGate, providerConfig } from './gate.ts'
import { cookieOf, home, inside, outside, sessionsOf, signedIn, standing } from './steps.ts'
import { navigation, type Visitor } from './visitor.ts'
import type { HeaderPairs, Reply } from './wire.ts'

let gate: Gate
beforeAll(async () => {
  gate = await openGate()
})
afterAll(() => gate?.close())
// Every browser has a session of its own at the provider: what one hands back is nobody else's (rule 22).
beforeEach(() => {
  gate.provider.sid = randomUUID()
})

const signout = () => `${gate.curfew.issuer}/signout`
/** What a browser sends when the person opened the address, or a page of ours led there. */
const own = (site: string): HeaderPairs => [...navigation, ['Sec-Fetch-Site', site]]

async function signOut(visitor: Visitor, address = signout()): Promise<Reply> {
  return visitor.send(address, { headers: own('same-origin') })
}

/** A browser that holds what another one held. */
function copyOf(visitor: Visitor): Visitor {
  const copy = gate.visitor()
  copy.jar.set(new URL(home), 'curfew', cookieOf(visitor))
  return copy
}

describe('what it does', () => {
  test('scenarios O01, O06: session, cookie and every copy are dead, the refresh token goes back, the provider is told', async () => {
    const visitor = await signedIn(gate)
    const copy = copyOf(visitor)
    const revoked = gate.provider.revoked.length
    const reply = await signOut(visitor)
    expect(reply.status).toBe(302)
    const { origin, pathname, searchParams } = new URL(reply.headers['location'] ?? '')
    expect(origin + pathname).toBe(`${gate.provider.issuer}/end-session`)
    expect(searchParams.get('post_logout_redirect_uri')).toBe(`${gate.curfew.issuer}/signed-out`)
    const hint = (searchParams.get('id_token_hint') ?? '').split('.')
    expect(JSON.parse(Buffer.from(hint[1] ?? '', 'base64url').toString())).toMatchObject({
      sub: 'alice',
    })
    expect(reply.setCookies).toContainEqual(expect.stringMatching(/^curfew=; Path=\/; Max-Age=0/))
    expect(cookieOf(visitor)).toBe('')
    expect(await standing(copy)).toEqual(outside)
    expect((await sessionsOf(gate))[0]).toMatchObject({ revoked_reason: 'user_logout' })
    await expect.poll(() => gate.provider.revoked.length).toBe(revoked + 1)
  })

  test('scenario O10: signing in again works the first time', async () => {
    const visitor = await signedIn(gate)
    await signOut(visitor)
    expect(await standing(visitor)).toEqual(outside)
    expect((await visitor.browse(home)).status).toBe(200)
  })

  test('scenarios O03, O04: the provider is down: signed out here all the same, what failed is counted and made up for', async () => {
    const visitor = await signedIn(gate)
    const copy = copyOf(visitor)
    await gate.provider.close()
    expect((await signOut(visitor)).status).toBe(302)
    expect(await standing(copy)).toEqual(outside)
    await expect.poll(failedRevocations).toBeGreaterThan(0)
    const revoked = gate.provider.revoked.length
    await gate.provider.listen()
    await expect.poll(() => gate.provider.revoked.length, { timeout: 20_000 }).toBe(revoked + 1)
  })

  async function failedRevocations(): Promise<number> {
    const { text } = await gate.curfew.api.get('/metrics')
    const line = /^curfew_provider_revocation_total\{result="failed"\} (\d+)/m
    return Number(line.exec(text)?.[1])
  }

  test.each(['', 'x', `cfc_${'A'.repeat(76)}`, '<script>'])(
    'scenario O05: with the cookie %j it is a redirect, and the cookie is cleared',
    async (value) => {
      const visitor = gate.visitor()
      if (value !== '') visitor.jar.set(new URL(home), 'curfew', value)
      const reply = await signOut(visitor)
      expect(reply.status).toBe(302)
      expect(cookieOf(visitor)).toBe('')
      expect((await visitor.open(reply.headers['location'] ?? '')).status).toBe(200)
    },
  )

  test('scenario O05: with a session that ended elsewhere, too', async () => {
    const visitor = await signedIn(gate)
    await signOut(copyOf(visitor))
    expect((await signOut(visitor)).status).toBe(302)
    expect(cookieOf(visitor)).toBe('')
  })

  test('scenario O07: twenty at once: all are answered, one of them ended it, one token goes back', async () => {
    const visitor = await signedIn(gate)
    const revoked = gate.provider.revoked.length
    const copies = Array.from({ length: 20 }, () => copyOf(visitor))
    const replies = await Promise.all(copies.map((copy) => signOut(copy)))
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([302]))
    await expect.poll(() => gate.provider.revoked.length).toBe(revoked + 1)
    expect(await standing(visitor)).toEqual(outside)
    expect(gate.provider.revoked).toHaveLength(revoked + 1)
  })

  test('scenario O11: requests that meet it are answered one way or the other, and none after it is let in', async () => {
    const visitor = await signedIn(gate)
    const copy = copyOf(visitor)
    const before = Array.from({ length: 20 }, (_, at) => copy.open(`${app}/${at}`))
    const [done, ...met] = await Promise.all([signOut(visitor), ...before])
    expect(done?.status).toBe(302)
    for (const { status } of met) expect([200, 302]).toContain(status)
    const after = await Promise.all(Array.from({ length: 20 }, () => copy.open(home)))
    expect(new Set(after.map(({ status }) => status))).toEqual(new Set([302]))
  })
})

describe('where it leads', () => {
  test('scenario O09: a path to return to is one of publicUrl, whatever host the request names', async () => {
    const visitor = await signedIn(gate)
    const reply = await visitor.send(`${signout()}?return_to=/account`, {
      headers: [...own('none'), ['X-Forwarded-Host', 'evil.example']],
    })
    const there = new URL(reply.headers['location'] ?? '')
    const state = there.searchParams.get('state') ?? ''
    expect(there.searchParams.get('post_logout_redirect_uri')).toBe(
      `${gate.curfew.issuer}/signed-out`,
    )
    const back = await visitor.open(
      `${gate.curfew.issuer}/signed-out?state=${encodeURIComponent(state)}`,
    )
    expect(back.headers['location']).toBe(`${gate.curfew.issuer}/account`)
  })

  test.each(['https://evil.example/', '//evil.example', '/\\evil.example'])(
    'rule 27 return: scenario O09: %s is no address to return to, and nobody is signed out by trying',
    async (target) => {
      const visitor = await signedIn(gate)
      const reply = await signOut(visitor, `${signout()}?return_to=${encodeURIComponent(target)}`)
      expect(reply.status).toBe(400)
      expect(await standing(visitor)).toEqual(inside)
    },
  )

  test('a state that nobody sealed leads nowhere', async () => {
    for (const state of ['x', 'https://evil.example/', 'A'.repeat(200)]) {
      const reply = await gate
        .visitor()
        .open(`${gate.curfew.issuer}/signed-out?state=${encodeURIComponent(state)}`)
      expect(reply.status).toBe(200)
      expect(reply.body).not.toContain('evil.example')
    }
  })

  test('from an application that the cookie does not reach, the one session ends', async () => {
    const visitor = await signedIn(gate, `${elsewhere}/`)
    const leaving = await visitor.send(`${elsewhere}/.curfew/signout`, { headers: own('none') })
    expect(leaving.headers['location']).toContain(`${signout()}?`)
    expect((await signOut(visitor, leaving.headers['location'] ?? '')).status).toBe(302)
    expect(await standing(visitor, `${elsewhere}/`)).toEqual(outside)
    expect(await standing(visitor)).toEqual(outside)
  })

  test.each([
    ['/bye?x=1', `${elsewhere}/bye?x=1`],
    [`${app}/bye`, `${app}/bye`],
    ['//evil.example/', undefined],
    ['https://evil.example/', undefined],
  ])(
    'there, return_to=%s is judged as at /signout, a path as one of the host',
    async (back, at) => {
      const path = `/.curfew/signout?return_to=${encodeURIComponent(back)}`
      const leaving = await gate.visitor().open(`${elsewhere}${path}`)
      const reply = await signOut(gate.visitor(), leaving.headers['location'] ?? '')
      expect(reply.status).toBe(at === undefined ? 400 : 302)
      expect(reply.headers['location']).toBe(at)
    },
  )

  test('there, a cookie that somebody has planted first does not hide the session', async () => {
    const visitor = await signedIn(gate, `${elsewhere}/`)
    const headers = [['Cookie', 'curfew=planted'] as const]
    const leaving = await visitor.send(`${elsewhere}/.curfew/signout`, { headers })
    const alone = gate.visitor()
    expect((await signOut(alone, leaving.headers['location'] ?? '')).status).toBe(302)
    expect(await standing(visitor, `${elsewhere}/`)).toEqual(outside)
  })
})

describe('rule 29 CSRF: it acts without its page only when the person or our own page opened it', () => {
  const changed = (name: string, value: string | null, site = 'same-origin') => [
    ...own(site).filter(([own]) => own !== name),
    ...(value === null ? [] : [[name, value] as const]),
  ]

  test.each<[string, HeaderPairs]>([
    ['an address that the person typed', own('none')],
    ['a page of the same origin', own('same-origin')],
  ])('rule 29 CSRF: %s signs out at once', async (_, headers) => {
    const visitor = await signedIn(gate)
    expect((await visitor.send(signout(), { headers })).status).toBe(302)
    expect(cookieOf(visitor)).toBe('')
  })

  test.each<[string, HeaderPairs]>([
    ['another site', own('cross-site')],
    ['another origin of the site', own('same-site')],
    ['scenario O08: an image', changed('Sec-Fetch-Dest', 'image', 'cross-site')],
    ['a script', changed('Sec-Fetch-Mode', 'no-cors')],
    ['a frame', changed('Sec-Fetch-Dest', 'iframe')],
    ['a prefetch', [...own('same-origin'), ['Sec-Purpose', 'prefetch']]],
    ['a prerender', [...own('none'), ['Sec-Purpose', 'prefetch;prerender']]],
    ['a browser that does not say', navigation],
    ['a client that says nothing', []],
  ])('rule 29 CSRF: %s gets the page that asks, and the session lives', async (_, headers) => {
    const visitor = await signedIn(gate)
    const reply = await visitor.send(signout(), { headers })
    expect(reply.status).toBe(200)
    expect(reply.body).toContain('method="post"')
    expect(reply.setCookies).toEqual([])
    expect(await standing(visitor)).toEqual(inside)
  })

  test.each<[string, HeaderPairs, number]>([
    ['our own origin', [['Origin', 'ours']], 303],
    ['fetch metadata alone', [['Sec-Fetch-Site', 'same-origin']], 303],
    ['another origin', [['Origin', 'https://evil.example']], 403],
    ['no origin that can be told', [['Origin', 'null']], 403],
    ['another origin of the site', [['Sec-Fetch-Site', 'same-site']], 403],
    ['nothing that says where from', [], 403],
  ])('rule 29 CSRF: its form, posted with %s', async (_, given, status) => {
    const visitor = await signedIn(gate)
    const headers = given.map(
      ([name, value]) => [name, value === 'ours' ? gate.curfew.issuer : value] as const,
    )
    const reply = await visitor.send(signout(), {
      method: 'POST',
      headers: [['Content-Type', 'application/x-www-form-urlencoded'], ...headers],
      body: '',
    })
    expect(reply.status).toBe(status)
    expect(await standing(visitor)).toEqual(status === 303 ? outside : inside)
  })

  test('rule 29 CSRF: HEAD and other methods sign nobody out', async () => {
    const visitor = await signedIn(gate)
    for (const method of ['HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
      const reply = await visitor.send(signout(), { method, headers: own('same-origin') })
      expect(reply.status, method).toBeGreaterThanOrEqual(400)
    }
    expect(await standing(visitor)).toEqual(inside)
  })
})

describe('a provider without a page of its own, where one revocation takes back all', () => {
  let google: Gate
  beforeAll(async () => {
    const provider = await startScriptableProvider()
    provider.metadata = { end_session_endpoint: undefined }
    const config = { ...providerConfig(provider), preset: 'google' }
    google = await openGate({ provider, config: { identityProviders: [config] } })
  })
  afterAll(async () => {
    await google?.close()
    await google?.provider.close()
  })

  const leave = (visitor: Visitor) =>
    visitor.send(`${google.curfew.issuer}/signout`, { headers: own('none') })

  test('scenario O02: our page is the end', async () => {
    const visitor = await signedIn(google)
    const reply = await leave(visitor)
    expect(reply.headers['location']).toBe(`${google.curfew.issuer}/signed-out`)
    expect((await visitor.open(`${google.curfew.issuer}/signed-out`)).status).toBe(200)
    expect(await standing(visitor)).toEqual(outside)
    await expect.poll(() => google.provider.revoked.length).toBe(1)
  })

  test('rule 22 siblings: the last session of the subject asks for it, and no one before', async () => {
    const [one, other] = [await signedIn(google), await signedIn(google)]
    const revoked = google.provider.revoked.length
    await leave(one)
    await expect.poll(() => countOf('siblings')).toBe(1)
    expect(google.provider.revoked).toHaveLength(revoked)
    expect(await standing(other)).toEqual(inside)
    await leave(other)
    await expect.poll(() => google.provider.revoked.length).toBe(revoked + 1)
  })

  async function countOf(result: string): Promise<number> {
    const { text } = await google.curfew.api.get('/metrics')
    const line = `^curfew_provider_revocation_total\\{result="${result}"\\} (\\d+)`
    return Number(new RegExp(line, 'm').exec(text)?.[1])
  }
})
