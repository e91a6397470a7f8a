import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { afterEach, expect, test } from 'vitest'
import type { Epoch, EpochSeconds, TokenId } from '#domain'
import type { FeedEvent } from './deps.ts'
import { basic, bearer, FakeWorld, nowMs, nowSeconds, quiet, send, sidOf } from './testing.ts'

const epoch = 'abcd' as Epoch
const opened: FastifyInstance[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((app) => app.close()))
})

async function listening(world: FakeWorld, settings = {}) {
  const app = world.app({ keepAliveMs: 5, ...settings })
  opened.push(app)
  await Promise.resolve(app.listen({ port: 0, host: '127.0.0.1' }))
  const { port } = app.server.address() as AddressInfo
  const open = async (query = '', headers: Record<string, string> = basic('reader')) => {
    const url = `http://127.0.0.1:${port}/sessions/revoked/stream${query}`
    const response = await fetch(url, { headers })
    return { response, text: reader(response) }
  }
  return { app, open }
}

/** Reads until the text holds `wanted`, or the stream ends. */
function reader(response: Response) {
  const chunks = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  return async (wanted: string | null): Promise<string> => {
    while (chunks !== undefined && (wanted === null || !text.includes(wanted))) {
      const { value, done } = await chunks.read()
      if (done) break
      text += value
    }
    return text
  }
}

function entryEvent(seq: number): FeedEvent {
  const entry = {
    ...{ seq, sid: sidOf(seq), jti: 'jti-1' as TokenId, at: nowMs },
    exp: (nowSeconds + 300) as EpochSeconds,
  }
  return { kind: 'entry', cursor: { epoch, seq }, entry }
}

function source(events: readonly FeedEvent[]) {
  return async function* (signal: AbortSignal): AsyncGenerator<FeedEvent> {
    yield* events
    yield* quiet(signal)
  }
}

test('ends are events whose id is the cursor, and a reset is told', async () => {
  const world = new FakeWorld()
  world.events = source([{ kind: 'reset', cursor: { epoch, seq: 1 } }, entryEvent(2)])
  const { open } = await listening(world)
  const { response, text } = await open()
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  const got = await text('abcd.2')
  expect(got).toContain('id: abcd.1\nevent: reset\ndata: {}\n\n')
  const data = JSON.stringify({ jti: 'jti-1', sid: sidOf(2), exp: nowSeconds + 300 })
  expect(await text('\n\n: keepalive')).toContain(`id: abcd.2\ndata: ${data}\n\n`)
})

test('Last-Event-ID wins over since; a malformed one is 400', async () => {
  const world = new FakeWorld()
  const deps = world.deps()
  const asked: unknown[] = []
  const events = {
    open: (options: { position: unknown; signal: AbortSignal }) => {
      asked.push(options.position)
      return source([])(AbortSignal.abort())
    },
  }
  const { createHttp } = await import('./app.ts')
  const { app } = createHttp({ ...deps, events })
  const ask = (id: string) =>
    send(app, {
      url: '/sessions/revoked/stream?since=5',
      headers: { ...basic('reader'), 'last-event-id': id },
    })
  await ask('abcd.9')
  await ask('')
  expect(asked).toEqual([
    { kind: 'cursor', cursor: { epoch, seq: 9 } },
    { kind: 'since', seconds: 5 },
  ])
  expect((await ask('what')).statusCode).toBe(400)
})

test('the stream closes when its caller may no longer read', async () => {
  const world = new FakeWorld()
  world.add(1, 'client:reader')
  const { open } = await listening(world)
  const { text } = await open('', bearer('tok-1'))
  expect(await text(': keepalive')).toContain(': keepalive')
  world.end(1)
  expect(await text(null)).not.toContain('data:')
})

test('rule 15 audience: a stream by the cookie of our pages is looked at again as well', async () => {
  const world = new FakeWorld()
  world.add(3, 'root')
  const { open } = await listening(world)
  const { text } = await open('', { cookie: '__Host-curfew-page=cfp_3' })
  expect(await text(': keepalive\n\n: keepalive')).toContain(': keepalive')
  world.end(3)
  expect(await text(null)).not.toContain('data:')
})

test('an outage closes no stream, but opens none', async () => {
  const world = new FakeWorld()
  const { app, open } = await listening(world)
  const { text } = await open()
  await text(': keepalive\n\n: keepalive')
  world.storeIsDown = true
  const more = (await text(': keepalive\n\n: keepalive\n\n: keepalive\n\n: keepalive')).length
  expect(more).toBeGreaterThan(0)
  const refused = await send(app, { url: '/sessions/revoked/stream', headers: basic('reader') })
  expect(refused.statusCode).toBe(503)
})

test('rule 37 limits: so many event streams for a caller, so many in all', async () => {
  const world = new FakeWorld()
  const { open } = await listening(world)
  const statuses: number[] = []
  for (const client of ['reader', 'reader', 'reader', 'operator', 'operator']) {
    statuses.push((await open('', basic(client))).response.status)
  }
  expect(statuses).toEqual([200, 200, 429, 200, 429])
  const metrics = await world.metrics.text()
  expect(metrics).toContain('curfew_rate_limited_total{limit="eventStreamsPerCaller"} 1')
  expect(metrics).toContain('curfew_rate_limited_total{limit="eventStreams"} 1')
  expect(metrics).toContain('curfew_event_streams 3')
})

test('a shutdown ends the streams, and gives their places back', async () => {
  const world = new FakeWorld()
  const { app, open } = await listening(world)
  const { text } = await open()
  await text('retry')
  await app.close()
  expect(await text(null)).toContain('retry: 1000')
  expect(await world.metrics.text()).toContain('curfew_event_streams 0')
})

test('HEAD opens no stream', async () => {
  const world = new FakeWorld()
  const answer = await send(world.app(), {
    method: 'HEAD',
    url: '/sessions/revoked/stream',
    headers: basic('reader'),
  })
  expect(answer.statusCode).toBe(200)
  expect(answer.headers['content-type']).toContain('text/event-stream')
})
