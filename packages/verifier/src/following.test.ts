/* S107 to S110, and what the feed may do to a verifier and may not. */
import { beforeEach, describe, expect, test } from 'vitest'
import { FakeCurfew, json, newSid, until } from '../test/fake-curfew.ts'
import { refusal, running, verdict } from '../test/running.ts'
import { VerifierFault } from './errors.ts'
import type { VerifierOptions } from './options.ts'
import { createVerifier, type Verifier } from './verifier.ts'

let curfew: FakeCurfew

beforeEach(async () => {
  curfew = await FakeCurfew.start()
})

function start(options: Partial<VerifierOptions> = {}): Promise<Verifier> {
  return running(curfew, options)
}

describe('the first load', () => {
  test('S107: is not ready, and lets nobody in, before keys and the whole feed are loaded', async () => {
    const sid = newSid()
    curfew.end(sid)
    const [dead, live] = [await curfew.token({ sid }), await curfew.token()]
    curfew.spoil = (path, answer) => (path === 'feed' ? json({}, 503) : answer())
    const verifier = await start({ start: 'background' })
    await until(() => curfew.count('jwks') === 1)
    expect(verifier.status).toMatchObject({ ready: false, lastPullAt: undefined, denied: 0 })
    expect(verifier.status.stalenessSeconds).toBe(Number.POSITIVE_INFINITY)
    expect(await refusal(verifier.verify(live))).toBe('stale 503')
    expect(await refusal(verifier.verify(''))).toBe('missing 401')
    curfew.spoil = undefined
    await curfew.timing.pass(1000)
    await until(() => verifier.status.ready)
    expect(verifier.status).toMatchObject({ denied: 1, cursor: 'e1aaaaaa.1' })
    expect(await verdict(verifier, live)).toBe('good')
    expect(await verdict(verifier, dead)).toBe('ended')
  })

  test('S107: createVerifier gives up after startTimeout, and says why', async () => {
    curfew.spoil = (path, answer) => (path === 'feed' ? json({}, 403) : answer())
    const made = createVerifier(curfew.options({ startTimeout: '5s' }))
    const failed = expect(made).rejects.toMatchObject({
      code: 'start_timeout',
      message: expect.stringContaining('role `service`'),
      cause: { code: 'feed_unauthorised' },
    })
    await curfew.timing.pass(5000)
    await failed
    expect(curfew.timing.timers.size).toBe(0)
  })

  test('asks for pages, and only for what is unexpired; later pulls ask for every end', async () => {
    for (let n = 0; n < 12_000; n++) curfew.end(newSid(), n < 6000 ? 300 : -1)
    const verifier = await start({ stream: false })
    expect(verifier.status.denied).toBe(6000)
    const [first, second] = curfew.asked.filter(({ path }) => path === 'feed')
    expect(first?.url.search).toBe('?limit=5000')
    expect(second?.url.search).toBe('?limit=5000&since=e1aaaaaa.5000')
    expect(first?.headers.get('authorization')).toBe(`Basic ${btoa('satellite:secret')}`)
    await curfew.timing.pass(30_000)
    expect(curfew.asked.at(-1)?.url.search).toBe('?limit=5000&since=e1aaaaaa.12000&all=true')
    await verifier.close()
    await start({ stream: false, streams: 'untilExpiry' })
    await curfew.timing.pass(30_000)
    expect(curfew.asked.at(-1)?.url.search).toBe('?limit=5000&since=e1aaaaaa.12000')
  })

  test('the feed is read as a token function says, asked anew each time', async () => {
    let asked = 0
    const token = async () => `t${++asked}`
    await start({ clientId: undefined, clientSecret: undefined, token, stream: false })
    await curfew.timing.pass(30_000)
    const sent = curfew.asked.flatMap(({ headers }) => headers.get('authorization') ?? [])
    expect(sent).toEqual(['Bearer t1', 'Bearer t2'])
  })
})

