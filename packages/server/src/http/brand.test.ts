import { expect, test } from 'vitest'
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
