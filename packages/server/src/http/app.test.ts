import { expect, test } from 'vitest'
import { basic, bearer, FakeWorld, sidOf } from './testing.ts'

test('a session is started, used, ended and dead', async () => {
  const world = new FakeWorld()
  world.add(1, 'alice')
  const app = world.app()
  const started = await app.inject({
    method: 'POST',
    url: '/sessions',
    headers: basic('backend'),
    payload: { uid: 'bob', roles: ['pilot'] },
  })
  expect(started.json()).toMatchObject({ token_type: 'Bearer', session_token: 'cfs_new' })
  expect(started.statusCode).toBe(201)
  const list = await app.inject({ url: '/sessions', headers: bearer('tok-1') })
  expect(list.json().items[0]).toMatchObject({ sid: sidOf(1), current: true })
  const out = await app.inject({ method: 'POST', url: '/logout', headers: bearer('tok-1') })
  expect(out.json()).toEqual({ revoked: true, already_revoked: false, sid: sidOf(1) })
  const dead = await app.inject({ url: '/sessions', headers: bearer('tok-1') })
  expect(dead.statusCode).toBe(401)
  expect(dead.json()).toMatchObject({ code: 'session_ended', revoked_reason: 'user_logout' })
  const openapi = await app.inject({ url: '/openapi.json' })
  expect(Object.keys(openapi.json().paths).length).toBeGreaterThan(10)
})
