/* What an administrator's console is shown beside sessions. */
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { Replica } from '#authority'
import { type ClientId, type Epoch, instant } from '#domain'
import { KeysOutrun } from '#tokens'
import { createHttp } from './app.ts'
import { basic, bearer, FakeWorld, nowMs, nowSeconds, send, sidOf } from './testing.ts'

const reads = [
  '/admin/overview',
  '/admin/activity',
  '/admin/followers',
  '/admin/events',
  '/admin/effects',
  '/admin/keys',
]
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

test('a rotation that others outran is 503 with words, and may be repeated', async () => {
  const world = new FakeWorld()
  const deps = world.deps()
  const rotate = () => Promise.reject(new KeysOutrun())
  const signingKeys = { ...deps.admin.keys.signingKeys, rotate }
  const admin = { ...deps.admin, keys: { ...deps.admin.keys, signingKeys } }
  const { app } = createHttp({ ...deps, admin })
  const order = {
    method: 'POST',
    url: '/admin/keys/rotate',
    headers: operator,
    payload: {},
  } as const
  const answer = await send(app, order)
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1'])
  expect(answer.json().detail).toContain('Others keep adding signing keys')
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

test('the overview counts, and asks the store once for all who look within ten seconds', async () => {
  const world = new FakeWorld()
  world.add(1, 'alice')
  world.add(2, 'bob')
  world.end(2)
  const of = (kind: 'webhook' | 'provider_revocation', waiting: number, givenUp: number) =>
    ({ kind, waiting, givenUp, oldestMs: null }) as const
  world.console.waiting = [of('webhook', 3, 1), of('provider_revocation', 2, 0)]
  const at = nowMs
  world.console.activity = {
    from: nowMs,
    counts: [
      { at, kind: 'started', detail: '', count: 4 },
      { at, kind: 'ended', detail: 'user_logout', count: 2 },
      { at, kind: 'ended', detail: 'expired', count: 1 },
    ],
  }
  const app = world.app()
  const asked = [1, 2, 3].map(() => send(app, { url: '/admin/overview', headers: operator }))
  for (const answer of await Promise.all(asked)) {
    expect(answer.json()).toEqual({
      ...{ now: nowSeconds, live_sessions: 1, started_last_hour: 4, ended_last_hour: 3 },
      ...{ effects_waiting: 5, effects_given_up: 1 },
    })
  }
  await send(app, { url: '/admin/overview', headers: operator })
  expect(world.calls.filter((call) => call === 'countUnended').length).toBeLessThan(3)
})

test.each([
  ['60', 60, 60],
  ['1440', 144, 600],
  ['10080', 168, 3600],
])(
  'the activity of %s minutes has %i steps of %i s, also the empty ones',
  async (minutes, steps, step) => {
    const world = new FakeWorld()
    const second = instant(nowMs + step * 1000)
    world.console.activity = {
      from: nowMs,
      counts: [
        { at: second, kind: 'refreshed', detail: '', count: 9 },
        { at: second, kind: 'ended', detail: 'user_logout', count: 3 },
        { at: second, kind: 'ended', detail: 'stolen', count: 1 },
      ],
    }
    const body = (await get(world, `/admin/activity?minutes=${minutes}`)).json()
    expect(body).toMatchObject({ from: nowSeconds, step_seconds: step })
    expect(body.items).toHaveLength(steps)
    const none = { started: 0, refreshed: 0, ended: 0, reasons: {} }
    expect(body.items[0]).toEqual({ at: nowSeconds, ...none })
    const reasons = { user_logout: 3, stolen: 1 }
    const item = { at: nowSeconds + step, started: 0, refreshed: 9, ended: 4, reasons }
    expect(body.items[1]).toEqual(item)
  },
)

test('reasons beyond twenty of an administrator’s own are other', async () => {
  const world = new FakeWorld()
  const own = Array.from({ length: 30 }, (_, n) => `own_${n}`)
  const count = (detail: string, at: number) =>
    ({ at: nowMs, kind: 'ended', detail, count: 100 - at }) as const
  world.console.activity = { from: nowMs, counts: ['expired', ...own].map(count) }
  const [item] = (await get(world, '/admin/activity')).json().items
  expect(Object.keys(item.reasons)).toHaveLength(22)
  expect(item.reasons).toMatchObject({ expired: 100, own_0: 99, own_19: 80 })
  const told = Object.values<number>(item.reasons).reduce((sum, one) => sum + one, 0)
  expect(told).toBe(item.ended)
})

test('a reason may be called like a member of every object', async () => {
  const world = new FakeWorld()
  const names = ['constructor', '__proto__', 'valueof']
  const counts = names.map((detail) => ({ at: nowMs, kind: 'ended', detail, count: 2 }) as const)
  world.console.activity = { from: nowMs, counts: [...counts, ...counts] }
  const answer = await get(world, '/admin/activity')
  expect(answer.statusCode).toBe(200)
  expect(Object.entries(answer.json().items[0].reasons)).toEqual(names.map((name) => [name, 4]))
})

test('minutes are one of three', async () => {
  const world = new FakeWorld()
  for (const minutes of ['0', '61', '-60', '60.0', '']) {
    const answer = await get(world, `/admin/activity?minutes=${minutes}`)
    expect(answer.statusCode, minutes).toBe(400)
  }
})

test('followers say how far behind the head they are, and of whom it is not known', async () => {
  const world = new FakeWorld()
  const at = (seq: number, epoch = 'abcd') => ({ epoch: epoch as Epoch, seq })
  const reader = { clientId: 'reader' as ClientId, address: '192.0.2.1', userAgent: 'sdk/1' }
  const pull = (seq: number, seenAt: number) =>
    ({ ...reader, via: 'pull', cursor: at(seq), seenAt: instant(seenAt) }) as const
  const streamer = { ...reader, userAgent: 'sdk/2' }
  const stream = { ...pull(10, nowMs), ...streamer, via: 'stream' } as const
  // It pulls as well, to be sure; that is not told.
  const beside = { ...pull(2, nowMs), ...streamer }
  const replica = (id: string, more: Partial<Replica>): Replica => ({
    ...{ id, host: 'node', pid: 7, worker: null, version: '0.1.0', startedAt: nowMs },
    ...{ seenAt: nowMs, cursor: at(10), lagMs: 12, ready: true, streams: 1, verifiers: [] },
    ...more,
  })
  world.console.followers = {
    ...world.console.followers,
    replicas: [
      replica('a', { verifiers: [pull(4, nowMs - 5000), stream, stream, beside] }),
      replica('b', { cursor: at(10, 'other'), verifiers: [pull(7, nowMs)] }),
      replica('c', { cursor: null, ready: false, worker: 2 }),
    ],
  }
  const body = (await get(world, '/admin/followers')).json()
  expect(body).toMatchObject({ head: 'abcd.10', now: nowSeconds })
  const behind = body.replicas.map((one: { behind: number | null }) => one.behind)
  expect(behind).toEqual([0, null, null])
  expect(body.replicas[2]).toMatchObject({ id: 'c', cursor: null, ready: false, worker: 2 })
  expect(body.verifiers).toMatchObject([
    { client_id: 'reader', via: 'pull', cursor: 'abcd.7', behind: 3, seen_at: nowSeconds },
    { via: 'stream', behind: 0 },
    { via: 'stream', behind: 0 },
  ])
  // The newest two are so young that nobody can have said more.
  world.console.followers = { ...world.console.followers, unreported: 2 }
  const young = (await get(world, '/admin/followers')).json()
  expect(young.verifiers.map((one: { behind: number }) => one.behind)).toEqual([1, 0, 0])
})

test('whoever reads the feed is seen: by client, address and user agent, and never by uid or sid', async () => {
  const world = new FakeWorld()
  world.add(1, 'root')
  const { app, presence } = createHttp(world.deps())
  const headers = { 'user-agent': 'sdk/1', ...operator }
  const pull = (of: Record<string, string>) =>
    send(app, { url: '/sessions/revoked', headers: { ...headers, ...of } })
  expect((await pull(basic('reader'))).statusCode).toBe(200)
  await pull(basic('reader'))
  await pull(bearer('tok-1'))
  const seen = presence(null)
  expect(seen.verifiers).toMatchObject([
    { clientId: 'reader', address: '127.0.0.1', userAgent: 'sdk/1', via: 'pull', seenAt: nowMs },
    { clientId: expect.any(String), via: 'pull' },
  ])
  expect(JSON.stringify(seen)).not.toMatch(/root|019b76da/)
})
