import { describe, expect, test } from 'vitest'
import { basic, bearer, FakeWorld, send } from './testing.ts'

function worldOfOne(settings: Parameters<FakeWorld['app']>[0] = {}) {
  const world = new FakeWorld()
  world.add(1, 'alice')
  return { world, app: world.app(settings) }
}

const json = { 'content-type': 'application/json' }

describe('paths and methods', () => {
  test.each(['/nothing', '/sessions/', '/logout/', '/oauth/none', '//sessions', '/Sessions'])(
    '%s is 404 as a problem',
    async (url) => {
      const answer = await send(worldOfOne().app, { url, headers: bearer('tok-1') })
      expect(answer.statusCode).toBe(404)
      expect(answer.json()).toMatchObject({ code: 'not_found', status: 404 })
    },
  )

  test.each([
    ['PUT', '/sessions', 'GET, HEAD, POST'],
    ['GET', '/logout', 'POST'],
    ['POST', '/sessions/revoked', 'DELETE, GET, HEAD, PATCH'],
    ['DELETE', '/users/bob', 'GET, HEAD, PATCH'],
    ['POST', '/.well-known/jwks.json', 'GET, HEAD'],
    ['OPTIONS', '/healthz', 'GET, HEAD'],
  ] as const)('%s %s is 405 with Allow', async (method, url, allow) => {
    const answer = await send(worldOfOne().app, { method, url })
    expect(answer.statusCode).toBe(405)
    expect(answer.headers['allow']).toBe(allow)
    expect(answer.json().code).toBe('method_not_allowed')
  })

  test('GET /oauth/token is 405 in the words of RFC 6749', async () => {
    const answer = await send(worldOfOne().app, { url: '/oauth/token?client_secret=x' })
    expect(answer.statusCode).toBe(405)
    expect(answer.headers['allow']).toBe('POST')
    expect(answer.json().error).toBe('invalid_request')
  })

  test.each(['/sessions', '/'])('HEAD %s answers like GET, without a body', async (url) => {
    const headers = bearer('tok-1')
    const answer = await send(worldOfOne().app, { method: 'HEAD', url, headers })
    expect(answer.statusCode).toBe(200)
    expect(answer.body).toBe('')
  })

  test('a path that cannot be decoded is 400', async () => {
    const answer = await send(worldOfOne().app, { url: '/users/%zz/fence' })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().code).toBe('invalid_request')
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
  })

  test('all routes lie below the path of publicUrl', async () => {
    const { app } = worldOfOne({ publicUrl: 'https://example.com/auth' })
    expect((await send(app, { url: '/auth/healthz' })).statusCode).toBe(200)
    expect((await send(app, { url: '/healthz' })).statusCode).toBe(404)
    expect((await send(app, { url: '/auth/oauth/token' })).json().error).toBe('invalid_request')
    const inserted = await send(app, { url: '/.well-known/oauth-authorization-server/auth' })
    expect(inserted.json().token_endpoint).toBe('https://example.com/auth/oauth/token')
  })
})

describe('bodies', () => {
  const post = (payload: string | Buffer, headers: Record<string, string> = json) =>
    send(worldOfOne().app, {
      method: 'POST',
      url: '/logout/all',
      headers: { ...bearer('tok-1'), ...headers },
      payload,
    })

  test.each([
    ['text/plain', '{}', 415, 'unsupported_media_type'],
    ['application/x-www-form-urlencoded', 'a=b', 415, 'unsupported_media_type'],
    ['nonsense', '{}', 415, 'unsupported_media_type'],
    ['application/json', '{', 400, 'malformed_body'],
    ['application/json', '{"__proto__": 1}', 400, 'malformed_body'],
    // RFC 8259, section 8.1: else each unreadable byte is the same character, and two names are one.
    ['application/json', Buffer.from('{"extra": "\xff"}', 'latin1'), 400, 'malformed_body'],
    ['application/json', '[]', 400, 'invalid_request'],
    ['application/json', 'null', 400, 'invalid_request'],
    ['application/json', '{"extra": 1}', 400, 'invalid_request'],
  ])('%s %s is %i %s', async (type, payload, status, code) => {
    const answer = await post(payload, { 'content-type': type })
    expect(answer.statusCode).toBe(status)
    expect(answer.json().code).toBe(code)
    expect(answer.headers['content-type']).toBe('application/problem+json')
  })

  test('an empty one counts as {}, with and without a content type', async () => {
    expect((await post('')).statusCode).toBe(200)
    expect((await post(' \n')).statusCode).toBe(200)
    expect((await post('', {})).statusCode).toBe(200)
  })

  test('a large one is 413', async () => {
    const answer = await post(JSON.stringify({ extra: 'x'.repeat(70_000) }))
    expect(answer.statusCode).toBe(413)
    expect(answer.json().code).toBe('body_too_large')
  })

  test('all mistakes are named at once, by JSON pointers', async () => {
    const answer = await send(worldOfOne().app, {
      method: 'POST',
      url: '/sessions',
      headers: basic('backend'),
      payload: {
        uid: 'client:backend',
        ip: 'nowhere',
        device_name: 'x'.repeat(513),
        auth_time: 4_000_000_000,
        roles: ['a b', 7],
        claims: { sub: 'root', ok: 1 },
        'odd/name': 1,
        fence: -1,
        reuse: 'no',
      },
    })
    expect(answer.statusCode).toBe(400)
    const pointers = answer.json().errors.map((one: { pointer: string }) => one.pointer)
    expect(pointers.toSorted()).toEqual([
      '/auth_time',
      '/claims/sub',
      '/device_name',
      '/fence',
      '/ip',
      '/odd~1name',
      '/reuse',
      '/roles/0',
      '/roles/1',
      '/uid',
    ])
    expect(answer.body).not.toContain('nowhere')
  })

  test('a body that is no UTF-8 is 400: it would be taken for another text', async () => {
    const { app } = worldOfOne()
    const payload = Buffer.from('{"uid":"b\u00f6b"}', 'latin1')
    const headers = { ...basic('backend'), ...json }
    const answer = await send(app, { method: 'POST', url: '/sessions', headers, payload })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().code).toBe('malformed_body')
  })

  test.each([
    ['/sessions', 'application/json', 415],
    ['/oauth/token', 'application/x-www-form-urlencoded', 400],
  ])(
    'RFC 9110, 15.5.16: a packed body at %s is refused, and the answer says what is taken',
    async (url, type, status) => {
      const { app } = worldOfOne()
      const headers = { ...basic('backend'), 'content-type': type }
      const ask = (coding: string) => {
        const coded = { ...headers, 'content-encoding': coding }
        return send(app, { method: 'POST', url, headers: coded, payload: '{"uid":"bob"}' })
      }
      const packed = await ask('gzip')
      expect(packed.statusCode).toBe(status)
      expect(packed.headers['accept-encoding']).toBe('identity')
      expect((await ask('identity')).headers['accept-encoding']).toBeUndefined()
    },
  )

  test('claims are at most 4 KB, and text has no control characters', async () => {
    const start = (more: object) =>
      send(worldOfOne().app, {
        method: 'POST',
        url: '/sessions',
        headers: basic('backend'),
        payload: { uid: 'bob', ...more },
      })
    expect((await start({ claims: { note: 'x'.repeat(4000) } })).statusCode).toBe(201)
    expect((await start({ claims: { note: 'x'.repeat(4100) } })).statusCode).toBe(400)
    expect((await start({ device_name: 'a\u0000b' })).statusCode).toBe(400)
    expect((await start({ device_name: 'a\ud800b' })).statusCode).toBe(400)
    expect((await start({ device_name: 'Zoë 🚲' })).statusCode).toBe(201)
  })
})