describe('what the feed answers', () => {
  test('S108: what a later answer leaves out stays denied until it has expired', async () => {
    const verifier = await start({ stream: false })
    const sid = newSid()
    const token = await curfew.token({ sid, expiresInSeconds: 200 })
    curfew.end(sid, 200)
    await curfew.timing.pass(30_000)
    expect(await verdict(verifier, token)).toBe('ended')
    curfew.ends.length = 0
    curfew.floor = 1
    for (let minute = 0; minute < 2; minute++) {
      await curfew.timing.pass(60_000)
      expect(verifier.status.denied).toBe(1)
      expect(await verdict(verifier, token)).toBe('ended')
    }
    // Forgotten once no clock can still take the token for good.
    await curfew.timing.pass(240_000)
    expect(verifier.status.denied).toBe(0)
    expect(await verdict(verifier, token)).toBe('expired')
  })

  test('S110: a malformed, oversized, HTML or 401 answer changes nothing and is counted', async () => {
    const faults: VerifierFault[] = []
    const verifier = await start({ stream: false, pullInterval: '1s', maxStaleness: '1h' })
    verifier.on('error', (fault) => faults.push(fault))
    const [dead, live] = [newSid(), await curfew.token()]
    curfew.end(dead)
    await curfew.timing.pass(1000)
    const before = verifier.status
    const now = () => ({ 'curfew-now': String(curfew.nowSeconds), 'curfew-cursor': 'e1aaaaaa.3' })
    const entry = { jti: null, sid: newSid(), exp: curfew.nowSeconds + 300 }
    const answers: (() => Response)[] = [
      () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
      () => new Response('[', { headers: { 'content-type': 'application/json' } }),
      () => json({ items: [] }, 200, now()),
      () => json([entry], 200, { ...now(), 'curfew-cursor': '' }),
      () => json([entry], 200, { ...now(), 'curfew-cursor': '17' }),
      () => json([entry], 200, { ...now(), 'curfew-now': '' }),
      () => json([entry, entry, entry], 200, now()),
      () => json([{ ...entry, sid: 'x' }], 200, now()),
      () => json([{ ...entry, exp: 'soon' }], 200, now()),
      () => json([entry, null], 200, now()),
      () => json([], 200, { ...now(), 'curfew-more': 'true', 'curfew-cursor': 'e1aaaaaa.1' }),
      () => json('x'.repeat(3_000_000), 200, now()),
      () => json({}, 401),
      () => json({}, 403),
      () => json({}, 500),
      () => new Response(null, { status: 302, headers: { location: 'https://evil.example.com/' } }),
      () => {
        throw new TypeError('fetch failed')
      },
    ]
    for (const [index, answer] of answers.entries()) {
      curfew.spoil = answer
      await curfew.timing.pass(30_000)
      await until(() => faults.length > index)
      expect(verifier.status).toMatchObject({ denied: before.denied, cursor: before.cursor })
      expect(verifier.metrics.pullFailures).toBeGreaterThan(index)
    }
    const codes = new Set(faults.map(({ code }) => code))
    codes.delete('keys_failed')
    expect(codes).toEqual(
      new Set([
        'feed_malformed',
        'feed_oversized',
        'feed_unauthorised',
        'feed_refused',
        'feed_unreachable',
      ]),
    )
    expect(await verdict(verifier, live)).toBe('expired')
    curfew.spoil = undefined
    await curfew.timing.pass(30_000)
    expect(verifier.status.stalenessSeconds).toBeLessThan(30)
  })

  test('S110: two pulls never run at once, and a page that comes too late is ignored', async () => {
    const verifier = await start({ stream: false, pullInterval: '1s' })
    const answers: (() => void)[] = []
    let pending = 0
    let most = 0
    curfew.spoil = async (_path, answer) => {
      most = Math.max(most, ++pending)
      await new Promise<void>((resolve) => answers.push(resolve))
      pending -= 1
      return answer()
    }
    for (let n = 0; n < 50; n++) {
      verifier.hint()
      await curfew.timing.pass(100)
    }
    expect(most).toBe(1)
    // Ten seconds are too long: given up, and asked again.
    await curfew.timing.pass(10_000)
    expect(verifier.metrics.pullFailures).toBeGreaterThan(0)
    const { cursor } = verifier.status
    curfew.end(newSid())
    answers[0]?.()
    await until(() => pending < answers.length)
    expect(verifier.status.cursor).toBe(cursor)
  })

  test('rule 7 restored: another epoch is loaded as a whole, and what was denied stays so', async () => {
    const verifier = await start({ stream: false })
    const [old, fresh] = [newSid(), newSid()]
    curfew.end(old)
    await curfew.timing.pass(30_000)
    curfew.epoch = 'e2bbbbbb'
    curfew.ends.length = 0
    curfew.end(fresh)
    await curfew.timing.pass(30_000)
    expect(verifier.status).toMatchObject({ denied: 2, cursor: 'e2bbbbbb.1' })
    expect(verifier.metrics.reloads).toBe(1)
    for (const sid of [old, fresh]) {
      expect(await verdict(verifier, await curfew.token({ sid }))).toBe('ended')
    }
  })
})

