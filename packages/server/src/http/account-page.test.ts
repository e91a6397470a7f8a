import { beforeEach, describe, expect, test } from 'vitest'
import { type ClientId, type Instant, reason } from '#domain'
import { type Answer, FakeWorld, nowMs, send, sidOf } from './testing.ts'

const origin = 'https://auth.example.com'
const firefox = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0'
let world: FakeWorld

beforeEach(() => {
  world = new FakeWorld()
  world.add(1, 'alice')
})

/** A browser with the page cookie of session 1, and what a page said in a cookie. */
function open(path = '/account', cookie = '__Host-curfew-page=cfp_1'): Promise<Answer> {
  return send(world.app(), { method: 'GET', url: path, headers: { cookie, accept: 'text/html' } })
}

function submit(
  form: Record<string, string>,
  headers: Record<string, string> = { origin },
): Promise<Answer> {
  return send(world.app(), {
    method: 'POST',
    url: '/account',
    headers: {
      ...{ cookie: '__Host-curfew-page=cfp_1', accept: 'text/html' },
      ...{ 'content-type': 'application/x-www-form-urlencoded' },
      ...headers,
    },
    body: new URLSearchParams(form).toString(),
  })
}

const stateOf = (n: number) => {
  const session = world.sessions.get(sidOf(n))
  return session?.kind === 'ended' ? `${session.end.reason} by ${session.end.by}` : session?.kind
}

function describedAs(n: number, parts: { readonly name?: string; readonly agent?: string }): void {
  const session = world.sessions.get(sidOf(n)) ?? world.add(n, 'alice')
  const { name: deviceName = null, agent: userAgent = null } = parts
  world.sessions.set(sidOf(n), {
    ...session,
    profile: { ...session.profile, deviceName, userAgent },
  })
}

/** The status, and where to or the words that a page says after a form. */
async function followed(answer: Answer): Promise<string> {
  expect([answer.statusCode, answer.headers.location]).toEqual([303, `${origin}/account`])
  const said = [answer.headers['set-cookie']].flat()[0]?.split(';')[0] ?? ''
  const page = await open('/account', `__Host-curfew-page=cfp_1; ${said}`)
  expect(page.headers['set-cookie']).toContain('__Host-curfew-said=; Path=/; Max-Age=0')
  return /role="status">([^<]*)</.exec(page.body)?.[1] ?? ''
}

