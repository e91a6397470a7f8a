/* The store is out of reach: refused, or silent. 503 with Retry-After everywhere, and nobody is logged out. */
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { Answer, clients, eventually, freshUid, type RequestOptions } from '#test/harness/index.ts'
import type { Player } from './rig/pair.ts'
import { usePair } from './rig/use-pair.ts'
import type { WireMode } from './rig/wire.ts'
import type { Held } from './rig/witness.ts'

/** The longest that a caller may wait to be told: a statement's whole time, and the answer's. */
const answerMsMax = 8000
const maxStalenessMs = 3000

const revocation = { pullInterval: '500ms', maxStaleness: `${maxStalenessMs}ms` }
const pair = usePair({ config: { revocation } })
let held: Held
let other: Held

beforeAll(async () => {
  held = await pair.witness.signIn(pair.b, freshUid('away'), 'web')
  other = await pair.witness.signIn(pair.b, held.uid, 'app')
})

type Asked = readonly [name: string, method: string, path: string, options: RequestOptions]

/** Everything that must ask the store, and so cannot answer now. */
function requests(): readonly Asked[] {
  const { sessionToken, accessToken, refreshToken, uid, sid } = held
  const form = { grant_type: 'refresh_token', refresh_token: refreshToken }
  const grant = { grant_type: 'client_credentials' }
  const { backend, operator, satellite, webapp } = clients
  return [
    ['the API by session token', 'GET', '/sessions', { as: sessionToken }],
    ['the API by access token', 'GET', '/sessions', { as: accessToken }],
    ['logout by session token', 'POST', '/logout', { as: sessionToken }],
    ['logout by access token', 'POST', '/logout', { as: accessToken }],
    ['logout by refresh token', 'POST', '/logout', { json: { refresh_token: refreshToken } }],
    ['logout/all', 'POST', '/logout/all', { as: sessionToken }],
    ['logout/others', 'POST', '/logout/others', { as: accessToken }],
    ['DELETE of a session', 'DELETE', `/sessions/${other.sid}`, { as: sessionToken }],
    [
      'PATCH of a session',
      'PATCH',
      `/sessions/${sid}`,
      { as: sessionToken, json: { device_name: 'x' } },
    ],
    ['admin revoke', 'POST', `/sessions/${sid}/revoke`, { as: operator }],
    ['GET of a session', 'GET', `/sessions/${sid}`, { as: operator }],
    ['a search', 'GET', '/admin/sessions', { as: operator }],
    ['revoke of a user', 'POST', `/users/${uid}/revoke`, { as: operator }],
    ['disable', 'POST', `/users/${uid}/disable`, { as: operator }],
    ['enable', 'POST', `/users/${uid}/enable`, { as: operator }],
    ['a fence', 'GET', `/users/${uid}/fence`, { as: backend }],
    ['a sign-in', 'POST', '/sessions', { as: backend, json: { uid: freshUid('never') } }],
    ['a sign-in of the same user', 'POST', '/sessions', { as: backend, json: { uid } }],
    ['refresh', 'POST', '/oauth/token', { as: backend, form }],
    ['client credentials', 'POST', '/oauth/token', { as: satellite, form: grant }],
    ['introspection', 'POST', '/oauth/introspect', { as: webapp, form: { token: accessToken } }],
    ['revocation', 'POST', '/oauth/revoke', { as: backend, form: { token: accessToken } }],
    ['the feed', 'GET', '/sessions/revoked', { as: satellite }],
    ['the feed since a time', 'GET', '/sessions/revoked?since=1', { as: satellite }],
    ['the stream', 'GET', '/sessions/revoked/stream', { as: satellite }],
  ]
}

async function timed(at: Player, [, method, path, options]: Asked) {
  const from = performance.now()
  const signal = AbortSignal.timeout(answerMsMax * 2)
  const answer = await at.api.send(method, path, { ...options, signal }).catch(() => undefined)
  return { answer: answer ?? new Answer(0, new Headers(), ''), tookMs: performance.now() - from }
}

describe.each(['refused', 'silent'] as const)('a store that is %s', (mode: WireMode) => {
  test('scenario K02: S119: every request that needs it is 503 with Retry-After, in time; never 401, never 200', async () => {
    const { a } = pair
    a.wire.set(mode)
    try {
      const asked = requests()
      const told = await Promise.all(asked.map((one) => timed(a, one)))
      const faults = asked.flatMap(([name], index) => {
        const { answer, tookMs } = told[index] ?? { answer: undefined, tookMs: 0 }
        const retry = Number(answer?.headers.get('retry-after') ?? Number.NaN)
        const good = answer?.status === 503 && retry >= 1 && tookMs < answerMsMax
        return good
          ? []
          : [`${name}: ${answer?.brief}, Retry-After ${retry}, ${tookMs.toFixed(0)} ms`]
      })
      expect(faults).toEqual([])
    } finally {
      a.wire.set('open')
    }
  })

  test('rule 35 stale: readiness goes and liveness stays, and the feed is never an empty list', async () => {
    const { a } = pair
    a.wire.set(mode)
    try {
      const unready = async () => ((await a.api.get('/readyz')).status === 503 ? true : undefined)
      await eventually(unready, { withinMs: maxStalenessMs + 8000, what: 'unreadiness' })
      const { headers } = await a.api.get('/readyz')
      expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
      expect((await a.api.get('/healthz')).status).toBe(200)
      const feed = await timed(a, ['', 'GET', '/sessions/revoked', { as: clients.satellite }])
      expect(feed.answer.status).toBe(503)
      expect(feed.answer.text).not.toBe('[]')
    } finally {
      a.wire.set('open')
    }
  })

  test('scenario K04: it comes back without a restart: ready, everybody still signed in, ends of meanwhile are known', async () => {
    const { a, b, witness } = pair
    a.wire.set(mode)
    const ended = await witness.signIn(b, freshUid('away-ended'), 'web')
    const kept = await witness.signIn(b, freshUid('away-kept'), 'web')
    await sleep(1500)
    expect(await witness.logout(b, ended)).toMatchObject({ status: 200, first: true })
    const { act } = await witness.refresh(a, kept)
    expect(act.status).toBe(503)
    a.wire.set('open')
    const ready = async () => ((await a.api.get('/readyz')).status === 200 ? true : undefined)
    await eventually(ready, { what: 'readiness' })
    const again = async () => {
      const { act: repeated } = await witness.refresh(a, kept)
      return repeated.status === 200 ? true : undefined
    }
    await eventually(again, { what: 'the refresh' })
    for (const replica of [a, b]) {
      expect((await witness.use(replica, ended)).verdict).toBe('ended')
      expect((await witness.use(replica, kept)).verdict).toBe('accepted')
      expect((await witness.use(replica, held)).verdict).toBe('accepted')
    }
    await pair.settle()
  })
})

test('S42: a logout that was answered 503 ends the session when it is repeated', async () => {
  const { a, b, witness } = pair
  const held42 = await witness.signIn(b, freshUid('s42'), 'web')
  a.wire.set('refused')
  expect((await witness.logout(a, held42)).status).toBe(503)
  a.wire.set('open')
  const repeated = async () => {
    const { status } = await witness.logout(a, held42)
    return status === 200 ? true : undefined
  }
  await eventually(repeated, { what: 'the repeated logout' })
  for (const replica of [a, b]) expect((await witness.use(replica, held42)).verdict).toBe('ended')
  const metrics = await (await fetch(`${a.curfew.url}/metrics`)).text()
  expect(metrics).toMatch(/^curfew_logout_total\{result="token_fail"\} [1-9]/m)
  await pair.settle()
})