describe('ended', () => {
  test('is told of each end that happens, expired or not, and of none that is only loaded', async () => {
    curfew.end(newSid())
    const verifier = await start({ stream: false, start: 'background' })
    const told: string[] = []
    verifier.on('ended', ({ sid }) => told.push(sid))
    await until(() => verifier.status.ready)
    expect(told).toEqual([])
    const [fresh, expired] = [newSid(), newSid()]
    curfew.end(fresh)
    curfew.end(expired, -3600)
    await curfew.timing.pass(60_000)
    expect(told).toEqual([fresh, expired])
    // After another epoch: what was not known yet, and counts.
    const lost = newSid()
    curfew.epoch = 'e2bbbbbb'
    curfew.end(lost)
    await curfew.timing.pass(30_000)
    expect(told).toEqual([fresh, expired, lost])
  })
})

describe('staleness', () => {
  test('rule 35 stale: refuses with 503 from maxStaleness after the start of the last good pull', async () => {
    const told: string[] = []
    const verifier = await start({ stream: false, maxStaleness: '60s' })
    verifier.on('stale', () => told.push('stale'))
    verifier.on('fresh', () => told.push('fresh'))
    const token = await curfew.token({ expiresInSeconds: 3600 })
    await verifier.verify(token)
    curfew.spoil = (path, answer) => (path === 'feed' ? json({}, 503) : answer())
    const freshFor = verifier.status.stalenessSeconds
    await curfew.timing.pass(60_000 - freshFor * 1000)
    expect(verifier.peek(token)).toBeDefined()
    await curfew.timing.pass(1)
    expect(verifier.peek(token)).toBeUndefined()
    expect(await refusal(verifier.verify(token))).toBe('stale 503')
    expect(await refusal(verifier.verify(await curfew.token()))).toBe('stale 503')
    await curfew.timing.pass(30_000)
    curfew.spoil = undefined
    await curfew.timing.pass(30_000)
    expect(await verdict(verifier, token)).toBe('good')
    expect(told).toEqual(['stale', 'fresh'])
  })

  test('rule 35 stale: a machine that slept refuses first, and asks', async () => {
    const verifier = await start({ stream: false })
    const token = await curfew.token({ expiresInSeconds: 3600 })
    await verifier.verify(token)
    curfew.timing.wallAheadMs = 301_000
    expect(verifier.peek(token)).toBeUndefined()
    const pulls = verifier.metrics.pulls
    const call = refusal(verifier.verify(token))
    expect(await call).toBe('stale 503')
    await until(() => verifier.metrics.pulls > pulls)
    await until(() => verifier.status.stalenessSeconds === 0)
    curfew.aheadMs = 301_000
    await curfew.timing.pass(30_000)
    expect(await verdict(verifier, token)).toBe('good')
  })

  test('rule 35 stale: with `accept` it goes on, and says so; peek does not', async () => {
    const verifier = await start({ stream: false, maxStaleness: '60s', onStale: 'accept' })
    const token = await curfew.token({ expiresInSeconds: 3600 })
    await verifier.verify(token)
    curfew.spoil = (path, answer) => (path === 'feed' ? json({}, 503) : answer())
    await curfew.timing.pass(120_000)
    expect(verifier.peek(token)).toBeUndefined()
    expect(await verdict(verifier, token)).toBe('good')
    expect(verifier.metrics.acceptedStale).toBe(1)
    expect(verifier.metrics.stalenessSeconds).toBeGreaterThan(60)
  })

  test('rule 35 stale: nothing was ever loaded, so `accept` accepts nothing', async () => {
    curfew.spoil = (path, answer) => (path === 'feed' ? json({}, 503) : answer())
    const verifier = await start({ onStale: 'accept', start: 'background' })
    await until(() => verifier.metrics.keyFetches === 1)
    expect(await refusal(verifier.verify(await curfew.token()))).toBe('stale 503')
  })

  test('a closed verifier knows nothing any more, and runs no timer', async () => {
    const verifier = await start()
    const token = await curfew.token()
    await verifier.verify(token)
    await verifier.close()
    await verifier.close()
    expect(curfew.timing.timers.size).toBe(0)
    expect(verifier.peek(token)).toBeUndefined()
    expect(await refusal(verifier.verify(token))).toBe('stale 503')
    verifier.hint()
  })
})

describe('denylist', () => {
  test('that is large calls for help, and drops nothing', async () => {
    const faults: VerifierFault[] = []
    const verifier = await start({ denylistLargeAt: 10, stream: false })
    verifier.on('error', (fault) => faults.push(fault))
    verifier.on('error', () => {
      throw new Error('a listener that throws disturbs nobody')
    })
    for (let n = 0; n < 30; n++) curfew.end(newSid())
    await curfew.timing.pass(30_000)
    expect(verifier.status.denied).toBe(30)
    expect(faults.map(({ code }) => code)).toEqual(['denylist_large'])
    expect(faults[0]).toBeInstanceOf(VerifierFault)
  })
})
