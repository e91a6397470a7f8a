import fc from 'fast-check'
import { expect, test } from 'vitest'
import { basic, bearer, FakeWorld, send, sidOf } from './testing.ts'

const routes = [
  ['POST', '/sessions'],
  ['GET', '/sessions'],
  ['GET', '/users/{}/fence'],
  ['POST', '/oauth/token'],
  ['POST', '/oauth/revoke'],
  ['POST', '/oauth/introspect'],
  ['POST', '/logout'],
  ['POST', '/logout/all'],
  ['POST', '/logout/others'],
  ['DELETE', '/sessions/{}'],
  ['PATCH', '/sessions/{}'],
  ['GET', '/sessions/{}'],
  ['POST', '/sessions/{}/revoke'],
  ['POST', '/users/{}/revoke'],
  ['POST', '/users/{}/disable'],
  ['POST', '/users/{}/enable'],
  ['PATCH', '/users/{}'],
  ['GET', '/users/{}/sessions'],
  ['GET', '/admin/sessions'],
  ['GET', '/admin/overview'],
  ['GET', '/admin/activity'],
  ['GET', '/admin/followers'],
  ['GET', '/admin/effects'],
  ['POST', '/admin/effects/retry'],
  ['GET', '/admin/keys'],
  ['POST', '/admin/keys/rotate'],
  ['GET', '/sessions/revoked'],
] as const

const id = fc.oneof(fc.constantFrom(sidOf(1), 'alice', 'client:reader'), fc.string())
const credential = fc.constantFrom<Record<string, string>>(
  {},
  bearer('tok-1'),
  bearer('tok-2'),
  basic('backend'),
  basic('reader'),
  { token: 'cfs_1' },
  bearer('cfr_1'),
  { authorization: 'Basic !!!!' },
)
const member = fc.oneof(
  fc.constantFrom(
    'uid',
    'roles',
    'claims',
    'reason',
    'except',
    'device_name',
    'refresh_token',
    'ip',
    'ids',
    'target',
    'all',
    'now',
  ),
  fc.string(),
)
const json = fc
  .dictionary(member, fc.jsonValue(), { maxKeys: 5 })
  .map((body) => JSON.stringify(body))
const grant = fc.constantFrom('refresh_token', 'client_credentials', 'x')
const form = fc
  .tuple(
    grant,
    fc.dictionary(fc.constantFrom('client_id', 'token', 'refresh_token', 'scope'), fc.string()),
  )
  .map(([type, rest]) => new URLSearchParams({ grant_type: type, ...rest }).toString())
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array))
const body = fc.oneof(
  fc.record({ type: fc.constant('application/json'), payload: json }),
  fc.record({ type: fc.constant('application/x-www-form-urlencoded'), payload: form }),
  fc.record({
    type: fc.constantFrom('application/json', 'application/x-www-form-urlencoded', 'text/plain'),
    payload: bytes,
  }),
)
const query = fc.oneof(
  fc.constant(''),
  fc
    .dictionary(
      fc.constantFrom('since', 'limit', 'cursor', 'all', 'state', 'uid', 'search'),
      fc.string(),
    )
    .map((values) => `?${new URLSearchParams(values)}`),
)

test('whatever is sent to whatever route, the answer is never a 5xx and never a stack', async () => {
  const world = new FakeWorld()
  const app = world.app()
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...routes), id, query, credential, body, async (...parts) => {
      const [[method, path], text, search, headers, { type, payload }] = parts
      world.add(1, 'alice')
      world.add(2, 'root')
      const url = path.replace('{}', () => encodeURIComponent(text.toWellFormed())) + search
      const sent = method === 'GET' ? {} : { payload }
      const types: Record<string, string> = method === 'GET' ? {} : { 'content-type': type }
      const answer = await send(app, { method, url, headers: { ...headers, ...types }, ...sent })
      expect(answer.statusCode).toBeLessThan(500)
      expect(answer.body).not.toMatch(/ at .*:\d+|node_modules|Error:/)
      if (answer.statusCode >= 400) {
        const shape = path.startsWith('/oauth/') ? 'error' : 'code'
        expect(answer.json()).toHaveProperty(shape)
      }
    }),
    { numRuns: 400 },
  )
}, 60_000)

test('random paths and headers are answered as problems', async () => {
  const app = new FakeWorld().app()
  await fc.assert(
    fc.asyncProperty(
      fc.webPath(),
      fc.stringMatching(/^[\x20-\x7e]{0,60}$/),
      async (path, value) => {
        const headers = { authorization: value, token: value, 'if-none-match': value }
        const answer = await send(app, { url: path.startsWith('/') ? path : `/${path}`, headers })
        expect(answer.statusCode).toBeLessThan(500)
      },
    ),
    { numRuns: 200 },
  )
}, 60_000)
