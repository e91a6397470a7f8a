import { describe, expect, test } from 'vitest'
import { reason } from '#domain'
import { leadsToPage } from './browser/page-cookie.ts'
import { basic, bearer, FakeWorld, send } from './testing.ts'

const name = '__Host-curfew-page'
const own = { 'sec-fetch-site': 'same-origin' }

function worldOfThree() {
  const world = new FakeWorld()
  world.add(1, 'alice')
  world.add(2, 'alice')
  world.add(3, 'root')
  return { world, app: world.app() }
}

function page(n: number, more: Record<string, string> = {}) {
  return { cookie: `other=1; ${name}=cfp_${n}`, ...more }
}

describe('rule 15 audience: the cookie of our own pages', () => {
  test('rule 15 audience: it leads to its session at the API, with the roles of its user', async () => {
    const { app } = worldOfThree()
    const mine = await send(app, { url: '/sessions', headers: page(1) })
    expect(mine.statusCode).toBe(200)
    expect(mine.json().items).toHaveLength(2)
    expect((await send(app, { url: '/admin/sessions', headers: page(1) })).statusCode).toBe(403)
    expect((await send(app, { url: '/admin/sessions', headers: page(3) })).statusCode).toBe(200)
  })

  test('rule 15 audience: of a session that has ended, it says why', async () => {
    const { world, app } = worldOfThree()
    world.end(1, 'root', reason('adminRevoke'))
    const answer = await send(app, { url: '/sessions', headers: page(1) })
    expect(answer.statusCode).toBe(401)
    expect(answer.json()).toMatchObject({ code: 'session_ended', revoked_reason: 'admin_revoke' })
  })

  test.each([
    { what: "the gateway's cookie under its own name", cookie: '__Host-curfew=cfc_3' },
    { what: "the gateway's cookie under the page's name", cookie: `${name}=cfc_3` },
    { what: 'a session token as a cookie', cookie: `${name}=cfs_3` },
    { what: 'the name that it has without TLS', cookie: 'curfew-page=cfp_3' },
    { what: 'one that is forged', cookie: `${name}=cfp_77` },
  ])('rule 15 audience: $what is no credential', async ({ cookie }) => {
    const { app } = worldOfThree()
    const answer = await send(app, { url: '/admin/sessions', headers: { cookie, ...own } })
    expect(answer.statusCode).toBe(401)
  })

  test('rule 24 identity deadline: for whom the provider no longer vouches, it is good for nothing', async () => {
    const { world, app } = worldOfThree()
    world.lapsed = true
    const answer = await send(app, { url: '/admin/sessions', headers: page(3) })
    expect(answer.statusCode).toBe(401)
    expect(answer.json()).toMatchObject({ code: 'invalid_token' })
    const out = { method: 'POST', url: '/logout', headers: page(3, own) } as const
    expect((await send(app, out)).json()).toMatchObject({ revoked: true })
  })

  test('rule 15 audience: it is no Bearer, and no client of /oauth has it', async () => {
    const { world, app } = worldOfThree()
    const asBearer = await send(app, { url: '/sessions', headers: bearer('cfp_3') })
    expect(asBearer.json().code).toBe('invalid_token')
    const loggedOut = await send(app, {
      method: 'POST',
      url: '/logout',
      headers: bearer('cfp_3'),
    })
    expect(loggedOut.statusCode).toBe(401)
    const type = 'application/x-www-form-urlencoded'
    const asked = await send(app, {
      method: 'POST',
      url: '/oauth/introspect',
      headers: page(3, { ...own, 'content-type': type }),
      payload: 'token=tok-1',
    })
    expect(asked.statusCode).toBe(401)
    expect(world.calls).not.toContain('introspect')
  })

  test('rule 15 audience: it is set where a sign-in leads to such a page, and nowhere else', () => {
    const at = (path: string) => leadsToPage('https://auth.example.com/id', path)
    for (const path of [
      'device',
      'account',
      'account/',
      'console',
      'console/',
      'console/#/users',
    ]) {
      expect(at(`https://auth.example.com/id/${path}`)).toBe(true)
    }
    for (const path of ['accounts', 'console/x', 'console//', 'device/', '', 'x/../consoles']) {
      expect(at(`https://auth.example.com/id/${path}`)).toBe(false)
    }
    expect(at('https://auth.example.com/console/')).toBe(false)
    expect(at('https://app.example.com/id/console/')).toBe(false)
  })
})

