import { describe, expect, test } from 'vitest'
import { parseReason, reason } from '#domain'
import { createHttp } from '../app.ts'
import type { HttpDeps } from '../deps.ts'
import { FakeWorld, send } from '../testing.ts'

/** With two providers `/login` asks which. */
function worldOf(...ids: readonly string[]) {
  const world = new FakeWorld()
  world.add(1, 'alice')
  const deps = world.deps()
  const providers = { list: () => ids.map((id) => ({ settings: { id } })) }
  const targets = () => ({ check: () => ({ kind: 'allowed', url: '/x', host: 'x' }) })
  const flow = { begin: async () => ({ kind: 'redirect', url: 'https://idp.test/', cookies: [] }) }
  const more = { providers, targets, flow, reaches: () => true }
  const browser = { ...deps.browser, ...more } as unknown as HttpDeps['browser']
  return { world, app: createHttp({ ...deps, browser }).app }
}

const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const withCookie = (cookie: string, more = {}) => ({ ...navigation, cookie, ...more })

describe('the device that was signed out', () => {
  test.each(['/', '/login'])('is told why at %s, by either cookie of that session', async (url) => {
    const { world, app } = worldOf('main', 'other')
    world.end(1, 'root', reason('adminRevoke'))
    for (const cookie of ['__Host-curfew=cfc_1', '__Host-curfew-page=cfp_1']) {
      const page = await send(app, { url, headers: withCookie(cookie) })
      expect(page.statusCode).toBe(200)
      expect(page.body).toContain('An administrator ended the session.')
      const german = { 'accept-language': 'de' }
      const deutsch = await send(app, { url, headers: withCookie(cookie, german) })
      expect(deutsch.body).not.toContain('An administrator')
      expect(deutsch.body).toContain('role="status"')
    }
  })

  test.each(['/', '/login'])('nobody else is, at %s', async (url) => {
    const { world, app } = worldOf('main', 'other')
    const live = await send(app, { url, headers: withCookie('__Host-curfew-page=cfp_1') })
    expect(live.body).not.toContain('role="status"')
    world.end(1, 'root', reason('adminRevoke'))
    for (const cookie of ['', '__Host-curfew=cfc_2', '__Host-curfew=cfs_1', 'x=cfp_1']) {
      const page = await send(app, { url, headers: withCookie(cookie) })
      expect([page.statusCode, page.body.includes('role="status"')]).toEqual([200, false])
    }
  })
})

describe('on the way to the only provider', () => {
  const reader = { 'sec-fetch-site': 'same-site', accept: 'text/html' }
  const cookies = { gateway: '__Host-curfew=cfc_1', page: '__Host-curfew-page=cfp_1' }
  const login = (app: ReturnType<typeof worldOf>['app'], url: string, more = {}) =>
    send(app, { url, headers: withCookie(cookies.gateway, { ...reader, ...more }) })
  const gone = { statusCode: 302, headers: { location: 'https://idp.test/' } }

  test.each([
    ['admin_revoke', 'An administrator ended the session.'],
    ['refresh_reuse', 'It may have been copied'],
    ['superseded', 'only the newer session stays'],
    ['device_limit', 'more devices than are allowed'],
    ['user_disabled', 'Your account was disabled.'],
    ['restored', 'restored from a backup'],
    ['stolen_laptop', '<bdi>stolen_laptop</bdi>'],
  ])(
    'a person whose session somebody else ended reads why, and then goes on: %s',
    async (why, words) => {
      const { world, app } = worldOf('main')
      world.end(1, 'root', parseReason(why) ?? reason('expired'))
      for (const cookie of Object.values(cookies)) {
        const page = await login(app, '/login?return_to=/x&idp=main', { cookie })
        expect(page.statusCode).toBe(200)
        expect(page.headers['location']).toBeUndefined()
        expect(page.body).toContain(words)
        const href = /class="button first" href="([^"]+)"/.exec(page.body)?.[1] ?? ''
        const onward = href.replace('https://auth.example.com', '').replaceAll('&#38;', '&')
        expect(onward).toBe('/login?return_to=%2Fx&idp=main&told=yes')
        expect(await login(app, onward, { cookie })).toMatchObject(gone)
      }
    },
  )

  test.each([
    ...['user_logout', 'user_logout_all', 'user_logout_others'],
    ...['expired', 'idp_logout', 'idp_refused'],
  ])('nothing is in the way of whoever did it, or did nothing: %s', async (why) => {
    const { world, app } = worldOf('main')
    world.end(1, 'alice', parseReason(why) ?? reason('adminRevoke'))
    expect(await login(app, '/login')).toMatchObject(gone)
  })

  test('nor of anybody without an ended session, of a step up, or of a program', async () => {
    const { world, app } = worldOf('main')
    expect(await login(app, '/login', { cookie: '' })).toMatchObject(gone)
    expect(await login(app, '/login')).toMatchObject(gone)
    world.end(1, 'root', reason('adminRevoke'))
    world.add(2, 'alice')
    const both = `${cookies.page}; __Host-curfew=cfc_2`
    expect(await login(app, '/login', { cookie: both })).toMatchObject(gone)
    expect(await login(app, '/login?prompt=login')).toMatchObject(gone)
    const { gateway: cookie } = cookies
    for (const headers of [{ cookie }, withCookie(cookie), { ...reader, cookie }]) {
      expect(await send(app, { url: '/login', headers })).toMatchObject(gone)
    }
  })

  test('whoever has read it on another page of ours does not read it again', async () => {
    const { world, app } = worldOf('main', 'other')
    world.end(1, 'root', reason('adminRevoke'))
    const home = await login(app, '/')
    expect(home.body).toContain('href="https://auth.example.com/login?told=yes"')
    const choice = await login(app, '/login')
    expect(choice.body).toContain('idp=other&#38;told=yes"')
  })
})
