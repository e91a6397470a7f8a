/* Forward auth under whatever anybody can send (C21): nothing makes it say yes, fall over or say two things. */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Stage } from '#test/gateway/proxy.ts'
import { conditions, described, rule } from '#test/gateway/requests.ts'
import { canonicalTarget } from './canonical.ts'
import type { Mode } from './original-request.ts'

const token = `cfc_${'A'.repeat(76)}`
let stage: Stage
beforeAll(async () => {
  const ops = { ...conditions, roles: ['ops'] }
  stage = await new Stage({
    rules: [
      rule({ paths: ['/open/**'], require: { kind: 'none' } }),
      rule({ paths: ['/admin/**'], require: ops }),
      rule(),
    ],
  }).listen()
})
afterAll(() => stage.close())

const modes = ['traefik', 'caddy', 'haproxy', 'nginx'] as const satisfies readonly Mode[]
const piece = fc.oneof(
  fc.constantFrom(
    '/',
    'open',
    'admin',
    '..',
    '.',
    '%2e',
    '%2f',
    '%5c',
    '\\',
    ';',
    '?',
    '#',
    '%',
    '%00',
  ),
  fc.constantFrom('%25', '//', ':', '@', ' ', '%c3%a9', '\u00e9', '%ff', 'x', '.curfew', 'http://'),
)
/** Without white space at its end, which is no part of a header's value. */
const target = fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`.trimEnd())
const value = fc.oneof(
  fc.constantFrom(
    '',
    ',',
    ';',
    '=',
    '__Host-curfew=',
    'Bearer',
    'Bearer x',
    'Basic Og==',
    'a=1; b',
  ),
  fc.constantFrom(
    `__Host-curfew=${token}`,
    'Bearer cfs_x',
    'Bearer a.b.c',
    '\u00ff',
    '/open/x',
    'OPTIONS',
  ),
)
const name = fc.constantFrom(
  ...[
    'Cookie',
    'Authorization',
    'Accept',
    'Origin',
    'Upgrade',
    'Sec-Fetch-Mode',
    'X-Requested-With',
  ],
  ...[
    'X-Forwarded-Uri',
    'X-Original-URL',
    'X-Forwarded-Method',
    'X_Auth_Request_User',
    'X-Auth-Request-User',
  ],
)
const headers = fc.array(fc.tuple(name, value), { maxLength: 4 }).map((pairs) => pairs.flat())

describe('whatever a proxy describes', () => {
  test('C21: only an open path and a preflight are 200 without a session', async () => {
    const asked = fc.record({
      mode: fc.constantFrom(...modes),
      method: fc.constantFrom('GET', 'POST', 'OPTIONS', 'get', 'G T', ''),
      ...{ target, headers },
    })
    await fc.assert(
      fc.asyncProperty(asked, async ({ mode, method, target, headers }) => {
        const all = [...described(mode, { method, target }), ...headers]
        const { status } = await stage.send(all, `/forward-auth?mode=${mode}`)
        expect([200, 302, 401, 403]).toContain(status)
        if (status !== 200) return
        const read = canonicalTarget(target)
        const open = read?.path.startsWith('/open/') === true && !read.suspicious
        expect(open || method === 'OPTIONS').toBe(true)
      }),
      { numRuns: 400 },
    )
    expect(stage.around.failures).toEqual([])
  })

  test('C21: a session opens nothing that asks for a role which it lacks', async () => {
    stage.around.live(token)
    const asked = fc.record({ mode: fc.constantFrom(...modes), target })
    await fc.assert(
      fc.asyncProperty(asked, async ({ mode, target }) => {
        const cookie = ['Cookie', `__Host-curfew=${token}`]
        const all = [...described(mode, { target }), ...cookie]
        const { status } = await stage.send(all, `/forward-auth?mode=${mode}`)
        const read = canonicalTarget(target)
        if (read === undefined) expect(status).toBe(403)
        else if (read.path.startsWith('/admin/')) expect(status).toBe(403)
        else expect([200, 302, 401, 403]).toContain(status)
      }),
      { numRuns: 300 },
    )
    expect(stage.around.failures).toEqual([])
  })
})
