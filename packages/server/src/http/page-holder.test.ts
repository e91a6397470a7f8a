/* A person who leaves, or signs in anew, waits for no identity provider. */
import type { FastifyInstance } from 'fastify'
import { describe, expect, test } from 'vitest'
import { StoreUnavailable } from '#authority'
import type { SessionId } from '#domain'
import { createHttp } from './app.ts'
import type { HttpDeps } from './deps.ts'
import { FakeWorld, nowMs, send, sidOf } from './testing.ts'

const navigation = {
  ...{ accept: 'text/html', 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' },
  ...{ 'sec-fetch-dest': 'document', cookie: '__Host-curfew-page=cfp_1' },
}

/** Whether the provider has ceased to vouch, or does not answer, past all grace (rule 24). */
const providers = [
  { provider: 'is away', isVouchedFor: () => Promise.reject(new StoreUnavailable(new Error('x'))) },
  { provider: 'vouches no longer', isVouchedFor: async () => false },
]

function serverOf(gateway: Partial<HttpDeps['browser']['gateway']>, more = {}) {
  const world = new FakeWorld()
  world.add(1, 'alice')
  const deps = world.deps()
  const browser = { ...deps.browser, ...more, gateway: { ...deps.browser.gateway, ...gateway } }
  const { app } = createHttp({ ...deps, browser })
  return { world, app }
}

const isLive = (world: FakeWorld) => world.sessions.get(sidOf(1))?.kind === 'live'

const signOut = (app: FastifyInstance) => send(app, { url: '/signout', headers: navigation })

describe.each(providers)('while the provider $provider', ({ isVouchedFor }) => {
  test('a sign-out ends the session of the page before its cookie goes', async () => {
    const { world, app } = serverOf({ isVouchedFor })
    const answer = await signOut(app)
    expect([answer.statusCode, isLive(world)]).toEqual([302, false])
    expect(answer.headers['set-cookie']).toContainEqual(
      expect.stringMatching(/-page=; .*Max-Age=0/),
    )
  })

  test('a sign-in elsewhere replaces the session of the page', async () => {
    const replaced: SessionId[] = []
    const binding: string | null = null
    const returned = { kind: 'signed-in', cookies: [], app: null, identity: {}, fence: 0, binding }
    const { world, app } = serverOf(
      {
        isVouchedFor,
        cookieOf: () => 'cfc_2',
        signIn: async ({ previous }) => {
          replaced.push(...previous)
          return { kind: 'signed-in', session: world.add(2, 'alice'), now: nowMs }
        },
      },
      {
        flow: { finish: async () => ({ ...returned, returnTo: 'https://app.example.com/' }) },
        targets: () => ({ check: (url: string) => ({ kind: 'allowed', url }) }),
      },
    )
    const answer = await send(app, { url: '/oidc/callback?code=x', headers: navigation })
    expect([answer.statusCode, replaced]).toEqual([302, [sidOf(1)]])
  })

  test('no page opens', async () => {
    const { app } = serverOf({ isVouchedFor })
    const answer = await send(app, { url: '/account', headers: navigation })
    expect(answer.statusCode).not.toBe(200)
    expect(answer.headers['set-cookie']).toBeUndefined()
  })
})
