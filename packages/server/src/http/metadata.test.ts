import { expect, test } from 'vitest'
import { createHttp, createMetricsApp } from './app.ts'
import { routeGroups, series } from './metric-series.ts'
import { Metrics } from './metrics.ts'
import { FakeWorld, send } from './testing.ts'

test('metadata names only what exists', async () => {
  const app = new FakeWorld().app()
  const one = await send(app, { url: '/.well-known/oauth-authorization-server' })
  const two = await send(app, { url: '/.well-known/openid-configuration' })
  expect(one.json()).toEqual(two.json())
  const urls = Object.entries(one.json()).filter(([name]) => /_(?:endpoint|uri)$/.test(name))
  expect(urls).toHaveLength(9)
  for (const [, url] of urls) {
    const { pathname } = new URL(String(url))
    expect((await send(app, { method: 'OPTIONS', url: pathname })).statusCode).toBe(405)
  }
  expect(one.json().issuer).toBe('https://auth.example.com')
})

test('keys may be cached for a while', async () => {
  const answer = await send(new FakeWorld().app(), { url: '/.well-known/jwks.json' })
  expect(answer.json()).toEqual({ keys: [{ kty: 'EC', kid: 'k1' }] })
  expect(answer.headers['cache-control']).toBe('public, max-age=60')
})

test('readiness names each dependency, also when it is lacking', async () => {
  const world = new FakeWorld()
  const ready = await send(world.app(), { url: '/readyz' })
  expect(ready.json()).toEqual({ status: 'ready', dependencies: { store: 'ok' } })
  const readiness = () => ({
    ready: false,
    dependencies: { store: 'out of reach' },
    retryAfterSeconds: 3,
  })
  const { app } = createHttp({ ...world.deps(), readiness })
  const unready = await send(app, { url: '/readyz' })
  expect(unready.statusCode).toBe(503)
  expect(unready.headers['retry-after']).toBe('3')
  expect(unready.json()).toMatchObject({
    code: 'not_ready',
    dependencies: { store: 'out of reach' },
  })
  expect((await send(app, { url: '/healthz' })).statusCode).toBe(200)
})

test('metrics are for those inside', async () => {
  const world = new FakeWorld()
  const app = world.app()
  const inside = await send(app, { url: '/metrics' })
  expect(inside.headers['content-type']).toContain('text/plain')
  const ofProxies = [
    ...['x-forwarded-for', 'X-Forwarded-Proto', 'Forwarded', 'Via', 'X-Real-IP'],
    ...['X-Original-URL', 'X-Original-Method', 'X-Envoy-External-Address', 'CF-Connecting-IP'],
  ]
  for (const name of ofProxies) {
    const outside = await send(app, { url: '/metrics', headers: { [name]: 'x' } })
    expect(outside.statusCode).toBe(404)
    expect(outside.json().code).toBe('not_found')
  }
  const elsewhere = world.app({ metricsElsewhere: true })
  expect((await send(elsewhere, { url: '/metrics' })).statusCode).toBe(404)
  const own = createMetricsApp(world.deps())
  const answer = await send(own, { url: '/metrics', headers: { 'x-forwarded-for': 'x' } })
  expect(answer.statusCode).toBe(200)
  expect((await send(own, { url: '/sessions' })).statusCode).toBe(404)
  const posted = await send(own, { method: 'POST', url: '/metrics' })
  expect(posted.statusCode).toBe(405)
  expect(posted.headers['allow']).toBe('GET, HEAD')
})

test('every series stands at 0 from the start', async () => {
  const text = await new Metrics().text()
  for (const name of Object.keys(series)) expect(text).toContain(`# HELP ${name} `)
  for (const result of ['ok', 'already_revoked', 'token_fail', 'kick_fail', 'revoke_fail']) {
    expect(text).toContain(`curfew_logout_total{result="${result}"} 0`)
  }
  expect(text).toContain('curfew_refresh_total{result="rotated"} 0')
  expect(text).toContain('curfew_swap_conflicts_total 0')
  expect(text).toContain('curfew_feed_lag_seconds 0')
  for (const group of routeGroups) {
    expect(text).toContain(`curfew_http_requests_total{route="${group}",status="5xx"} 0`)
  }
})

test('requests are counted by kind of route, never by path', async () => {
  const world = new FakeWorld()
  const app = world.app()
  await send(app, { url: '/users/alice/sessions' })
  await send(app, { url: '/nothing/alice' })
  const text = await world.metrics.text()
  expect(text).toContain('curfew_http_requests_total{route="admin",status="4xx"} 1')
  expect(text).toContain('curfew_http_requests_total{route="other",status="4xx"} 1')
  expect(text).not.toContain('alice')
})

test('what other rooms know is read when the metrics are asked for', async () => {
  const metrics = new Metrics()
  let lag = 1
  metrics.source('curfew_feed_lag_seconds', () => lag)
  metrics.source('curfew_cache_hits_total', () => 7)
  expect(await metrics.text()).toContain('curfew_feed_lag_seconds 1')
  lag = 2
  const text = await metrics.text()
  expect(text).toContain('curfew_feed_lag_seconds 2')
  expect(text).toContain('curfew_cache_hits_total 7')
})

test('signals are counted, and alarms logged without credentials', async () => {
  const world = new FakeWorld()
  const signals = world.signals()
  signals.refreshed('reuse')
  signals.loggedOut('token_fail')
  signals.started('joined')
  signals.swapConflict()
  signals.alarm({ kind: 'generation-not-issued' })
  const text = await world.metrics.text()
  expect(text).toContain('curfew_refresh_total{result="reuse"} 1')
  expect(text).toContain('curfew_logout_total{result="token_fail"} 1')
  expect(text).toContain('curfew_sessions_started_total{result="joined"} 1')
  expect(text).toContain('curfew_swap_conflicts_total 1')
  expect(text).toContain('curfew_alarms_total{kind="generation-not-issued"} 1')
  expect(JSON.stringify(world.logged)).toContain('curfew recover')
})

test('/openapi.json describes every route, with its errors', async () => {
  const document = (await send(new FakeWorld().app(), { url: '/openapi.json' })).json()
  expect(document.openapi).toBe('3.1.0')
  expect(Object.keys(document.paths)).toContain('/users/{uid}/fence')
  for (const item of Object.values<Record<string, { summary: string; responses: object }>>(
    document.paths,
  )) {
    for (const operation of Object.values(item)) {
      expect(operation.summary.length).toBeGreaterThan(5)
      expect(operation.responses).toHaveProperty('default')
    }
  }
})
