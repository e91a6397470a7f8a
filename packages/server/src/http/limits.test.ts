import { describe, expect, test } from 'vitest'
import { Limits } from './limits.ts'
import { basic, FakeWorld, send } from './testing.ts'
import { defaultSettings } from './testing-values.ts'

const table = defaultSettings.limits

describe('rule 37 limits: a bucket', () => {
  test('scenario Q01: gives its burst, then one for each regained, and says how long to wait', () => {
    let now = 0
    const limit = { perSecond: 0.5, burst: 2 }
    const limits = new Limits(
      { ...table, sessionStarts: limit },
      { monotonic: () => now, limited: () => undefined },
    )
    expect([1, 2, 3].map(() => limits.take('sessionStarts', 'a'))).toEqual([0, 0, 2])
    now = 2000
    expect(limits.take('sessionStarts', 'a')).toBe(0)
    expect(limits.take('sessionStarts', 'a')).toBe(2)
    expect(limits.take('sessionStarts', 'b')).toBe(0)
  })

  test('what other workers let through is taken here too, and what is owed is waited for', () => {
    let now = 0
    const limit = { perSecond: 1, burst: 2 }
    const limits = new Limits(
      { ...table, sessionStarts: limit },
      { monotonic: () => now, limited: () => undefined },
    )
    limits.note('sessionStarts', 'a')
    expect([1, 2].map(() => limits.take('sessionStarts', 'a'))).toEqual([0, 1])
    limits.note('sessionStarts', 'a')
    expect(limits.wait('sessionStarts', 'a')).toBe(2)
    // However much others let through, nobody waits for longer than for two bursts.
    for (let n = 0; n < 50; n++) limits.note('sessionStarts', 'a')
    expect(limits.wait('sessionStarts', 'a')).toBe(3)
    now = 3000
    expect(limits.take('sessionStarts', 'a')).toBe(0)
  })

  test('others are told what was taken, and nothing of what was refused or only looked at', () => {
    const told: string[] = []
    const limits = new Limits(
      { ...table, sessionStarts: { perSecond: 1, burst: 1 } },
      {
        monotonic: () => 0,
        limited: () => undefined,
        taken: (limit, key) => told.push(`${limit} ${key}`),
      },
    )
    limits.wait('sessionStarts', 'a')
    limits.take('sessionStarts', 'a')
    limits.take('sessionStarts', 'a')
    limits.note('sessionStarts', 'b')
    expect(told).toEqual(['sessionStarts a'])
  })

  test('rule 37 limits: what is off never refuses', () => {
    const limits = new Limits(
      { ...table, sessionStarts: null },
      { monotonic: () => 0, limited: () => undefined },
    )
    expect(Array.from({ length: 50 }, () => limits.take('sessionStarts', 'a'))).not.toContain(1)
  })
})

function tokenRequest(client: string, secret?: string, remoteAddress = '192.0.2.7') {
  return {
    method: 'POST' as const,
    url: '/oauth/token',
    remoteAddress,
    headers: { ...basic(client, secret), 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'grant_type=client_credentials',
  }
}

describe('rule 37 limits: failed client authentications', () => {
  test('after too many, even the right secret is 429 with Retry-After', async () => {
    const world = new FakeWorld()
    const app = world.app({ limits: { ...table, failedClientAuth: { perSecond: 0.1, burst: 3 } } })
    for (const _ of [1, 2, 3]) {
      const answer = await send(app, tokenRequest('backend', 'wrong'))
      expect(answer.statusCode).toBe(401)
      expect(answer.json().error).toBe('invalid_client')
      expect(answer.headers['www-authenticate']).toMatch(/^Basic/)
    }
    const refused = await send(app, tokenRequest('backend'))
    expect(refused.statusCode).toBe(429)
    expect(refused.json().error).toBe('temporarily_unavailable')
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    const api = await send(app, {
      url: '/users/bob/fence',
      remoteAddress: '192.0.2.7',
      headers: basic('backend'),
    })
    expect(api.statusCode).toBe(429)
    expect(api.json().code).toBe('rate_limited')
    expect(await world.metrics.text()).toMatch(
      /curfew_rate_limited_total\{limit="failedClientAuth"\} 2/,
    )
  })

  test('rule 37 limits: elsewhere, and for other clients, nothing is lost', async () => {
    const app = new FakeWorld().app({
      limits: { ...table, failedClientAuth: { perSecond: 0.1, burst: 1 } },
    })
    await send(app, tokenRequest('backend', 'wrong'))
    expect((await send(app, tokenRequest('backend'))).statusCode).toBe(429)
    expect((await send(app, tokenRequest('backend', undefined, '192.0.2.8'))).statusCode).toBe(200)
    expect((await send(app, tokenRequest('reader'))).statusCode).toBe(200)
  })

  test('rule 37 limits: all of a /64 is one address', async () => {
    const app = new FakeWorld().app({
      limits: { ...table, failedClientAuth: { perSecond: 0.1, burst: 1 } },
    })
    await send(app, tokenRequest('backend', 'wrong', '2001:db8::1'))
    const refused = await send(app, tokenRequest('backend', undefined, '2001:db8::ffff:2'))
    expect(refused.statusCode).toBe(429)
  })
})

describe('rule 37 limits: token requests', () => {
  test('200 refreshes of one token at once all pass by default', async () => {
    const world = new FakeWorld()
    world.add(1, 'alice')
    const app = world.app()
    const request = {
      method: 'POST' as const,
      url: '/oauth/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'grant_type=refresh_token&client_id=mobile&refresh_token=cfr_1',
    }
    const answers = await Promise.all(Array.from({ length: 200 }, () => send(app, request)))
    expect(new Set(answers.map((answer) => answer.statusCode))).toEqual(new Set([200]))
  })

  test('rule 37 limits: one session and one address each have theirs', async () => {
    const world = new FakeWorld()
    world.add(1, 'alice')
    world.add(2, 'alice')
    const one = { perSecond: 0.01, burst: 1 }
    const refresh = (token: string, remoteAddress: string) => ({
      method: 'POST' as const,
      url: '/oauth/token',
      remoteAddress,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: `grant_type=refresh_token&client_id=mobile&refresh_token=${token}`,
    })
    const bySession = world.app({ limits: { ...table, tokenRequestsPerSession: one } })
    expect((await send(bySession, refresh('cfr_1', '192.0.2.1'))).statusCode).toBe(200)
    expect((await send(bySession, refresh('cfr_1', '192.0.2.2'))).statusCode).toBe(429)
    expect((await send(bySession, refresh('cfr_2', '192.0.2.2'))).statusCode).toBe(200)
    const byAddress = world.app({ limits: { ...table, tokenRequestsPerAddress: one } })
    expect((await send(byAddress, refresh('cfr_1', '192.0.2.1'))).statusCode).toBe(200)
    expect((await send(byAddress, refresh('cfr_2', '192.0.2.1'))).statusCode).toBe(429)
  })

  test('rule 37 limits: starts are counted by user', async () => {
    const app = new FakeWorld().app({
      limits: { ...table, sessionStarts: { perSecond: 0.01, burst: 1 } },
    })
    const start = (uid: string) =>
      send(app, { method: 'POST', url: '/sessions', headers: basic('backend'), payload: { uid } })
    expect((await start('alice')).statusCode).toBe(201)
    expect((await start('alice')).statusCode).toBe(429)
    expect((await start('bob')).statusCode).toBe(201)
  })
})