describe('what it shows', () => {
  test('all devices of the person and nobody else’s, this one first and marked', async () => {
    describedAs(1, { agent: firefox })
    describedAs(2, { name: 'Kitchen <tablet>', agent: firefox })
    world.add(3, 'bob')
    const { statusCode, body } = await open()
    expect(statusCode).toBe(200)
    const names = [...body.matchAll(/<h2><bdi>(.*?)<\/bdi>(.*?)<\/h2>/g)]
    expect(names.map(([, name, mark]) => [name, mark !== ''])).toEqual([
      ['Firefox on Windows', true],
      ['Kitchen &#60;tablet&#62;', false],
    ])
    expect(body).toContain('<dt>Program</dt><dd><bdi>Firefox on Windows</bdi></dd>')
    expect(body).toContain('<dd><bdi>192.0.2.1</bdi></dd>')
    expect(body).toMatch(/just now<br><time class="quiet" datetime="2026-01-01T00:00:00.000Z">/)
  })

  test('a screen that the person approved, and with what', async () => {
    describedAs(1, { name: 'My phone' })
    const screen = world.add(2, 'alice')
    const parts = { ...screen.origin, parentSid: sidOf(1), clientId: 'tv' as ClientId }
    world.sessions.set(sidOf(2), { ...screen, origin: parts })
    const { body } = await open()
    expect(body).toContain('<dt>Approved by you</dt><dd>with <bdi>My phone</bdi></dd>')
    expect(body).toContain('<dt>Signed in to</dt><dd><bdi>tv</bdi></dd>')
  })

  test('what ended within a week, the latest first, and why', async () => {
    for (const [n, why, daysAgo] of [
      [2, reason('expired'), 2],
      [3, 'stolen', 1],
      [4, reason('userLogout'), 8],
    ] as const) {
      describedAs(n, { name: `device ${n}` })
      world.end(n, null, why as ReturnType<typeof reason>)
      const ended = world.sessions.get(sidOf(n))
      if (ended?.kind !== 'ended') throw new Error('it is not ended')
      const at = (nowMs - daysAgo * 86_400_000) as Instant
      world.sessions.set(sidOf(n), { ...ended, end: { ...ended.end, at } })
    }
    const [, lately = ''] = (await open()).body.split('Signed out lately')
    expect(lately).not.toContain('device 4')
    expect(lately.indexOf('device 3')).toBeLessThan(lately.indexOf('device 2'))
    expect(lately).toContain('Signed out 1 day ago.')
    expect(lately).toContain('The reason given is <bdi>stolen</bdi>.')
    expect(lately).toContain('was not used for too long')
  })

  test('more than fifty in pages, each device once', async () => {
    for (let n = 2; n <= 120; n++) describedAs(n, { name: `device ${n}` })
    const seen: string[] = []
    let next: string | undefined = '/account'
    for (let pages = 0; next !== undefined; pages++) {
      expect(pages).toBeLessThan(4)
      const { body }: Answer = await open(next)
      seen.push(...[...body.matchAll(/<h2><bdi>(.*?)<\/bdi>/g)].map(([, name = '']) => name))
      next = /href="https:\/\/auth\.example\.com(\/account\?cursor=[^"]+)"/.exec(body)?.[1]
    }
    expect([seen.length, new Set(seen).size]).toEqual([120, 120])
  })

  test('nobody without a session of our own pages: they sign in and come back', async () => {
    for (const cookie of ['', '__Host-curfew=cfc_1', '__Host-curfew-page=cfc_1']) {
      const { statusCode, headers } = await open('/account', cookie)
      const back = encodeURIComponent(`${origin}/account`)
      expect([statusCode, headers.location]).toEqual([302, `${origin}/login?return_to=${back}`])
    }
  })
})

test('it speaks the language of the browser, also of what went wrong', async () => {
  const headers = { accept: 'text/html', 'accept-language': 'fr, de-AT;q=0.9, en;q=0.1' }
  const cookie = '__Host-curfew-page=cfp_1'
  const page = await send(world.app(), {
    ...{ method: 'GET', url: '/account' },
    headers: { ...headers, cookie },
  })
  expect(page.body).toContain('<html lang="de">')
  expect(page.body).toContain('<h1>Ihre Geräte</h1>')
  expect(page.headers['content-language']).toBe('de')
  expect(page.headers['vary']).toContain('Accept-Language')
  const refused = await submit({ step: 'all' }, { ...headers, origin: 'https://evil.example' })
  expect(refused.statusCode).toBe(403)
  expect(refused.body).toContain('<h1>Die Anfrage kam von einer anderen Website</h1>')
  expect(refused.body).toMatch(/Fehler 403\. Kennung <code>/)
})

