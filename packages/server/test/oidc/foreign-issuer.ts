/*
 * An issuer of access tokens that is not ours, on real HTTP: it publishes what a test says, counts what
 * it is asked for, and signs with keys of any kind.
 */
import { generateKeyPair as generate, type KeyObject, sign as signBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import { exportJWK, type JWK, SignJWT } from 'jose'
import { onTestFinished } from 'vitest'
import { addMs, type Instant, instant } from '#domain'

export const openidPath = '/.well-known/openid-configuration'
export const oauthPath = '/.well-known/oauth-authorization-server'
export const start = instant(1_767_225_600_000)
export const startSeconds = start / 1000

/** Moved by hand. */
export class TestClock {
  #now: Instant = start

  now(): Instant {
    return this.#now
  }

  pass(milliseconds: number): void {
    this.#now = addMs(this.#now, milliseconds)
  }
}

export interface TestKey {
  readonly jwk: JWK & { readonly kid: string }
  readonly privateKey: KeyObject
  readonly alg: string
}

const generateKey = promisify(generate)

export async function testKey(alg: string, kid: string): Promise<TestKey> {
  const { publicKey, privateKey } = await keyPair(alg)
  return { jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }, privateKey, alg }
}

function keyPair(alg: string) {
  if (alg.startsWith('RS') || alg.startsWith('PS'))
    return generateKey('rsa', { modulusLength: 2048 })
  if (alg.startsWith('Ed')) return generateKey('ed25519')
  const curves: Record<string, string> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }
  return generateKey('ec', { namedCurve: curves[alg] ?? alg })
}

/** One of the same kind as before with another `alg`; RSA keys are slow to make. */
export function sameKeyAs(key: TestKey, alg: string, kid: string): TestKey {
  return { ...key, alg, jwk: { ...key.jwk, alg, kid } }
}

export type Claims = Readonly<Record<string, unknown>>

/** Header and payload as texts, signed by ES256 whatever they say: what no library would make. */
export function signTexts({ privateKey: key }: TestKey, header: string, payload: string): string {
  const input = [header, payload].map((text) => Buffer.from(text).toString('base64url')).join('.')
  const signature = signBytes('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}

export interface TestIssuer {
  readonly issuer: string
  /** Paths, in the order in which they were asked for. */
  readonly asked: string[]
  keys: unknown[]
  /** What takes the place of a document, by path. */
  readonly answers: Map<string, (response: ServerResponse) => void>
  /** Over its metadata at both places. */
  metadata: Claims
  /** The claims of a good token, and over them those of the test; `undefined` leaves one out. */
  sign(key: TestKey, claims?: Claims, header?: Claims): Promise<string>
  /** Nobody answers any more, at the same port. */
  close(): Promise<void>
  open(): Promise<void>
}

export const audience = 'https://api.example.com'

/** One for this test alone. */
export async function startForeignIssuer(path = ''): Promise<TestIssuer> {
  const issuer = await openForeignIssuer(path)
  onTestFinished(() => issuer.close())
  return issuer
}

export async function openForeignIssuer(path = ''): Promise<TestIssuer> {
  let port = 0
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1')
    issuer.asked.push(pathname)
    const own = issuer.answers.get(pathname)
    if (own !== undefined) return own(response)
    if (pathname === `${path}/jwks`) return json(response, { keys: issuer.keys })
    if (pathname !== `${path}${openidPath}`) return void response.writeHead(404).end()
    json(response, metadataOf(issuer))
  }
  const server = createServer(answer)
  const issuer: TestIssuer = {
    get issuer() {
      return `http://127.0.0.1:${port}${path}`
    },
    asked: [],
    keys: [],
    answers: new Map(),
    metadata: {},
    sign: (key, claims = {}, header = {}) =>
      new SignJWT({ ...standard(issuer.issuer), ...claims })
        .setProtectedHeader({ alg: key.alg, kid: key.jwk.kid, typ: 'at+jwt', ...header })
        .sign(key.privateKey),
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
    open: () =>
      new Promise((resolve) =>
        server.listen(port, '127.0.0.1', () => {
          port = (server.address() as AddressInfo).port
          resolve()
        }),
      ),
  }
  await issuer.open()
  return issuer
}

export function metadataOf({ issuer, metadata }: TestIssuer): Claims {
  return { issuer, jwks_uri: `${issuer}/jwks`, ...metadata }
}

function standard(issuer: string): Claims {
  return {
    iss: issuer,
    sub: 'robot-7',
    aud: audience,
    iat: startSeconds,
    exp: startSeconds + 300,
  }
}

export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
