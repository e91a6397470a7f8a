import { expect, test } from 'vitest'
import type { RedeemLink } from '#authority'
import { createHttp } from './app.ts'
import { FakeWorld, nowMs, send, sidOf } from './testing.ts'

function linked() {
  const world = new FakeWorld()
  world.add(1, 'alice')
  const deps = world.deps()
  const redeemed: RedeemLink[] = []
  const adminLinks = {
    ...deps.adminLinks,
    redeem: async (order: RedeemLink) => {
      redeemed.push(order)
      return { kind: 'started', session: world.add(3, 'root'), now: nowMs } as const
    },
  }
  const gateway = { ...deps.browser.gateway, pageCookieOf: () => 'cfp_3' }
  const { app } = createHttp({ ...deps, adminLinks, browser: { ...deps.browser, gateway } })
  const use = (cookie: string) =>
    send(app, {
      method: 'POST',
      url: '/console/link',
      payload: 'token=cfl_x',
      headers: {
        ...{ cookie, accept: 'text/html', 'sec-fetch-site': 'same-origin' },
        'content-type': 'application/x-www-form-urlencoded',
      },
    })
  return { use, redeemed }
}

test('the session that the cookie led to before ends, for nothing leads to it any more (rule 27)', async () => {
  const { use, redeemed } = linked()
  const answer = await use('__Host-curfew-page=cfp_1')
  expect([answer.statusCode, answer.headers.location]).toEqual([303, './'])
  expect(answer.headers['set-cookie']).toMatch(/^__Host-curfew-page=cfp_3; /)
  expect(redeemed).toMatchObject([{ previous: [sidOf(1)] }])
})

test('one that the applications of this browser go on with stays', async () => {
  const { use, redeemed } = linked()
  await use('__Host-curfew-page=cfp_1; __Host-curfew=cfc_1')
  await use('__Host-curfew=cfc_1')
  expect(redeemed).toMatchObject([{ previous: [] }, { previous: [] }])
})