describe('rule 29 CSRF: what brings the cookie and changes something', () => {
  const changes = [
    { method: 'POST', url: '/logout/all' },
    { method: 'POST', url: '/logout' },
    { method: 'DELETE', url: '/sessions/019b76da-a800-7abc-8def-000000000002' },
    { method: 'PATCH', url: '/sessions/019b76da-a800-7abc-8def-000000000002' },
    { method: 'POST', url: '/users/alice/revoke' },
  ] as const
  const elsewhere = [
    {},
    { origin: 'https://evil.example' },
    { origin: 'null', 'sec-fetch-site': 'cross-site' },
    { origin: 'https://app.example.com', 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
  ]

  test.each(changes)(
    'rule 29 CSRF: $method $url from elsewhere is 403 and does nothing',
    async ({ method, url }) => {
      const { world, app } = worldOfThree()
      world.origins = new Set(['https://app.example.com'])
      for (const from of elsewhere) {
        for (const body of [{ payload: {} }, { payload: '' }]) {
          const answer = await send(app, { method, url, headers: page(3, from), ...body })
          expect(answer.statusCode).toBe(403)
          expect(answer.json().code).toBe('cross_site')
          expect(answer.headers['access-control-allow-credentials']).toBeUndefined()
        }
      }
      expect(world.calls).toEqual([])
    },
  )

  test.each([own, { origin: 'https://auth.example.com' }])(
    'rule 29 CSRF: from a page of ours it is done',
    async (from) => {
      const { world, app } = worldOfThree()
      const ended = await send(app, {
        method: 'POST',
        url: '/users/alice/revoke',
        headers: page(3, from),
      })
      expect(ended.json()).toEqual({ revoked: 2 })
      const out = await send(app, { method: 'POST', url: '/logout', headers: page(3, from) })
      expect(out.json()).toMatchObject({ revoked: true })
      const again = await send(app, { method: 'POST', url: '/logout', headers: page(3, from) })
      expect(again.json()).toMatchObject({ already_revoked: true })
      expect(world.calls.filter((call) => call === 'logout')).toHaveLength(2)
    },
  )

  test.each(['same-site', 'cross-site'])(
    "rule 29 CSRF: a %s page holds none of the person's event streams and times no read",
    async (site) => {
      const { world, app } = worldOfThree()
      for (const url of ['/admin/events', '/sessions/revoked/stream', '/admin/sessions']) {
        const answer = await send(app, { url, headers: page(3, { 'sec-fetch-site': site }) })
        expect([url, answer.statusCode, answer.json().code]).toEqual([url, 403, 'cross_site'])
      }
      expect(world.calls).toEqual([])
      const typed = await send(app, {
        url: '/admin/sessions',
        headers: page(3, { 'sec-fetch-site': 'none' }),
      })
      expect(typed.statusCode).toBe(200)
    },
  )

  test('rule 29 CSRF: an allowed origin may not send the cookie along', async () => {
    const { world, app } = worldOfThree()
    world.origins = new Set(['https://app.example.com'])
    const origin = 'https://app.example.com'
    const preflight = await send(app, {
      method: 'OPTIONS',
      url: '/sessions',
      headers: page(3, { origin, 'access-control-request-method': 'DELETE' }),
    })
    expect(preflight.headers['access-control-allow-origin']).toBe(origin)
    const read = await send(app, { url: '/sessions', headers: page(3, { origin }) })
    for (const { headers } of [preflight, read]) {
      expect(headers['access-control-allow-credentials']).toBeUndefined()
    }
  })
})

describe('rule 16 one credential: the cookie beside a token', () => {
  test('rule 16 one credential: of another session it is 400, of the same it is nothing', async () => {
    const { app } = worldOfThree()
    const other = await send(app, { url: '/sessions', headers: { ...page(2), ...bearer('tok-1') } })
    expect(other.json().code).toBe('several_credentials')
    const client = await send(app, {
      url: '/sessions/revoked',
      headers: { ...page(2), ...basic('reader') },
    })
    expect(client.json().code).toBe('several_credentials')
    const same = await send(app, { url: '/sessions', headers: { ...page(1), ...bearer('tok-1') } })
    expect(same.statusCode).toBe(200)
    const stale = { cookie: `${name}=cfp_77`, ...bearer('tok-1') }
    expect((await send(app, { url: '/sessions', headers: stale })).statusCode).toBe(200)
  })

  test('rule 16 one credential: at logout, another session in the cookie ends none', async () => {
    const { world, app } = worldOfThree()
    const headers = { ...page(2, own), ...bearer('cfs_1') }
    const answer = await send(app, { method: 'POST', url: '/logout', headers })
    expect(answer.statusCode).toBe(400)
    expect(world.calls).not.toContain('logout')
  })
})
