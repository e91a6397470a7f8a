/* The four adapters, one suite: what a client of a service sees is the same whoever serves it. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FakeCurfew, json, newSid, until } from '../test/fake-curfew.ts'
import { running } from '../test/running.ts'
import { curfew as expressCurfew, sessionOf as expressSession } from './express.ts'
import { curfew as fastifyCurfew, sessionOf as fastifySession } from './fastify.ts'
import { curfew as fetchCurfew, problem } from './fetch.ts'
import type { GateOptions } from './gate.ts'
import { curfew as honoCurfew } from './hono.ts'
import type { Verifier } from './verifier.ts'

/** A service with one route that answers who is asking. */
type Ask = (headers: Record<string, string>) => Promise<Response>
type Serve = (verifier: Verifier, options: GateOptions) => Promise<Ask>

let closing: (() => Promise<unknown>)[] = []
let curfew: FakeCurfew

beforeEach(async () => {
  curfew = await FakeCurfew.start()
})
afterEach(async () => {
  for (const close of closing) await close()
  closing = []
})

async function listen(server: Server): Promise<Ask> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
  const { port } = server.address() as AddressInfo
  return (headers) => fetch(`http://127.0.0.1:${port}/`, { headers })
}

const nobody = { sub: 'nobody' }

const servers: Readonly<Record<string, Serve>> = {
  async express(verifier, options) {
    const app = express()
    app.use(expressCurfew(verifier, options))
    // Otherwise Express prints what went wrong.
    app.set('env', 'test')
    app.get('/', (request, response) => {
      const { sub } =
        options.optional === true ? (request.curfew ?? nobody) : expressSession(request)
      response.json({ sub })
    })
    return await listen(createServer(app))
  },
  async fastify(verifier, options) {
    const app = fastify()
    app.get('/', { onRequest: fastifyCurfew(verifier, options) }, async (request) => {
      const { sub } =
        options.optional === true ? (request.curfew ?? nobody) : fastifySession(request)
      return { sub }
    })
    await app.ready()
    closing.push(() => app.close())
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    return (headers) => fetch(url, { headers })
  },
  async hono(verifier, options) {
    const app = new Hono()
    app.onError((_error, c) => c.text('broken', 500))
    app.get('/', honoCurfew(verifier, options), (c) =>
      c.json({ sub: c.get('curfew')?.sub ?? 'nobody' }),
    )
    return async (headers) => await app.request('/', { headers })
  },
  async fetch(verifier, options) {
    const sessionFrom = fetchCurfew(verifier, options)
    return async (headers) => {
      try {
        const session = await sessionFrom(new Request('https://api.example.com/', { headers }))
        return Response.json({ sub: session?.sub ?? 'nobody' })
      } catch (error) {
        return problem(error)
      }
    }
  },
}

