import { describe, expect, test } from 'vitest'
import { plainBrand } from './pages/index.ts'
import { FakeWorld, send } from './testing.ts'

const png = 'data:image/png;base64,AAAA'

test('the pages are those of the configuration in force, which a reload changes', async () => {
  let pages = { ...plainBrand, defaultLanguage: 'en' }
  const app = new FakeWorld().app({ pages: () => pages })
  const home = async (headers: Record<string, string> = {}) =>
    send(app, { url: '/', headers: { accept: 'text/html', ...headers } })
  const before = await home()
  expect(before.body).toContain('<title>You are not signed in · Curfew</title>')
  const light = { ...plainBrand.theme.light, accent: '#116633' }
  const theme = { ...plainBrand.theme, radiusPx: 3, light }
  pages = { name: 'Moon', logo: png, theme, defaultLanguage: 'de' }
  const after = await home()
  expect(after.body).toContain('<title>Sie sind nicht angemeldet · Moon</title>')
  expect(after.headers['content-language']).toBe('de')
  for (const part of [`<img src="${png}"`, '--accent: #116633;', '--radius: 3px;']) {
    expect(after.body).toContain(part)
    expect(before.body).not.toContain(part)
  }
  const policies = [before, after].map(({ headers }) => headers['content-security-policy'])
  expect(new Set(policies).size).toBe(2)
  expect((await home({ 'accept-language': 'en' })).body).toContain('You are not signed in · Moon')
})

test('an error page is of the brand as well', async () => {
  const pages = () => ({ ...plainBrand, name: 'Moon', defaultLanguage: 'de' })
  const app = new FakeWorld().app({ pages })
  const url = '/login?return_to=https%3A%2F%2Fa.test%2F&return_to=x'
  const answer = await send(app, { url, headers: { accept: 'text/html' } })
  expect(answer.statusCode).toBe(400)
  expect(answer.body).toContain('<html lang="de">')
  expect(answer.body).toContain('· Moon</title>')
})

test('the devices are listed in German and in the colours of the brand', async () => {
  const light = { ...plainBrand.theme.light, accent: '#116633', card: '#fffdf8' }
  const theme = { ...plainBrand.theme, light }
  const pages = () => ({ name: 'Moon', logo: png, theme, defaultLanguage: 'en' })
  const world = new FakeWorld()
  world.add(1, 'alice')
  world.add(2, 'alice')
  const app = world.app({ pages })
  const german = { cookie: '__Host-curfew-page=cfp_1', 'accept-language': 'de-CH, en;q=0.5' }
  const open = (url: string) => send(app, { url, headers: { accept: 'text/html', ...german } })
  const page = await open('/account')
  expect([page.statusCode, page.headers['content-language']]).toEqual([200, 'de'])
  for (const part of ['<title>Ihre Geräte · Moon</title>', 'Dieses Gerät', 'Überall abmelden']) {
    expect(page.body).toContain(part)
  }
  expect(page.body).not.toMatch(/sign(?:ed)? (?:in|out)/i)
  for (const part of [`<img src="${png}"`, '--accent: #116633;', '--card: #fffdf8;']) {
    expect(page.body).toContain(part)
  }
  const asked = await open('/account?ask=all')
  expect(asked.body).toContain('<title>Überall abmelden? · Moon</title>')
})

describe('an address that leads nowhere', () => {
  const app = new FakeWorld().app({
    pages: () => ({ ...plainBrand, name: 'Moon', defaultLanguage: 'en' }),
  })
  const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'
  const from = (headers: Record<string, string>, method: 'GET' | 'POST' = 'GET') =>
    send(app, { method, url: '/acount', headers })

  test('is a page where a browser opens it', async () => {
    for (const more of [{}, { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }]) {
      const page = await from({ accept: browser, 'accept-language': 'de', ...more })
      expect(page.statusCode).toBe(404)
      expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
      expect(page.headers['content-security-policy']).toContain(
        "default-src 'none'; style-src 'sha",
      )
      expect(page.body).toContain('<title>Diese Seite gibt es nicht · Moon</title>')
      expect(page.body).toContain('href="https://auth.example.com/"')
    }
  })

  test('is problem JSON for everybody else', async () => {
    const answers = [
      await from({}),
      await from({ accept: '*/*' }),
      await from({ accept: 'application/json' }),
      await from({ accept: 'application/problem+json, text/html' }),
      await from({ accept: browser, 'sec-fetch-mode': 'cors' }),
      await from({ accept: browser }, 'POST'),
    ]
    for (const answer of answers) {
      expect(answer.headers['content-type']).toBe('application/problem+json')
      expect(answer.json()).toMatchObject({ status: 404, code: 'not_found' })
    }
  })
})