describe('answers', () => {
  test('all have the security headers, and none is stored by default', async () => {
    const { app } = worldOfOne()
    for (const url of ['/healthz', '/nothing', '/sessions']) {
      const { headers } = await send(app, { url })
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      })
    }
  })

  test('an unexpected error is 500 with a reference that is in the log, and nothing else', async () => {
    const { world } = worldOfOne()
    const deps = world.deps()
    const broken = {
      ...deps.authority,
      present: async () => {
        throw new Error('cfs_secret leaked at stack')
      },
    }
    const { createHttp } = await import('./app.ts')
    const { app } = createHttp({ ...deps, authority: broken })
    const answer = await send(app, { url: '/sessions', headers: bearer('tok-1') })
    expect(answer.statusCode).toBe(500)
    expect(answer.json().code).toBe('internal')
    expect(answer.body).not.toMatch(/secret|stack|at /)
    const { reference } = answer.json()
    expect(JSON.stringify(world.logged)).toContain(reference)
  })

  test('one line is logged for a request: the pattern, never the path, a query or a header', async () => {
    const { world, app } = worldOfOne()
    await send(app, { url: '/users/alice/sessions?limit=7&since=secret', headers: bearer('tok-1') })
    const lines = world.logged.map((line) => JSON.stringify(line))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain('/users/:uid/sessions')
    expect(lines[0]).toContain('"status":403')
    expect(lines[0]).not.toMatch(/alice|secret|tok-1|limit/)
  })

  test('repeated and unknown query parameters are 400', async () => {
    const { app } = worldOfOne()
    const ask = (query: string) =>
      send(app, { url: `/sessions?${query}`, headers: bearer('tok-1') })
    for (const query of [
      'limit=1&limit=2',
      'limit=0',
      'limit=201',
      'limit=x',
      'limit=',
      'other=1',
      'cursor=!',
    ]) {
      const answer = await ask(query)
      expect(answer.statusCode).toBe(400)
      expect(answer.json().errors[0].in).toBe('query')
    }
    expect((await ask('limit=200')).statusCode).toBe(200)
  })
})

describe('CORS', () => {
  test('only configured origins are allowed, without credentials', async () => {
    const { world, app } = worldOfOne()
    world.origins.add('https://app.example.com')
    const ask = (origin: string) => send(app, { url: '/healthz', headers: { origin } })
    const allowed = await ask('https://app.example.com')
    expect(allowed.headers['access-control-allow-origin']).toBe('https://app.example.com')
    expect(allowed.headers['access-control-allow-credentials']).toBeUndefined()
    expect(allowed.headers['vary']).toContain('Origin')
    const other = await ask('https://evil.example')
    expect(other.headers['access-control-allow-origin']).toBeUndefined()
  })

  test('a preflight is answered for them, also with errors readable', async () => {
    const { world, app } = worldOfOne()
    world.origins.add('https://app.example.com')
    const headers = {
      origin: 'https://app.example.com',
      'access-control-request-method': 'PATCH',
      'access-control-request-headers': 'authorization',
    }
    const preflight = await send(app, { method: 'OPTIONS', url: '/sessions', headers })
    expect(preflight.statusCode).toBe(204)
    expect(preflight.headers['access-control-allow-methods']).toContain('PATCH')
    expect(preflight.headers['access-control-allow-headers']).toBe('authorization')
    const refused = await send(app, { url: '/sessions', headers: { origin: headers.origin } })
    expect(refused.statusCode).toBe(401)
    expect(refused.headers['access-control-allow-origin']).toBe('https://app.example.com')
  })
})