describe.each(Object.entries(servers))('behind the adapter for %s', (_name, serve) => {
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

  async function start(options: GateOptions = {}): Promise<{ ask: Ask; verifier: Verifier }> {
    const verifier = await running(curfew, { maxStaleness: '60s' })
    return { ask: await serve(verifier, options), verifier }
  }

  test('a good token reaches the route with its session', async () => {
    const { ask } = await start()
    const answer = await ask(bearer(await curfew.token({ sub: 'main:bob' })))
    expect(answer.status).toBe(200)
    expect(await answer.json()).toEqual({ sub: 'main:bob' })
  })

  test('a missing and a bad token are 401, each with its challenge', async () => {
    const { ask } = await start()
    const missing = await ask({})
    expect(missing.status).toBe(401)
    expect(missing.headers.get('www-authenticate')).toBe('Bearer')
    expect(missing.headers.get('content-type')).toMatch(/^application\/problem\+json/)
    expect(missing.headers.get('cache-control')).toBe('no-store')
    expect(await missing.json()).toEqual({
      type: 'urn:curfew:problem:missing',
      code: 'missing',
      title: 'Unauthorized',
      status: 401,
      detail: 'The request carries no bearer token.',
    })
    const bad = await ask(bearer('x.y.z'))
    expect(bad.status).toBe(401)
    expect(bad.headers.get('www-authenticate')).toMatch(
      /^Bearer error="invalid_token", error_description="[^"]+"$/,
    )
    expect(await bad.json()).toMatchObject({ code: 'malformed' })
  })

  test('an ended session is 401, and staleness is 503 with Retry-After', async () => {
    const { ask, verifier } = await start()
    const sid = newSid()
    const [dead, live] = [await curfew.token({ sid }), await curfew.token()]
    expect((await ask(bearer(dead))).status).toBe(200)
    await until(() => verifier.metrics.streamOpen)
    curfew.end(sid)
    await until(() => verifier.status.denied === 1)
    const ended = await ask(bearer(dead))
    expect(ended.status).toBe(401)
    expect(await ended.json()).toMatchObject({ code: 'ended' })
    curfew.spoil = (path, answer) => (path === 'feed' ? json({}, 503) : answer())
    await curfew.timing.pass(61_000)
    const stale = await ask(bearer(live))
    expect(stale.status).toBe(503)
    expect(stale.headers.get('retry-after')).toBe('5')
    expect(stale.headers.get('www-authenticate')).toBeNull()
    expect(await stale.json()).toMatchObject({ code: 'stale' })
  })

  test('roles are any of, allRoles are all of, else 403', async () => {
    const token = await curfew.token({ claims: { roles: ['pilot', 'ops'] } })
    const cases: [GateOptions, number][] = [
      [{ roles: ['ops', 'admin'] }, 200],
      [{ roles: ['admin'] }, 403],
      [{ roles: [] }, 403],
      [{ allRoles: ['pilot', 'ops'] }, 200],
      [{ allRoles: ['pilot', 'admin'] }, 403],
      [{ roles: ['ops'], allRoles: ['admin'] }, 403],
    ]
    const verifier = await running(curfew)
    for (const [options, status] of cases) {
      const ask = await serve(verifier, options)
      const answer = await ask(bearer(token))
      expect([options, answer.status]).toEqual([options, status])
      if (status === 403) {
        const challenge = answer.headers.get('www-authenticate')
        expect(challenge).toBe('Bearer error="insufficient_scope"')
        expect(await answer.json()).toMatchObject({ code: 'forbidden', status: 403 })
      }
    }
  })

  test('optional lets a request without a token pass, and none with a bad one', async () => {
    const { ask } = await start({ optional: true, roles: ['pilot'] })
    expect(await (await ask({})).json()).toEqual({ sub: 'nobody' })
    expect((await ask(bearer('x'))).status).toBe(401)
    expect((await ask(bearer(await curfew.token({ claims: { roles: [] } })))).status).toBe(403)
    expect(await (await ask(bearer(await curfew.token()))).json()).toEqual({ sub: 'main:alice' })
  })

  test('what is no refusal is an error of the service', async () => {
    const broken = { authenticate: () => Promise.reject(new Error('a bug')) }
    const ask = await serve(broken as unknown as Verifier, {})
    const status = await ask({}).then(
      (answer) => answer.status,
      () => 500,
    )
    expect(status).toBe(500)
  })
})

test('a refusal in Hono keeps the headers that others have set', async () => {
  const verifier = await running(curfew)
  const app = new Hono()
  app.use(async (c, next) => {
    c.header('x-request-id', '7')
    await next()
  })
  app.get('/', honoCurfew(verifier), (c) => c.text('in'))
  const answer = await app.request('/')
  expect(answer.status).toBe(401)
  expect(answer.headers.get('x-request-id')).toBe('7')
  expect(answer.headers.get('www-authenticate')).toBe('Bearer')
})

test('a route that is not behind curfew() is a mistake that is said', () => {
  expect(() => expressSession({})).toThrow('not behind curfew()')
  expect(() => fastifySession({})).toThrow('not behind curfew()')
})
