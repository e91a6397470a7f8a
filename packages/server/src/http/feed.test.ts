import { describe, expect, test } from 'vitest'
import type { FeedQuery } from '#authority'
import type { EpochSeconds, TokenId } from '#domain'
import { basic, bearer, FakeWorld, nowMs, nowSeconds, page, send, sidOf } from './testing.ts'

function entry(seq: number) {
  const jti = `0190a000-0000-7000-8000-${String(seq).padStart(12, '0')}` as TokenId
  return { seq, sid: sidOf(seq), jti, exp: (nowSeconds + 300) as EpochSeconds, at: nowMs }
}

function feedWorld() {
  const world = new FakeWorld()
  const asked: FeedQuery[] = []
  world.feedPage = (query) => {
    asked.push(query)
    return page({ entries: [entry(1), entry(2)] })
  }
  const app = world.app()
  const ask = (query: string, headers: Record<string, string> = {}) =>
    send(app, { url: `/sessions/revoked${query}`, headers: { ...basic('reader'), ...headers } })
  return { world, asked, app, ask }
}

test('the feed is a bare list of jti, sid and exp', async () => {
  const answer = await feedWorld().ask('')
  const [one, two] = [entry(1), entry(2)]
  expect(answer.json()).toEqual([
    { jti: one.jti, sid: one.sid, exp: one.exp },
    { jti: two.jti, sid: two.sid, exp: two.exp },
  ])
  expect(answer.headers).toMatchObject({
    'cache-control': 'no-cache',
    'curfew-cursor': 'abcd.3',
    'curfew-now': String(nowSeconds),
    etag: expect.stringMatching(/^W\/"abcd\.3-/),
  })
  expect(answer.headers['curfew-more']).toBeUndefined()
  expect(answer.headers['curfew-reset']).toBeUndefined()
})

describe('rule 38 feed time: how much is answered', () => {
  test.each([
    ['', null, 'start'],
    ['?since=0', null, 'since'],
    ['?since=1767225600', null, 'since'],
    ['?since=1767225600&limit=10', 10, 'since'],
    ['?since=abcd.2', 45, 'cursor'],
    ['?since=abcd.2&limit=10000', 10_000, 'cursor'],
  ])('"%s" asks for %s', async (query, limit, kind) => {
    const { asked, ask } = feedWorld()
    expect((await ask(query)).statusCode).toBe(200)
    expect(asked[0]).toMatchObject({ limit, position: { kind }, all: false })
  })

  test('a full page after a cursor stays under 5,000 bytes', async () => {
    const { world, ask } = feedWorld()
    const entries = Array.from({ length: 45 }, (_, index) => entry(index))
    world.feedPage = () => page({ entries, more: true })
    const answer = await ask('?since=abcd.2')
    expect(answer.rawPayload.length).toBeLessThan(5000)
    expect(answer.headers['curfew-more']).toBe('true')
  })

  test.each([
    ...[
      'abc',
      '-1',
      '1.5',
      '',
      '1e9',
      '01',
      ' 1',
      '1767225600000',
      '1767226000',
      'abcd.-1',
      'abcd.01',
      'ab.cd.1',
    ],
    ...['9999999999999999999999', '0x10', '%00'],
  ])('rule 38 feed time: since=%s is 400', async (since) => {
    const { asked, ask } = feedWorld()
    const answer = await ask(`?since=${since}`)
    expect(answer.statusCode).toBe(400)
    expect(answer.json().errors[0].pointer).toBe('/since')
    expect(asked).toEqual([])
  })

  test.each(['e.1', 'Abcd.1', 'old-store_2.7', 'abcd.9223372036854775808'])(
    'rule 7 restored: since=%s is a cursor, of whatever store',
    async (since) => {
      const { asked, ask } = feedWorld()
      expect((await ask(`?since=${since}`)).statusCode).toBe(200)
      const [epoch] = since.split('.')
      expect(asked[0]?.position).toMatchObject({ kind: 'cursor', cursor: { epoch } })
    },
  )

  test.each([
    '?since=1&since=2',
    '?limit=0',
    '?limit=10001',
    '?limit=-1',
    '?all=yes',
    '?all=',
    '?x=1',
  ])('%s is 400', async (query) => {
    expect((await feedWorld().ask(query)).statusCode).toBe(400)
  })

  test('rule 38 feed time: a slight future is now', async () => {
    expect((await feedWorld().ask(`?since=${nowSeconds + 299}`)).statusCode).toBe(200)
  })
})

describe('nothing was added', () => {
  test('is 304, with the server time and the cursor', async () => {
    const { ask } = feedWorld()
    const { etag } = (await ask('')).headers
    const answer = await ask('', { 'if-none-match': `"x", ${etag}` })
    expect(answer.statusCode).toBe(304)
    expect(answer.body).toBe('')
    expect(answer.headers).toMatchObject({
      'curfew-cursor': 'abcd.3',
      'curfew-now': String(nowSeconds),
      'cache-control': 'no-cache',
    })
  })

  test('the tag of another page with the same head does not hide this one', async () => {
    const { world, ask } = feedWorld()
    world.feedPage = () => page({ entries: [entry(1)], more: true })
    const { etag } = (await ask('?since=abcd.0')).headers
    world.feedPage = () => page({ entries: [entry(2)] })
    const answer = await ask('?since=abcd.1', { 'if-none-match': String(etag) })
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toHaveLength(1)
  })

  test('an empty page is nothing new to who has seen this head', async () => {
    const { world, ask } = feedWorld()
    world.feedPage = () => page({ entries: [entry(3)] })
    const { etag } = (await ask('?since=abcd.2')).headers
    world.feedPage = () => page({ entries: [] })
    expect((await ask('?since=abcd.3', { 'if-none-match': String(etag) })).statusCode).toBe(304)
  })

  test('nor is a page that entries have left since, whose tokens have expired', async () => {
    const { world, ask } = feedWorld()
    const tag = async () => String((await ask('')).headers.etag)
    world.feedPage = () => page({ entries: [entry(1), entry(2), entry(3)] })
    const all = await tag()
    world.feedPage = () => page({ entries: [entry(2)] })
    const one = await tag()
    expect((await ask('', { 'if-none-match': all })).statusCode).toBe(304)
    world.feedPage = () => page({ entries: [entry(2), entry(3)] })
    expect((await ask('', { 'if-none-match': one })).statusCode).toBe(200)
    // What has expired before the tag was given was never told under it.
    expect((await ask('?all=true', { 'if-none-match': all })).statusCode).toBe(200)
  })

  test('but a reset is always told in full', async () => {
    const { world, ask } = feedWorld()
    world.feedPage = () => page({ entries: [entry(1)], reset: true })
    const answer = await ask('?since=gone.1', { 'if-none-match': '*' })
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['curfew-reset']).toBe('true')
    expect(answer.json()).toHaveLength(1)
  })
})

