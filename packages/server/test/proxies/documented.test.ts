/*
 * Traefik and Envoy cannot be had from Debian, so no real one runs here. What their documentation (and
 * Traefik's source, pkg/middlewares/auth/forward.go) says that they send is sent, and their examples are
 * checked against the default configuration.
 */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { Stage } from '../gateway/proxy.ts'
import { conditions, defaultHeaders, navigation, rule } from '../gateway/requests.ts'

const token = `cfc_${'A'.repeat(76)}`
const cookie = ['Cookie', `a=1; __Host-curfew=${token}`]
let stage: Stage
beforeAll(async () => {
  const ops = { ...conditions, roles: ['ops'] }
  const rules = [
    rule({ paths: ['/public/**'], require: { kind: 'none' } }),
    rule({ paths: ['/admin/**'], require: ops }),
    rule(),
  ]
  stage = await new Stage({ rules }).listen()
  stage.around.live(token)
})
afterAll(() => stage.close())

const identity = {
  'x-auth-request-user': 'main:ann',
  'x-auth-request-email': 'ann@example.com',
  'x-auth-request-groups': 'pilot',
  cookie: 'a=1',
}

describe('Traefik', () => {
  /** A GET without hop-by-hop headers; five X-Forwarded-* set anew, the client's other headers as they came. */
  const ask = (target: string, more: readonly string[] = [], method = 'GET', proto = 'https') => {
    const own = [
      ...['X-Forwarded-For', '198.51.100.7', 'X-Forwarded-Method', method],
      ...['X-Forwarded-Proto', proto, 'X-Forwarded-Host', 'app.example.com'],
      ...['X-Forwarded-Uri', target, 'X-Forwarded-Port', '443', 'X-Forwarded-Server', 'edge-1'],
      ...['X-Real-Ip', '198.51.100.7', 'Accept-Encoding', 'gzip', 'User-Agent', 'Mozilla/5.0'],
    ]
    const headers = ['Host', '127.0.0.1:4455', ...more, ...own]
    return stage.send(headers, '/forward-auth?mode=traefik')
  }

  test('a session is let in with every header', async () => {
    const answer = await ask('/x?y=%20', [...navigation, ...cookie], 'POST')
    expect(answer).toMatchObject({ status: 200, headers: identity })
  })

  test('a WebSocket, whose scheme is wss there and whose Upgrade is taken out', async () => {
    const fetched = ['Sec-Fetch-Mode', 'websocket', 'Sec-Websocket-Version', '13']
    expect((await ask('/socket', [...fetched, ...cookie], 'GET', 'wss')).status).toBe(200)
    expect((await ask('/socket', fetched, 'GET', 'wss')).status).toBe(401)
  })

  test('a page without session is led to the sign-in', async () => {
    const { status, headers } = await ask('/x', navigation)
    expect([status, String(headers['location']).split('?')[0]]).toEqual([
      302,
      'https://auth.example.com/login',
    ])
  })

  test('a header that a trusting Traefik would double is refused', async () => {
    expect((await ask('/x', ['X-Forwarded-Uri', '/public/x', ...cookie])).status).toBe(403)
  })
})

describe('Envoy', () => {
  /** The request's own method, host and path below path_prefix, the allowed headers, and no body. */
  const ask = (path: string, more: readonly string[] = [], host = 'app.example.com') =>
    stage.send(['Host', host, 'Content-Length', '0', ...more], `/forward-auth${path}`)

  test('a session is let in with every header', async () => {
    expect(await ask('/x?y=%20', cookie)).toMatchObject({ status: 200, headers: identity })
  })

  test('the path is all that follows the prefix, also where it looks like ours', async () => {
    expect((await ask('/public/x')).status).toBe(200)
    expect((await ask('/admin/x', cookie)).status).toBe(403)
    expect((await ask('/forward-auth?mode=traefik')).status).toBe(401)
    expect((await ask('?mode=envoy')).status).toBe(403)
  })

  test('what other proxies would say is not read', async () => {
    const forged = [
      'X-Forwarded-Uri',
      '/public/x',
      'X-Original-URL',
      'http://app.example.com/public/x',
    ]
    expect((await ask('/x', forged)).status).toBe(401)
    expect((await ask('/x', cookie, 'other.example.com')).status).toBe(403)
  })
})

describe('every example', () => {
  const text = (file: string): string =>
    readFileSync(new URL(`../../../../examples/${file}`, import.meta.url), 'utf8')
  const names = defaultHeaders.map(({ name }) => name.toLowerCase())

  test.each([
    'nginx/nginx.conf',
    'caddy/Caddyfile',
    'haproxy/curfew.lua',
    'traefik/dynamic.yml',
    'envoy/envoy.yaml',
  ])('%s names every header of the default configuration', (file) => {
    for (const name of names) expect(text(file).toLowerCase()).toContain(name)
  })

  type Patterns = { patterns: { exact?: string; prefix?: string }[] }
  type Traefik = {
    http: {
      middlewares: { curfew: { forwardAuth: { address: string; authResponseHeaders: string[] } } }
      routers: { app: { middlewares: string[] } }
    }
  }
  type Filter = {
    failure_mode_allow: boolean
    allowed_headers: Patterns
    http_service: {
      path_prefix: string
      authorization_response: { allowed_upstream_headers: Patterns }
    }
  }
  type Manager = { upgrade_configs: unknown; http_filters: [{ typed_config: Filter }] }
  type Envoy = {
    static_resources: {
      listeners: [{ filter_chains: [{ filters: [{ typed_config: Manager }] }] }]
    }
  }

  test('Traefik’s replaces exactly these, and takes nobody’s word', () => {
    const { http } = parse(text('traefik/dynamic.yml')) as Traefik
    const { forwardAuth } = http.middlewares.curfew
    const replaced = forwardAuth.authResponseHeaders.map((name) => name.toLowerCase())
    expect(replaced).toEqual(names)
    expect(forwardAuth.address).toBe('http://127.0.0.1:4455/forward-auth?mode=traefik')
    expect(forwardAuth).not.toHaveProperty('trustForwardHeader')
    expect(http.routers.app.middlewares).toContain('curfew')
    const { entryPoints } = parse(text('traefik/traefik.yml')) as { entryPoints: { web: object } }
    expect(entryPoints.web).not.toHaveProperty('forwardedHeaders')
  })

  test('Envoy’s replaces exactly these, asks with what is needed and fails closed', () => {
    const { static_resources: resources } = parse(text('envoy/envoy.yaml')) as Envoy
    const manager = resources.listeners[0].filter_chains[0].filters[0].typed_config
    const filter = manager.http_filters[0].typed_config
    const named = (list: Patterns) =>
      list.patterns.map(({ exact, prefix }) => exact ?? `${prefix}*`)
    expect(filter.failure_mode_allow).toBe(false)
    expect(filter.http_service.path_prefix).toBe('/forward-auth')
    const { allowed_upstream_headers: replaced } = filter.http_service.authorization_response
    expect(named(replaced)).toEqual(names)
    expect(named(filter.allowed_headers)).toEqual([
      ...['cookie', 'accept', 'sec-fetch-*', 'x-requested-with', 'upgrade', 'origin'],
      ...['access-control-request-method', 'dpop'],
    ])
    expect(manager.upgrade_configs).toEqual([{ upgrade_type: 'websocket' }])
  })
})
