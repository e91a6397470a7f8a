import { describe, expect, test } from 'vitest'
import { reason } from '#domain'
import { createHttp } from '../app.ts'
import type { HttpDeps } from '../deps.ts'
import { FakeWorld, send } from '../testing.ts'

/** Two providers, so that `/login` asks which. */
function worldOfTwoProviders() {
  const world = new FakeWorld()
  world.add(1, 'alice')
  const deps = world.deps()
  const providers = { list: () => ['main', 'other'].map((id) => ({ settings: { id } })) }
  const targets = () => ({ check: () => ({ kind: 'allowed', url: '/', host: 'x' }) })
  const more = { providers, targets, reaches: () => true }
  const browser = { ...deps.browser, ...more } as unknown as HttpDeps['browser']
  return { world, app: createHttp({ ...deps, browser }).app }
}

const navigation = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
const withCookie = (cookie: string, more = {}) => ({ ...navigation, cookie, ...more })

describe('the device that was signed out', () => {
  test.each(['/', '/login'])('is told why at %s, by either cookie of that session', async (url) => {
    const { world, app } = worldOfTwoProviders()
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
    const { world, app } = worldOfTwoProviders()
    const live = await send(app, { url, headers: withCookie('__Host-curfew-page=cfp_1') })
    expect(live.body).not.toContain('role="status"')
    world.end(1, 'root', reason('adminRevoke'))
    for (const cookie of ['', '__Host-curfew=cfc_2', '__Host-curfew=cfs_1', 'x=cfp_1']) {
      const page = await send(app, { url, headers: withCookie(cookie) })
      expect([page.statusCode, page.body.includes('role="status"')]).toEqual([200, false])
    }
  })
})