describe('who may read', () => {
  test.each([
    ['nobody', {}, 401],
    ['a person', bearer('tok-1'), 403],
    ['an issuer', basic('backend'), 403],
    ['an admin', bearer('tok-2'), 200],
    ['a service', basic('reader'), 200],
    ["a service's token", bearer('tok-3'), 200],
    ["a service's ended session", bearer('tok-4'), 401],
  ])('%s: %i', async (_name, headers, status) => {
    const { world, app } = feedWorld()
    world.add(1, 'alice')
    world.add(2, 'root')
    world.add(3, 'client:reader')
    world.add(4, 'client:reader')
    world.end(4)
    expect((await send(app, { url: '/sessions/revoked', headers })).statusCode).toBe(status)
  })

  test('HEAD has the same headers', async () => {
    const { app } = feedWorld()
    const answer = await send(app, {
      method: 'HEAD',
      url: '/sessions/revoked',
      headers: basic('reader'),
    })
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['curfew-cursor']).toBe('abcd.3')
    expect(answer.body).toBe('')
  })

  test('an outage is 503, never []', async () => {
    const { world, ask } = feedWorld()
    world.storeIsDown = true
    const answer = await ask('')
    expect(answer.statusCode).toBe(503)
    expect(answer.json().code).toBe('unavailable')
  })

  test('all=true asks for every end', async () => {
    const { asked, ask } = feedWorld()
    await ask('?all=true')
    expect(asked[0]?.all).toBe(true)
  })
})
