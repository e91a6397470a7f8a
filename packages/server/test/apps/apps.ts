/*
 * Applications that sign people in by `/oauth/authorize`: a real server with a scriptable provider, clients of
 * each kind, and a browser that goes the way to the provider and back, up to the application's own address.
 */
import { createHash, randomBytes } from 'node:crypto'
import { type Gate, type GateOptions, openGate } from '#test/gateway/gate.ts'
import type { Visitor } from '#test/gateway/visitor.ts'
import type { Reply } from '#test/gateway/wire.ts'
import { type Answer, type Curfew, clients, type JsonObject, merge } from '#test/harness/index.ts'

/** Registered as they stand; the answers never arrive there. */
export const at = {
  mobile: 'com.example.app:/cb',
  web: 'https://app.example.com/cb',
  spa: 'https://spa.example.com/cb?tenant=1',
  cli: 'http://127.0.0.1/cb',
  cli6: 'http://[::1]:3000/cb',
  out: 'https://app.example.com/bye',
} as const

const webapp = { ...clients.webapp, device: 'web' }

export const appsConfig: JsonObject = {
  server: { trustedProxies: ['127.0.0.1/32'] },
  clients: [
    { ...clients.operator, roles: ['admin'] },
    { ...clients.satellite, roles: ['service'] },
    {
      ...webapp,
      redirectUris: [at.web],
      postLogoutRedirectUris: [at.out, 'com.example.app:/bye'],
      grants: ['authorization_code', 'refresh_token', 'client_credentials'],
      scopes: ['openid', 'profile', 'email', 'api'],
    },
    { id: 'mobile', redirectUris: [at.mobile], device: 'app' },
    { id: 'spa', redirectUris: [at.spa], grants: ['authorization_code'], device: 'web' },
    { id: 'cli', redirectUris: [at.cli, at.cli6], device: 'web' },
    { id: 'other', redirectUris: [at.web, 'https://other.example.com/cb'], device: 'web' },
    { id: 'no-code', grants: ['refresh_token'], redirectUris: [at.web], device: 'web' },
  ],
}

export function openApps(options: GateOptions = {}): Promise<Gate> {
  return openGate({ ...options, config: merge(appsConfig, options.config ?? {}) })
}

export interface Request {
  readonly verifier: string
  readonly parameters: Readonly<Record<string, string>>
}

/** A good authorization request of a client; `changes` replace, and an empty text leaves out. */
export function requestOf(changes: Readonly<Record<string, string>> = {}): Request {
  const verifier = randomBytes(32).toString('base64url')
  const parameters = {
    response_type: 'code',
    client_id: clients.webapp.id,
    redirect_uri: at.web,
    scope: 'openid profile email',
    state: randomBytes(8).toString('hex'),
    nonce: randomBytes(8).toString('hex'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...changes,
  }
  const given = Object.entries(parameters).filter(([, value]) => value !== '')
  return { verifier, parameters: Object.fromEntries(given) }
}

export function addressOf({ issuer }: Curfew, { parameters }: Request): string {
  return `${issuer}/oauth/authorize?${new URLSearchParams(parameters)}`
}

/** Opens the address, signs in at the provider, and comes back: the callback's own answer. */
export async function signInBy(gate: Gate, visitor: Visitor, address: string): Promise<Reply> {
  const begun = await visitor.open(address)
  const { location = '' } = begun.headers
  if (!location.startsWith(gate.provider.issuer)) return begun
  return visitor.open(gate.provider.authorize(location).href)
}

/** Where a redirect or the link of a page leads. */
export function destinationOf(reply: Reply): URL {
  const { location } = reply.headers
  if (location !== undefined) return new URL(location)
  const href = /<a class="button first" href="([^"]*)"/.exec(reply.body)?.[1]
  if (href === undefined)
    throw new Error(`leads nowhere: ${reply.status} ${reply.body.slice(-400)}`)
  return new URL(href.replaceAll(/&#(\d+);/g, (_whole, code) => String.fromCharCode(Number(code))))
}

/** The parameters that the application is told. */
export function told(reply: Reply): Readonly<Record<string, string>> {
  return Object.fromEntries(destinationOf(reply).searchParams)
}

export interface Coded extends Request {
  readonly code: string
}

/** A sign-in up to the code, which must come. */
export async function coded(
  gate: Gate,
  changes: Readonly<Record<string, string>> = {},
  at: Curfew = gate.curfew,
): Promise<Coded> {
  const request = requestOf(changes)
  const address = addressOf(gate.curfew, request)
  const reply = await signInBy(gate, gate.visitor(at), address)
  const { code } = told(reply)
  if (code === undefined) throw new Error(`no code: ${JSON.stringify(told(reply))}`)
  return { ...request, code }
}

/** `grant_type=authorization_code` as the client that asked; `changes` replace. */
export function redeem(
  { api }: Pick<Curfew, 'api'>,
  { code, verifier, parameters }: Coded,
  changes: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const { client_id = '', redirect_uri = '' } = parameters
  const form = {
    ...{ grant_type: 'authorization_code', code, redirect_uri, code_verifier: verifier },
    client_id,
    ...changes,
  }
  const confidential = form.client_id === clients.webapp.id
  return api.post('/oauth/token', confidential ? { form, as: clients.webapp } : { form })
}