describe('what it does', () => {
  test('names a device, and takes a name away', async () => {
    describedAs(2, {})
    const form = { step: 'rename', sid: sidOf(2) }
    expect(await followed(await submit({ ...form, device_name: ' Attic ' }))).toBe(
      'The name is saved.',
    )
    expect(world.sessions.get(sidOf(2))?.profile.deviceName).toBe('Attic')
    await submit({ ...form, device_name: ' ' })
    expect(world.sessions.get(sidOf(2))?.profile.deviceName).toBeNull()
  })

  test.each([
    ['too long', 'x'.repeat(513)],
    ['on two lines', 'a\nb'],
  ])('a name that is %s changes nothing and is given back', async (_what, typed) => {
    const answer = await submit({ step: 'rename', sid: sidOf(1), device_name: typed })
    expect(answer.statusCode).toBe(400)
    expect(answer.body).toContain('<details open>')
    expect(answer.body).toContain('role="alert"')
    expect(world.calls).not.toContain('rename')
  })

  test('signs one out after a question', async () => {
    describedAs(2, { name: 'Attic' })
    const asked = await open(`/account?ask=one&sid=${sidOf(2)}`)
    expect(asked.body).toContain('<bdi>Attic</bdi> will have to sign in again.')
    expect(stateOf(2)).toBe('live')
    const form = { step: 'one', sid: sidOf(2) }
    expect(await followed(await submit(form))).toBe('The device is signed out.')
    expect(stateOf(2)).toBe('user_logout by alice')
    expect(await followed(await submit(form))).toBe('That device was signed out already.')
  })

  test('signs all others out and says how many', async () => {
    for (const n of [2, 3]) describedAs(n, {})
    world.add(4, 'bob')
    expect((await open('/account?ask=others')).body).toContain('You stay signed in here.')
    expect(await followed(await submit({ step: 'others' }))).toBe('2 other devices are signed out.')
    expect([1, 4].map(stateOf)).toEqual(['live', 'live'])
  })

  test.each([
    ['this one', { step: 'one', sid: sidOf(1) }],
    ['everywhere', { step: 'all' }],
  ])('signing out %s takes the cookies and ends at the signed-out page', async (_what, form) => {
    const answer = await submit(form)
    expect([answer.statusCode, answer.headers.location]).toEqual([303, `${origin}/signed-out`])
    expect(stateOf(1)).toContain('by alice')
    const cookies = [answer.headers['set-cookie']].flat().map((line) => line?.split(';')[0])
    expect(cookies).toEqual(['__Host-curfew=', '__Host-curfew-page='])
  })

  test('a form without a step, and one of a session that ended meanwhile, end nothing', async () => {
    expect((await submit({})).headers.location).toBe(`${origin}/account`)
    world.end(1)
    describedAs(2, {})
    const answer = await submit({ step: 'others' })
    expect([answer.statusCode, answer.headers.location]).toEqual([
      303,
      expect.stringContaining('/login?return_to='),
    ])
    expect(stateOf(2)).toBe('live')
  })
})

test('rule 15 audience: another person’s session is not there, for a look, a name or an end', async () => {
  world.add(2, 'bob')
  const asked = await open(`/account?ask=one&sid=${sidOf(2)}`)
  const named = await submit({ step: 'rename', sid: sidOf(2), device_name: 'mine' })
  const ended = await submit({ step: 'one', sid: sidOf(2) })
  const unknown = await submit({ step: 'one', sid: 'none' })
  expect([asked, named, ended, unknown].map(({ statusCode }) => statusCode)).toEqual([
    ...[404, 404, 404, 404],
  ])
  expect(stateOf(2)).toBe('live')
  expect(world.sessions.get(sidOf(2))?.profile.deviceName).toBeNull()
})

test('rule 15 audience: a token, or the cookie that applications see, opens no account page', async () => {
  for (const headers of [
    { authorization: 'Bearer tok-1' },
    { cookie: '__Host-curfew=cfc_1' },
    { cookie: '__Host-curfew-page=cfs_1' },
  ]) {
    const { statusCode } = await send(world.app(), { method: 'GET', url: '/account', headers })
    expect(statusCode).toBe(302)
  }
})

test.each([
  ['nowhere', {}],
  ['another site', { origin: 'https://evil.example' }],
  ['a sandbox', { origin: 'null' }],
  ['another host of the site', { 'sec-fetch-site': 'same-site' }],
])('rule 29 CSRF: a form of the account page from %s changes nothing', async (_from, headers) => {
  describedAs(2, {})
  for (const form of [
    { step: 'all' },
    { step: 'others' },
    { step: 'one', sid: sidOf(2) },
    { step: 'rename', sid: sidOf(2), device_name: 'x' },
  ]) {
    const answer = await submit(form as Record<string, string>, headers)
    expect(answer.statusCode).toBe(403)
  }
  expect([1, 2].map(stateOf)).toEqual(['live', 'live'])
  expect(world.sessions.get(sidOf(2))?.profile.deviceName).toBeNull()
})

test('rule 29 CSRF: opening the page, whatever the address says, ends nothing', async () => {
  describedAs(2, {})
  const query = `step=one&sid=${sidOf(2)}&ask=one`
  for (const path of [`/account?${query}`, '/account?ask=all&step=all', '/account?step=others']) {
    expect((await open(path)).statusCode).toBe(200)
  }
  expect([1, 2].map(stateOf)).toEqual(['live', 'live'])
})
