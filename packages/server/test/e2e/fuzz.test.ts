/* Bad input on every route of /openapi.json: never a 5xx, never a stack, and the process stays up. */
import { connect } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  Answer,
  adminUid,
  asObject,
  basic,
  clients,
  freshUid,
  isJsonObject,
  type JsonObject,
  stores,
  useCurfew,
} from '#test/harness/index.ts'

const requestsPerRoute = 200
const parallel = 8

type Route = { readonly method: string; readonly path: string; readonly about: JsonObject }
type Shot = {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array<ArrayBuffer> | undefined
}

describe.each(stores)('bad input on %s', (store) => {
  const house = useCurfew({ store, config: { server: { logLevel: 'warn' } } })
  const { api } = house

  test('fuzz: every route answers bad input without a 5xx or a stack', async () => {
    const document = (await api.get('/openapi.json')).body
    const routes = routesOf(document)
    expect(routes.length).toBeGreaterThan(20)
    const failures: string[] = []
    const statuses = new Map<number | 'refused', number>()
    for (const route of routes) {
      const who = await credentials()
      const shots = fc.sample(shotsAt(route, document, who), requestsPerRoute)
      await inParallel(shots, async (shot) => {
        const answer = await fire(shot)
        const status = answer === 'refused' ? answer : answer.status
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        const wrong = judge(answer)
        if (wrong !== undefined) failures.push(`${describeShot(shot)}: ${wrong}`)
      })
      expect((await api.get('/healthz')).status, `after ${route.method} ${route.path}`).toBe(200)
    }
    expect(failures.slice(0, 20), `${failures.length} failures`).toEqual([])
    expect(house.curfew.log()).not.toMatch(/uncaught|unhandled/i)
    // The aim was good enough: the routes behind the checks were reached, few requests lost.
    for (const status of [200, 201, 400, 401, 403, 404]) expect(statuses.has(status)).toBe(true)
    expect(statuses.get('refused') ?? 0).toBeLessThan((routes.length * requestsPerRoute) / 20)
    if (process.env['FZ']) console.log(store, routes.length, [...statuses])
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

  async function credentials(): Promise<readonly string[]> {
    const person = await api.start({ uid: freshUid(), device: 'web' })
    const root = await api.start({ uid: adminUid, device: 'web' })
    return [
      basic(clients.backend),
      basic(clients.operator),
      basic(clients.satellite),
      basic(clients.webapp),
      `Bearer ${person.accessToken}`,
      `Bearer ${person.sessionToken}`,
      `Bearer ${person.refreshToken}`,
      `Bearer ${root.accessToken}`,
      'Basic !!!',
      'Basic Og==',
      'Bearer',
      'Bearer a.b.c',
      'bearer   x',
      'Digest x',
    ]
  }

  async function fire(shot: Shot): Promise<Answer | 'refused'> {
    const abort = AbortSignal.timeout(10_000)
    const response = await fetch(`${house.curfew.url}${shot.path}`, {
      method: shot.method,
      headers: shot.headers,
      redirect: 'manual',
      signal: abort,
      ...(shot.body === undefined ? {} : { body: shot.body }),
    }).catch((error: unknown) => error)
    // A connection that the server closed on a broken request is an answer, too: it stays up.
    if (!(response instanceof Response)) {
      if (abort.aborted) throw new Error(`no answer: ${describeShot(shot)}`)
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

function judge(answer: Answer | 'refused'): string | undefined {
  if (answer === 'refused') return undefined
  if (answer.status >= 500 && answer.status !== 503) {
    return `${answer.status} ${answer.text.slice(0, 300)}`
  }
  if (/\n\s+at |node_modules|\.ts:\d+:\d+|SQLITE_|syntax error|at character/.test(answer.text)) {
    return `leaks ${answer.text.slice(0, 300)}`
  }
  return undefined
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

function routesOf(document: JsonObject): readonly Route[] {
  const routes: Route[] = []
  for (const [path, methods] of Object.entries(asObject(document['paths']))) {
    for (const [method, about] of Object.entries(asObject(methods))) {
      routes.push({ method: method.toUpperCase(), path, about: asObject(about) })
    }
  }
  return routes
}

const awkward = fc.constantFrom(
  '',
  ' ',
  '\u0000',
  '../..',
  '%',
  '%zz',
  '%00',
  "' or 1=1 --",
  '\ud800',
  '😀'.repeat(50),
  'x'.repeat(5000),
  '__proto__',
  'constructor',
  'null',
  '-1',
  '1e309',
  '9007199254740993',
  'client:backend',
  adminUid,
  '0190a000-0000-7000-8000-000000000000',
)
const anyText = fc.oneof(awkward, fc.string({ unit: 'binary', maxLength: 60 }), fc.string())

function shotsAt(route: Route, document: JsonObject, who: readonly string[]): fc.Arbitrary<Shot> {
  const { method } = route
  const headers = fc
    .tuple(fc.option(fc.constantFrom(...who), { nil: undefined }), oddHeaders)
    .map(([authorization, odd]) => ({
      ...odd,
      ...(authorization === undefined ? {} : { authorization }),
    }))
  const path = fc
    .tuple(pathOf(route.path), queryOf(route, document))
    .map(([where, query]) => where + query)
  return fc.tuple(path, headers, bodyOf(route, document)).map(([target, given, [type, body]]) => ({
    method,
    path: target,
    headers: { ...given, ...(type === undefined ? {} : { 'content-type': type }) },
    body: method === 'GET' || method === 'HEAD' ? undefined : body,
  }))
}

const oddHeaders: fc.Arbitrary<Record<string, string>> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.dictionary(
      fc.constantFrom(
        'token',
        'accept',
        'origin',
        'cookie',
        'x-forwarded-for',
        'x-forwarded-host',
        'forwarded',
        'if-none-match',
        'last-event-id',
        'accept-encoding',
        'x-request-id',
        'traceparent',
      ),
      fc.string({ maxLength: 80 }).map((text) => text.replace(/[^ -~]/g, '?').trim()),
      { maxKeys: 3 },
    ),
  },
)

function pathOf(template: string): fc.Arbitrary<string> {
  const parts = template.split(/\{[^}]+\}/)
  const fill = fc.oneof(
    anyText.map(encode),
    fc.string({ maxLength: 30 }).map((text) => text.replace(/[^!-~]|[/?#]/g, '%')),
  )
  return fc
    .array(fill, { minLength: parts.length - 1, maxLength: parts.length - 1 })
    .map((values) => parts.map((part, index) => part + (values[index] ?? '')).join(''))
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

function queryOf(route: Route, document: JsonObject): fc.Arbitrary<string> {
  const parameters = Array.isArray(route.about['parameters']) ? route.about['parameters'] : []
  const known = parameters
    .filter((one: unknown) => isJsonObject(one) && one['in'] === 'query')
    .map((one: unknown) => asObject(one))
  const pairs = known.map((one) =>
    fc
      .oneof(fitting(asObject(one['schema'] ?? {}), document), anyText)
      .map((value) => `${encode(String(one['name']))}=${encode(textOf(value))}`),
  )
  const stray = fc
    .tuple(anyText, anyText)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
  return fc
    .array(fc.oneof(...pairs, stray), { maxLength: 3 })
    .map((all) => (all.length === 0 ? '' : `?${all.join('&')}`))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

type Body = readonly [string | undefined, string | Uint8Array<ArrayBuffer> | undefined]

function bodyOf(route: Route, document: JsonObject): fc.Arbitrary<Body> {
  const content = isJsonObject(route.about['requestBody'])
    ? asObject(route.about['requestBody']['content'] ?? {})
    : {}
  const junk: fc.Arbitrary<Body> = fc.oneof(
    fc.constant<Body>([undefined, undefined]),
    fc.json().map<Body>((text) => ['application/json', text]),
    fc.string().map<Body>((text) => ['application/json', text]),
    fc
      .tuple(
        fc.constantFrom('application/json', 'application/x-www-form-urlencoded', 'text/plain', 'x'),
        fc.uint8Array({ maxLength: 300 }),
      )
      .map<Body>(([type, bytes]) => [type, new Uint8Array(bytes)]),
    fc.constant<Body>(['application/json', `${'['.repeat(20_000)}`]),
    fc.constant<Body>(['application/json', '{"__proto__":{"x":1},"constructor":1}']),
  )
  const fittings = Object.entries(content).map(([type, one]) => {
    const schema = asObject(asObject(one)['schema'] ?? {})
    return fitting(schema, document).map<Body>((value) => [type, written(type, value)])
  })
  return fittings.length === 0
    ? junk
    : fc.oneof({ weight: 3, arbitrary: fc.oneof(...fittings) }, { weight: 1, arbitrary: junk })
}

function written(type: string, value: unknown): string {
  if (type !== 'application/x-www-form-urlencoded' || !isJsonObject(value)) {
    return JSON.stringify(value) ?? ''
  }
  const form = new URLSearchParams()
  for (const [name, one] of Object.entries(value)) form.append(name, textOf(one).toWellFormed())
  return form.toString()
}

/** Mostly what the schema describes, with a wrong value here and there. */
function fitting(schema: JsonObject, document: JsonObject, depth = 0): fc.Arbitrary<unknown> {
  const wrong: fc.Arbitrary<unknown> = fc.oneof(anyText, fc.jsonValue({ maxDepth: 2 }))
  if (depth > 5) return wrong
  return fc.oneof(
    { weight: 5, arbitrary: fittingValue(schema, document, depth) },
    { weight: 1, arbitrary: wrong },
  )
}

function fittingValue(
  schema: JsonObject,
  document: JsonObject,
  depth: number,
): fc.Arbitrary<unknown> {
  const named = schema['$ref']
  if (typeof named === 'string') return fitting(resolve(named, document), document, depth + 1)
  const variants = schema['anyOf'] ?? schema['oneOf']
  if (Array.isArray(variants) && variants.length > 0) {
    return fc.oneof(...variants.map((one) => fitting(asObject(one), document, depth + 1)))
  }
  if ('const' in schema) return fc.constant(schema['const'])
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...schema['enum'])
  switch (schema['type']) {
    case 'string':
      return anyText
    case 'integer':
    case 'number':
      return fc.oneof(fc.integer(), fc.double(), fc.maxSafeInteger())
    case 'boolean':
      return fc.boolean()
    case 'array':
      return fc.array(fitting(asObject(schema['items'] ?? {}), document, depth + 1), {
        maxLength: 5,
      })
    case 'object':
      return objectOf(schema, document, depth)
    default:
      return fc.jsonValue({ maxDepth: 2 })
  }
}

function objectOf(schema: JsonObject, document: JsonObject, depth: number): fc.Arbitrary<unknown> {
  const properties = asObject(schema['properties'] ?? {})
  const members = Object.fromEntries(
    Object.entries(properties).map(([name, one]) => [
      name,
      fitting(asObject(one), document, depth + 1),
    ]),
  )
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  const always = required.filter((name: unknown) => typeof name === 'string' && name in members)
  return fc.oneof(
    { weight: 5, arbitrary: fc.record(members, { requiredKeys: always }) },
    { weight: 1, arbitrary: fc.record(members, { requiredKeys: [] }) },
    { weight: 1, arbitrary: fc.dictionary(anyText, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }) },
  )
}

function resolve(reference: string, document: JsonObject): JsonObject {
  let found: unknown = document
  for (const part of reference.replace(/^#\//, '').split('/')) found = asObject(found)[part]
  return asObject(found, reference)
}
