/*
 * Requests for the fuzz pass, made from an OpenAPI document: some follow its schemas to the letter, most
 * have something wrong in them, some are noise.
 */
import fc from 'fast-check'
import {
  asObject,
  clients,
  isJsonObject,
  type JsonObject,
  publicClient,
} from '#test/harness/index.ts'

export type Route = { readonly method: string; readonly path: string; readonly about: JsonObject }
export type Shot = {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array<ArrayBuffer> | undefined
}

/** Who asks: `fits` are callers that the route lets in, `others` are not, or no callers at all. */
export type Callers = { readonly fits: readonly string[]; readonly others: readonly string[] }
/** Ids that exist. */
export type Known = { readonly sids: readonly string[]; readonly uids: readonly string[] }
export type Target = { readonly route: Route; readonly document: JsonObject; readonly known: Known }

export function routesOf(document: JsonObject): readonly Route[] {
  const routes: Route[] = []
  for (const [path, methods] of Object.entries(asObject(document['paths']))) {
    for (const [method, about] of Object.entries(asObject(methods))) {
      routes.push({ method: method.toUpperCase(), path, about: asObject(about) })
    }
  }
  return routes
}

export function shotsAt(target: Target, callers: Callers): fc.Arbitrary<Shot> {
  const { method } = target.route
  const authorization = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...callers.fits) },
    { weight: 2, arbitrary: fc.constantFrom(...callers.others) },
    { weight: 1, arbitrary: fc.constant('') },
  )
  const where = fc.tuple(pathOf(target), queryOf(target)).map(([path, query]) => path + query)
  return fc
    .tuple(where, authorization, oddHeaders, bodyOf(target))
    .map(([path, who, odd, [type, body]]) => ({
      method,
      path,
      headers: {
        ...odd,
        ...(who === '' ? {} : { authorization: who }),
        ...(type === undefined ? {} : { 'content-type': type }),
      },
      body: method === 'GET' || method === 'HEAD' ? undefined : body,
    }))
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
  'client:nobody',
  '0190a000-0000-7000-8000-000000000000',
)
const anyText = fc.oneof(awkward, fc.string({ unit: 'binary', maxLength: 60 }), fc.string())

/** What the members and parameters of this name may hold, beyond what their schema says. */
const samples: Readonly<Record<string, readonly string[]>> = {
  uid: ['fuzz-1', 'fuzz-2', 'main:8f3c'],
  client_id: [publicClient, clients.webapp.id],
  device: ['web', 'app', 'pc', 'pair'],
  ip: ['203.0.113.7', '2001:db8::1'],
  roles: ['pilot', 'ops'],
  reason: ['stolen', 'x_1'],
  grant_type: ['refresh_token', 'client_credentials', 'password'],
  scope: ['openid', 'openid email', ''],
  resource: ['https://api.example.com', 'https://evil.example.com'],
  since: ['0', '1', '1767225600', 'e.1'],
  limit: ['1', '50', '200'],
  state: ['live', 'ended', 'all'],
  all: ['true', 'false'],
  except: ['0190a000-0000-7000-8000-000000000000'],
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

function pathOf({ route, known }: Target): fc.Arbitrary<string> {
  const pieces = route.path.split(/(\{[^}]+\})/).map((piece) => {
    if (!piece.startsWith('{')) return fc.constant(piece)
    const real = piece === '{sid}' ? known.sids : known.uids
    return fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...real).map(encode) },
      { weight: 1, arbitrary: anyText.map(encode) },
      {
        weight: 1,
        arbitrary: fc.string({ maxLength: 30 }).map((text) => text.replace(/[^!-~]|[/?#]/g, '%')),
      },
    )
  })
  return fc.tuple(...pieces).map((parts) => parts.join(''))
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
}

function queryOf({ route, document }: Target): fc.Arbitrary<string> {
  const parameters = Array.isArray(route.about['parameters']) ? route.about['parameters'] : []
  const pairs = parameters
    .filter(isJsonObject)
    .filter((one) => one['in'] === 'query')
    .map((one) => {
      const name = String(one['name'])
      const making = { document, name, loose: true, depth: 0 }
      return fitting(asObject(one['schema'] ?? {}), making).map(
        (value) => `${encode(name)}=${encode(textOf(value))}`,
      )
    })
  const stray = fc
    .tuple(anyText, anyText)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
  const some = fc.array(pairs.length === 0 ? stray : fc.oneof(...pairs), { maxLength: 3 })
  return fc
    .tuple(some, fc.array(stray, { maxLength: 1 }), fc.boolean())
    .map(([fits, more, both]) => [...fits, ...(both ? more : [])])
    .map((all) => (all.length === 0 ? '' : `?${all.join('&')}`))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}

type Body = readonly [string | undefined, string | Uint8Array<ArrayBuffer> | undefined]

