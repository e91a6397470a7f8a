import { createHttp } from './app.ts'
import type { HttpDeps, HttpSettings } from './deps.ts'
import { noFellows } from './fellows.ts'
import { Metrics } from './metrics.ts'
import { plainBrand } from './pages/index.ts'

/** The parts of an OpenAPI document that docs/reference/http.md is made of. */
export interface ApiDescription {
  readonly paths: Readonly<Record<string, Readonly<Record<string, ApiOperation>>>>
}

export interface ApiOperation {
  readonly tags?: readonly string[]
  readonly summary?: string
  readonly description?: string
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly description?: string
  }[]
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema?: ApiSchema }>>
  }
  readonly responses: Readonly<Record<string, unknown>>
}

export interface ApiSchema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, ApiSchema>>
}

const settings: HttpSettings = {
  publicUrl: 'https://auth.example.com',
  trustedProxies: [],
  limits: {
    tokenRequestsPerSession: null,
    tokenRequestsPerAddress: null,
    failedClientAuth: null,
    sessionStarts: null,
    signIns: null,
    deviceAuthorizations: null,
    userCodeGuesses: null,
    eventStreamsPerCaller: 1,
    eventStreams: 1,
  },
  corsOrigins: () => new Set(),
  pages: () => ({ ...plainBrand, defaultLanguage: 'en' }),
  bodyLimitBytes: 1024,
  metricsElsewhere: false,
  adminElsewhere: false,
  algorithm: 'ES256',
  keepAliveMs: 15_000,
}

/** What /openapi.json would say, without a server: the routes are built and never asked. */
export async function describeApi(): Promise<ApiDescription> {
  const { app } = createHttp({ ...unasked, settings, metrics: new Metrics() })
  await app.ready()
  const described = app.swagger()
  await app.close()
  return JSON.parse(JSON.stringify(described)) as ApiDescription
}

/** Any use of what a description does not need is a mistake in this file. */
function absent<Part extends object>(name: string): Part {
  const refuse = (): never => {
    throw new Error(`a description of the API asked ${name}`)
  }
  return new Proxy({} as Part, { get: refuse })
}

const unasked: Omit<HttpDeps, 'settings' | 'metrics'> = {
  authority: absent('the authority'),
  devices: absent('the device authorizations'),
  adminLinks: absent('the links of administrators'),
  liveSessions: async () => 0,
  feed: absent('the feed'),
  events: absent('the event source'),
  admin: absent('what the console is shown'),
  opaque: absent('the opaque tokens'),
  clients: absent('the clients'),
  browser: absent('the browser'),
  console: absent('the console'),
  exchange: absent('token exchange'),
  dpop: absent('DPoP proofs'),
  jwks: () => ({ keys: [] }),
  readiness: () => ({ ready: false, dependencies: {}, retryAfterSeconds: 1 }),
  clock: absent('the clock'),
  log: absent('the log'),
  fellows: noFellows,
  ahead: () => false,
}
