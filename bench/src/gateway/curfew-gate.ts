/* Curfew as a proxy asks it: https outside, one application, the default headers. */
import { randomBytes } from 'node:crypto'
import type { ScriptableProvider } from '../../../packages/server/test/oidc/scriptable-provider.ts'
import { type CurfewProcess, startCurfew } from '../http/curfew-process.ts'
import { cookieHeader, signIn } from './browser.ts'
import { applicationHost, browserRequest } from './browser-request.ts'
import type { Gatekeeper } from './gatekeeper.ts'

export interface CurfewGate {
  readonly server: CurfewProcess
  readonly gatekeeper: Gatekeeper
  signIn(): Promise<ReadonlyMap<string, string>>
  asking(cookies: ReadonlyMap<string, string>): string
}

export interface CurfewGateOptions {
  readonly provider: ScriptableProvider
  readonly store: string
  readonly folder: string
  readonly nodeOptions?: readonly string[]
  /** Those of another process on the same store. */
  readonly secrets?: readonly string[]
  readonly redis?: string
}

const publicUrl = 'https://auth.example.com'
/** As a proxy that ends TLS would add them. */
const proxyHeaders = {
  'x-forwarded-for': '192.0.2.7',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'auth.example.com',
}
const target = '/forward-auth?mode=nginx'

export async function startCurfewGate(options: CurfewGateOptions): Promise<CurfewGate> {
  const { provider, ...where } = options
  const server = await startCurfew({ ...where, sections: sectionsOf(options) })
  const { port } = server.target
  const site = { origin: publicUrl, port, proxyHeaders }
  const enter = () =>
    signIn(provider, site, `/login?return_to=${encodeURIComponent(`https://${applicationHost}/`)}`)
  const asking = (cookies: ReadonlyMap<string, string>) =>
    browserRequest({ target, port, sessionCookies: cookieHeader(sessionOf(cookies)) })
  const request = asking(await enter())
  const gatekeeper = { name: 'Curfew', port, request, pids: () => [server.pid] }
  return { server, gatekeeper, signIn: enter, asking }
}

export function newSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** What a browser would send to the application: not the cookies of the sign-in's own paths. */
function sessionOf(cookies: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map([...cookies].filter(([name]) => name === sessionCookie))
}

export const sessionCookie = '__Secure-curfew'

function sectionsOf({ provider, redis, secrets = [newSecret()] }: CurfewGateOptions) {
  return {
    ...(redis === undefined ? {} : { redis }),
    server: { publicUrl, trustedProxies: ['127.0.0.1/32'] },
    secrets,
    identityProviders: [
      {
        id: 'main',
        issuer: provider.issuer,
        clientId: provider.clientId,
        clientSecret: provider.clientSecret,
      },
    ],
    gateway: {
      cookie: { domain: 'example.com' },
      rules: [{ hosts: [applicationHost], require: 'session' }],
    },
  }
}