const noise: fc.Arbitrary<Body> = fc.oneof(
  fc.constant<Body>([undefined, undefined]),
  fc.json().map<Body>((text) => ['application/json', text]),
  fc.string().map<Body>((text) => ['application/json', text]),
  fc
    .tuple(
      fc.constantFrom('application/json', 'application/x-www-form-urlencoded', 'text/plain', 'x'),
      fc.uint8Array({ maxLength: 300 }),
    )
    .map<Body>(([type, bytes]) => [type, new Uint8Array(bytes)]),
  fc.constant<Body>(['application/json', '['.repeat(20_000)]),
  fc.constant<Body>(['application/json', '{"__proto__":{"x":1},"constructor":1}']),
)

function bodyOf({ route, document }: Target): fc.Arbitrary<Body> {
  const content = isJsonObject(route.about['requestBody'])
    ? asObject(route.about['requestBody']['content'] ?? {})
    : {}
  const bodies = Object.entries(content).flatMap(([type, one]) => {
    const schema = asObject(asObject(one)['schema'] ?? {})
    return [true, false].map((loose) =>
      fitting(schema, { document, name: '', loose, depth: 0 }).map<Body>((value) => [
        type,
        written(type, value),
      ]),
    )
  })
  const none = fc.constant<Body>([undefined, undefined])
  if (bodies.length === 0) return fc.oneof({ weight: 3, arbitrary: none }, noise)
  return fc.oneof({ weight: 4, arbitrary: fc.oneof(...bodies) }, none, noise)
}

function written(type: string, value: unknown): string {
  if (type !== 'application/x-www-form-urlencoded' || !isJsonObject(value)) {
    return JSON.stringify(value) ?? ''
  }
  const form = new URLSearchParams()
  for (const [name, one] of Object.entries(value)) form.append(name, textOf(one).toWellFormed())
  return form.toString()
}

type Making = {
  readonly document: JsonObject
  /** The member or parameter that the value is for. */
  readonly name: string
  /** Wrong values stand here and there. */
  readonly loose: boolean
  readonly depth: number
}

function fitting(schema: JsonObject, making: Making): fc.Arbitrary<unknown> {
  if (making.depth > 5) return fc.constant(null)
  const right = conforming(schema, { ...making, depth: making.depth + 1 })
  if (!making.loose) return right
  const wrong: fc.Arbitrary<unknown> = fc.oneof(anyText, fc.jsonValue({ maxDepth: 2 }))
  return fc.oneof({ weight: 6, arbitrary: right }, { weight: 1, arbitrary: wrong })
}

function conforming(schema: JsonObject, making: Making): fc.Arbitrary<unknown> {
  const named = schema['$ref']
  if (typeof named === 'string') return fitting(resolve(named, making.document), making)
  const variants = schema['anyOf'] ?? schema['oneOf']
  if (Array.isArray(variants) && variants.length > 0) {
    return fc.oneof(...variants.map((one) => fitting(asObject(one), making)))
  }
  if ('const' in schema) return fc.constant(schema['const'])
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...schema['enum'])
  switch (schema['type']) {
    case 'string':
      return fc.constantFrom(...(samples[making.name] ?? ['x', 'Some text', 'ü']))
    case 'integer':
    case 'number':
      return making.loose ? fc.oneof(fc.integer(), fc.double()) : fc.integer({ min: 1, max: 200 })
    case 'boolean':
      return fc.boolean()
    case 'array':
      return fc.uniqueArray(fitting(asObject(schema['items'] ?? {}), making), {
        maxLength: 3,
        comparator: (a, b) => JSON.stringify(a) === JSON.stringify(b),
      })
    case 'object':
      return objectOf(schema, making)
    default:
      return fc.jsonValue({ maxDepth: 2 })
  }
}

function objectOf(schema: JsonObject, making: Making): fc.Arbitrary<unknown> {
  const properties = Object.entries(asObject(schema['properties'] ?? {}))
  const members = Object.fromEntries(
    properties.map(([name, one]) => [name, fitting(asObject(one), { ...making, name })]),
  )
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  const always = required.filter((name: unknown) => typeof name === 'string' && name in members)
  const whole = fc.record(members, { requiredKeys: always })
  // Few members at a time go together; all of them rarely do.
  const optional = Object.keys(members).filter((name) => !always.includes(name))
  const few = fc
    .subarray(optional, { maxLength: Math.min(2, optional.length) })
    .chain((names) => fc.record(only(members, [...always, ...names])))
  if (!making.loose) return fc.oneof(few, whole)
  return fc.oneof(
    { weight: 5, arbitrary: whole },
    { weight: 1, arbitrary: fc.record(members, { requiredKeys: [] }) },
    { weight: 1, arbitrary: fc.dictionary(anyText, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }) },
  )
}

function only<T>(
  members: Readonly<Record<string, T>>,
  names: readonly string[],
): Record<string, T> {
  return Object.fromEntries(Object.entries(members).filter(([name]) => names.includes(name)))
}

function resolve(reference: string, document: JsonObject): JsonObject {
  let found: unknown = document
  for (const part of reference.replace(/^#\//, '').split('/')) found = asObject(found)[part]
  return asObject(found, reference)
}
