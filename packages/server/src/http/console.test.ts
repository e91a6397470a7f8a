/* What an administrator's console is shown beside sessions. */
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { basic, bearer, FakeWorld, nowSeconds, send, sidOf } from './testing.ts'

const reads = ['/admin/effects', '/admin/keys']
const writes = ['/admin/effects/retry', '/admin/keys/rotate']
const operator = basic('operator')

const get = (world: FakeWorld, url: string, headers = operator) =>
  send(world.app(), { url, headers })
const post = (world: FakeWorld, url: string, payload: object, headers = operator) =>
  send(world.app(), { method: 'POST', url, headers, payload })

test('without the role admin each of them is 403, before anything is looked up', async () => {
  const world = new FakeWorld()
  world.add(1, 'alice')
  const app = world.app()
  const requests = [
    ...reads.map((url) => ({ method: 'GET', url }) as const),
    ...writes.map((url) => ({ method: 'POST', url, payload: { nonsense: 1 } }) as const),
  ]
  for (const request of requests) {
    for (const headers of [basic('reader'), basic('backend'), bearer('tok-1')]) {
      const answer = await send(app, { ...request, headers })
      expect(answer.statusCode, request.url).toBe(403)
      expect(answer.json()).toMatchObject({ code: 'forbidden', status: 403 })
    }
    expect((await send(app, request)).statusCode, request.url).toBe(401)
  }
  expect(world.calls.filter((call) => !['present', 'user'].includes(call))).toEqual([])
})

test('a store that is away makes each of them 503', async () => {
  const world = new FakeWorld()
  world.storeIsDown = true
  for (const url of reads) expect((await get(world, url)).statusCode, url).toBe(503)
  expect((await post(world, '/admin/effects/retry', { all: true })).statusCode).toBe(503)
  expect((await post(world, '/admin/keys/rotate', {})).statusCode).toBe(503)
})

test('an effect names the host of its webhook, and nothing else of the URL', async () => {
  const world = new FakeWorld()
  world.console.addEffect(1)
  world.console.addEffect(2, { target: 'wh_gone', state: 'failed', lastError: 'status 500' })
  world.console.addEffect(3, { kind: 'provider_revocation', target: 'main' })
  const { items } = (await get(world, '/admin/effects')).json()
  expect(items).toMatchObject([
    { id: 1, target_name: 'im.example.com', state: 'waiting', created_at: nowSeconds },
    { id: 2, target_name: null, state: 'failed', last_error: 'status 500' },
    { id: 3, target_name: 'main', kind: 'provider_revocation', sid: sidOf(1) },
  ])
  const failed = await get(world, '/admin/effects?state=failed&limit=1')
  expect(failed.json().items).toMatchObject([{ id: 2 }])
})

test('a state or a limit that there is not is 400', async () => {
  const world = new FakeWorld()
  for (const query of ['state=lost', 'limit=0', 'limit=1001', 'limit=x', 'of=1']) {
    expect((await get(world, `/admin/effects?${query}`)).statusCode, query).toBe(400)
  }
})

test('a retry takes ids, or a target, or all: exactly one of them', async () => {
  const world = new FakeWorld()
  world.console.addEffect(1)
  for (const body of [{ ids: [1] }, { target: 'wh_a' }, { all: true }]) {
    const answer = await post(world, '/admin/effects/retry', body)
    expect(answer.json(), answer.body).toEqual({ retried: 1 })
  }
  const mistakes = [
    {},
    { ids: [] },
    { ids: ['1'] },
    { ids: [0] },
    { all: false },
    { all: true, ids: [1] },
  ]
  for (const body of mistakes) {
    const answer = await post(world, '/admin/effects/retry', body)
    expect(answer.statusCode, JSON.stringify(body)).toBe(400)
  }
  expect(world.console.retries).toEqual([
    { by: 'id', ids: [1] },
    { by: 'target', target: 'wh_a' },
    { by: 'all' },
  ])
})

test('a rotation is published at once and signs later, or at once if asked', async () => {
  const world = new FakeWorld()
  const later = await post(world, '/admin/keys/rotate', {})
  expect(later.json()).toEqual({ kid: 'k2', activates_at: nowSeconds + 600 })
  const now = await post(world, '/admin/keys/rotate', { now: true })
  expect(now.json()).toEqual({ kid: 'k3', activates_at: nowSeconds })
  const { signing_keys: keys, secrets } = (await get(world, '/admin/keys')).json()
  expect(keys).toMatchObject([
    { kid: 'k3', state: 'signing' },
    { kid: 'k2', state: 'published' },
    { kid: 'k1', state: 'replaced' },
  ])
  const secret = { key_id: 'aaaa', held: true, current: true, activates_at: nowSeconds }
  expect(secrets).toEqual([secret])
})

test('sessions are told as server-sent events, as the list has them, and HEAD opens no stream', async () => {
  const world = new FakeWorld()
  world.add(1, 'root', ['admin'])
  const app = world.app({ keepAliveMs: 5 })
  onTestFinished(() => app.close())
  await Promise.resolve(app.listen({ port: 0, host: '127.0.0.1' }))
  const { port } = app.server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/admin/events`
  const head = await fetch(url, { method: 'HEAD', headers: bearer('tok-1') })
  expect(head.headers.get('content-type')).toContain('text/event-stream')
  const response = await fetch(url, { headers: bearer('tok-1') })
  expect(response.status).toBe(200)
  const chunks = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const read = async (wanted: string) => {
    for (;;) {
      const { value, done } = (await chunks?.read()) ?? { value: undefined, done: true }
      if (done) return false
      text += value
      if (text.includes(wanted)) return true
    }
  }
  world.add(2, 'alice')
  expect(await read('\n\n: keepalive')).toBe(true)
  while (!text.includes('event: session')) await read('\n\n')
  const { items } = (await get(world, '/admin/sessions')).json()
  const told = JSON.parse(/event: session\ndata: (.*)\n\n/.exec(text)?.[1] ?? '')
  expect(told).toEqual(items.find((item: { sid: string }) => item.sid === sidOf(2)))
  // The administrator's session ends: the next sign of life closes the stream.
  world.end(1)
  expect(await read('never said')).toBe(false)
})
