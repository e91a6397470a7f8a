/* Bad input on every route of /openapi.json: never a 5xx, never a stack, and the process stays up. */
import { connect } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  Answer,
  adminUid,
  basic,
  clients,
  freshUid,
  stores,
  useCurfew,
} from '#test/harness/index.ts'
import { type Callers, type Known, type Route, routesOf, type Shot, shotsAt } from './shots.ts'

const requestsPerRoute = 200
const parallel = 8
/** Sessions that the shots may end. */
const victims = 20

describe.each(stores)('bad input on %s', (store) => {
  const house = useCurfew({ store, config: { server: { logLevel: 'warn' } } })
  const { api } = house

  test('fuzz: every route answers bad input without a 5xx or a stack', async () => {
    const document = (await api.get('/openapi.json')).body
    const routes = routesOf(document)
    expect(routes.length).toBeGreaterThan(20)
    const failures: string[] = []
    const seen = new Map<string, Set<number | 'refused'>>()
    for (const route of routes) {
      const name = `${route.method} ${route.path}`
      const statuses = new Set<number | 'refused'>()
      const { callers, known } = await scene(route)
      const shots = fc.sample(shotsAt({ route, document, known }, callers), requestsPerRoute)
      await inParallel(shots, async (shot) => {
        const answer = await fire(shot)
        statuses.add(answer === 'refused' ? answer : answer.status)
        const wrong = judge(answer)
        if (wrong !== undefined) failures.push(`${describeShot(shot)}: ${wrong}`)
      })
      seen.set(name, statuses)
      expect((await api.get('/healthz')).status, `after ${name}`).toBe(200)
    }
    expect(failures.slice(0, 20), `${failures.length} failures`).toEqual([])
    expect(house.curfew.log()).not.toMatch(/uncaught|unhandled/i)
    // The aim was good: on nearly all routes some requests got past every check.
    const missed = [...seen]
      .filter(([name]) => !needProvider.has(name) && !needCode.has(name))
      .filter(([, statuses]) => !statuses.has(200) && !statuses.has(201))
    expect(missed.length, missed.map(([name]) => name).join(', ')).toBeLessThan(4)
  }, 300_000)

  test('fuzz: bytes that are no HTTP at all', async () => {
    const { hostname, port } = new URL(house.curfew.url)
    const wild = fc.sample(fc.uint8Array({ maxLength: 600 }), 100)
    const heads = ['', 'GET / HTTP/1.1\r\n', 'POST /logout HTTP/1.1\r\nHost: x\r\nContent-Length: ']
    for (const [index, bytes] of wild.entries()) {
      const head = heads[index % heads.length] ?? ''
      await throwBytes(hostname, Number(port), Buffer.concat([Buffer.from(head), bytes]))
    }
    expect((await api.get('/healthz')).status).toBe(200)
    const login = await api.start({ uid: freshUid(), device: 'web' })
    expect(await api.works(login.accessToken)).toBe(true)
  }, 60_000)

  async function scene(route: Route): Promise<{ callers: Callers; known: Known }> {
    await api.post(`/users/${adminUid}/enable`, { as: clients.operator })
    const uid = freshUid()
    const own = await Promise.all(
      Array.from({ length: victims }, () => api.start({ uid, device: 'web' })),
    )
    const root = await api.start({ uid: adminUid, device: 'web' })
    const people = own.map((login) => `Bearer ${login.accessToken}`)
    const others = [
      ...Object.values(clients).map(basic),
      `Bearer ${own[0]?.sessionToken}`,
      `Bearer ${own[0]?.refreshToken}`,
      `Bearer ${root.accessToken}`,
      'Basic !!!',
      'Basic Og==',
      'Bearer',
      'Bearer a.b.c',
      'bearer   x',
      'Digest x',
    ]
    const who = fitsOf(route)
    const fits = who === 'people' ? people : [basic(clients[who])]
    return { callers: { fits, others }, known: { sids: own.map(({ sid }) => sid), uids: [uid] } }
  }

  async function fire(shot: Shot): Promise<Answer | 'refused'> {
    const timeout = AbortSignal.timeout(10_000)
    const response = await fetch(`${house.curfew.url}${shot.path}`, {
      method: shot.method,
      headers: shot.headers,
      redirect: 'manual',
      signal: timeout,
      ...(shot.body === undefined ? {} : { body: shot.body }),
    }).catch(() => undefined)
    // A connection that the server closed on a broken request is an answer, too: it stays up.
    if (response === undefined) {
      if (timeout.aborted) throw new Error(`no answer: ${describeShot(shot)}`)
      return 'refused'
    }
    const { status, headers } = response
    if (headers.get('content-type')?.startsWith('text/event-stream') === true) {
      await response.body?.cancel()
      return new Answer(status, headers, '')
    }
    return new Answer(status, headers, await response.text())
  }
})

function fitsOf({ method, path }: Route): 'people' | 'backend' | 'operator' | 'webapp' {
  if (path.startsWith('/oauth/')) return 'webapp'
  if (path.endsWith('/fence') || (method === 'POST' && path === '/sessions')) return 'backend'
  if (path === '/sessions' || path.startsWith('/logout')) return 'people'
  return path === '/sessions/{sid}' && method !== 'GET' ? 'people' : 'operator'
}

function judge(answer: Answer | 'refused'): string | undefined {
  if (answer === 'refused') return undefined
  if (answer.status >= 500 && answer.status !== 503) return answer.brief
  const leak = /\n\s+at |node_modules|\.ts:\d+:\d+|SQLITE_|syntax error|at character/
  return leak.test(answer.text) ? `leaks ${answer.brief}` : undefined
}

function describeShot({ method, path, headers, body }: Shot): string {
  const shown = typeof body === 'string' ? body : Buffer.from(body ?? []).toString('base64')
  return `${method} ${path} ${JSON.stringify(headers)} ${shown.slice(0, 200)}`
}

async function inParallel<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items]
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await act(item)
  }
  await Promise.all(Array.from({ length: parallel }, worker))
}

function throwBytes(host: string, port: number, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const done = (): void => {
      socket.destroy()
      resolve()
    }
    socket.once('error', done)
    socket.once('close', done)
    socket.setTimeout(50, done)
    socket.on('data', () => undefined)
    socket.write(bytes)
  })
}

/** No client here has the device grant, so no screen shows a code: device-grant.test.ts has both. */
const needCode: ReadonlySet<string> = new Set([
  'POST /oauth/device_authorization',
  'POST /device/scan',
  'POST /device/approve',
  'POST /device/deny',
  'GET /device/events',
])

/**
 * There is no identity provider here, nor a client to return to, and so no cookie of our pages: test/gateway
 * and test/apps have them.
 */
const needProvider: ReadonlySet<string> = new Set([
  'GET /login',
  'GET /oidc/callback',
  'GET /oidc/frontchannel-logout',
  'POST /oidc/backchannel-logout',
  'GET /device',
  'POST /device',
  'GET /oauth/authorize',
  'POST /oauth/authorize',
  'POST /oauth/par',
  'GET /account',
  'POST /account',
  'GET /console',
  'GET /console/',
  'GET /console/assets/{name}',
  'GET /console/link',
  'POST /console/link',
])
