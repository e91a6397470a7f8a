/*
 * An identity provider that does what a test tells it: a real HTTP server with keys of its own, strict
 * rotation (a refresh token used twice kills its family), and a script for what the next grants meet.
 */
import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

export type Mishap =
  | 'ok'
  /** An answer of that status, before anything has happened. */
  | { readonly status: number; readonly error?: string; readonly headers?: Record<string, string> }
  /** Rotates, then the connection breaks. */
  | 'reset-after-rotation'
  /** The connection breaks before anything has happened. */
  | 'reset'
  /** Nothing happens until `release` is called; then the connection breaks. */
  | 'hang'
  /** Rotates, and answers only when `release` is called. */
  | 'hang-after-rotation'
  /** Rotates, and answers with half a body. */
  | 'half-answer'
  /** 200 and a page. */
  | 'page'

interface Grant {
  readonly family: string
  readonly subject: string
  readonly nonce: string | null
  readonly challenge: string | null
}

export interface Issued {
  readonly subject: string
  readonly accessToken: string
  readonly refreshToken: string
}

/** A refresh grant from its arrival to its answer, whatever became of it. */
export interface GrantRecord {
  readonly subject: string
  readonly token: string
  /** Milliseconds of the monotonic clock. */
  readonly from: number
  /** The answer was written, or the connection broke; Infinity: not yet. */
  till: number
  /** The token is spent. */
  rotated: boolean
  /** `fault`: the provider said so; `lost`: no whole answer got out. */
  outcome: 'answered' | 'refused' | 'fault' | 'lost' | 'under way'
}

export interface ScriptableProvider {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** Refresh grants that arrived, whatever became of them. */
  readonly grants: string[]
  /** Whose each of `grants` was; empty for a token that was never given out. */
  readonly grantsOf: string[]
  /** The same grants, each with its times. */
  readonly records: GrantRecord[]
  /** Everything that was given out by refresh grants, also what never arrived. */
  readonly issued: Issued[]
  readonly revoked: string[]
  /** All access tokens, the newest last. */
  readonly accessTokens: string[]
  readonly counts: { discovery: number; keys: number; code: number; userinfo: number }
  latencyMs: number
  revocationLatencyMs: number
  accessSeconds: number
  subject: string
  sid: string
  claims: Record<string, unknown>
  /** Claims that take the place of those of the ID token, such as a wrong `aud`. */
  idToken: Record<string, unknown>
  userinfo: Record<string, unknown>
  /** Leaves the ID token out of refreshes. */
  idTokenOnRefresh: boolean
  /** False: a refresh token stays good, and an answer to it holds none. */
  rotates: boolean
  /** False: there are none. */
  refreshTokens: boolean
  discoveryStatus: number
  /** Members that take the place of those of its metadata. */
  metadata: Record<string, unknown>
  keysStatus: number
  userinfoStatus: number
  /** What the next refresh grants meet, one each; then `ok`. */
  script: Mishap[]
  /** The same for one subject alone; goes before `script`. */
  readonly scripts: Map<string, Mishap[]>
  /** What code grants meet. */
  codeScript: Mishap[]
  onRequest: (request: IncomingMessage) => void
  /** Lets hanging answers go. */
  release(): void
  /** What a browser at the authorization endpoint ends in: the callback's URL. */
  authorize(url: string): URL
  logoutToken(claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>
  /** A token of the provider with these claims alone. */
  sign(claims: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>
  /** Signs with a new key from now on, and publishes that one alone. */
  changeKey(kid: string): Promise<void>
  /** Stops and answers nobody; `listen` brings it back at the same port. */
  close(): Promise<void>
  listen(): Promise<void>
}

export async function startScriptableProvider(alg = 'ES256'): Promise<ScriptableProvider> {
  let key = await newKey(alg, 'k1')
  const codes = new Map<string, Grant>()
  const refreshTokens = new Map<string, Grant & { used: boolean }>()
  const dead = new Set<string>()
  const waiting: (() => void)[] = []
  let port = 0

  const sign = (claims: Record<string, unknown>, header: Record<string, unknown> = {}) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg, kid: key.jwk.kid, ...header })
      .sign(key.privateKey)

  const provider: ScriptableProvider = {
    get issuer() {
      return `http://127.0.0.1:${port}`
    },
    clientId: 'curfew',
    clientSecret: 'the secret of curfew',
    grants: [],
    grantsOf: [],
    records: [],
    issued: [],
    revoked: [],
    accessTokens: [],
    counts: { discovery: 0, keys: 0, code: 0, userinfo: 0 },
    latencyMs: 0,
    revocationLatencyMs: 0,
    accessSeconds: 300,
    subject: 'alice',
    sid: 'op-session-1',
    claims: {},
    idToken: {},
    userinfo: {},
    idTokenOnRefresh: true,
    rotates: true,
    refreshTokens: true,
    discoveryStatus: 200,
    metadata: {},
    keysStatus: 200,
    userinfoStatus: 200,
    script: [],
    scripts: new Map(),
    onRequest: () => undefined,
    codeScript: [],
    release() {
      for (const go of waiting.splice(0)) go()
    },
    authorize(url) {
      const { searchParams } = new URL(url)
      const code = randomBytes(12).toString('base64url')
      codes.set(code, {
        family: randomBytes(6).toString('hex'),
        subject: provider.subject,
        nonce: searchParams.get('nonce'),
        challenge: searchParams.get('code_challenge'),
      })
      const callback = new URL(searchParams.get('redirect_uri') ?? '')
      callback.searchParams.set('code', code)
      callback.searchParams.set('state', searchParams.get('state') ?? '')
      callback.searchParams.set('iss', provider.issuer)
      return callback
    },
    logoutToken(claims = {}, header = {}) {
      const now = Math.floor(Date.now() / 1000)
      const standard = {
        iss: provider.issuer,
        aud: provider.clientId,
        iat: now,
        exp: now + 120,
        jti: randomBytes(8).toString('hex'),
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
        sid: provider.sid,
      }
      return provider.sign({ ...standard, ...claims }, { typ: 'logout+jwt', ...header })
    },
    sign,
    async changeKey(kid) {
      key = await newKey(alg, kid)
    },
    close() {
      provider.release()
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
    listen,
  }

  async function tokens(grant: Grant, withIdToken: boolean) {
    const now = Math.floor(Date.now() / 1000)
    const refresh = provider.refreshTokens ? randomBytes(12).toString('base64url') : undefined
    if (refresh !== undefined) refreshTokens.set(refresh, { ...grant, used: false })
    const idToken = await provider.sign({
      iss: provider.issuer,
      sub: grant.subject,
      aud: provider.clientId,
      iat: now,
      exp: now + 3600,
      sid: provider.sid,
      ...(grant.nonce === null ? {} : { nonce: grant.nonce }),
      ...provider.claims,
      ...provider.idToken,
    })
    const access = randomBytes(12).toString('base64url')
    provider.accessTokens.push(access)
    return {
      access_token: access,
      token_type: 'Bearer',
      expires_in: provider.accessSeconds,
      ...(refresh === undefined ? {} : { refresh_token: refresh }),
      ...(withIdToken ? { id_token: idToken } : {}),
    }
  }

  async function byCode(form: URLSearchParams, response: ServerResponse): Promise<void> {
    provider.counts.code++
    const grant = codes.get(form.get('code') ?? '')
    codes.delete(form.get('code') ?? '')
    const digest = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    if (grant === undefined || grant.challenge !== digest) {
      json(response, 400, { error: 'invalid_grant' })
      return
    }
    await play(provider.codeScript.shift() ?? 'ok', response, () => tokens(grant, true))
  }

  async function byRefresh(form: URLSearchParams, response: ServerResponse): Promise<void> {
    const presented = form.get('refresh_token') ?? ''
    const grant = refreshTokens.get(presented)
    provider.grants.push(presented)
    provider.grantsOf.push(grant?.subject ?? '')
    const record = recordOf(presented, grant?.subject ?? '', response)
    provider.records.push(record)
    const own = provider.scripts.get(grant?.subject ?? '')?.shift()
    const mishap = own ?? provider.script.shift() ?? 'ok'
    await delay(provider.latencyMs)
    const rotate = async () => {
      if (grant === undefined || grant.used || dead.has(grant.family)) {
        if (grant !== undefined) dead.add(grant.family)
        return undefined
      }
      grant.used = provider.rotates
      record.rotated = provider.rotates
      const made = await tokens({ ...grant, nonce: null }, provider.idTokenOnRefresh)
      const { access_token: accessToken, refresh_token: fresh, ...others } = made
      const refreshToken = fresh ?? presented
      provider.issued.push({ subject: grant.subject, accessToken, refreshToken })
      return provider.rotates ? made : { access_token: accessToken, ...others }
    }
    await play(mishap, response, rotate)
  }

  async function play(
    mishap: Mishap,
    response: ServerResponse,
    rotate: () => Promise<Record<string, unknown> | undefined>,
  ): Promise<void> {
    if (mishap === 'hang') await new Promise<void>((resolve) => waiting.push(resolve))
    if (mishap === 'reset' || mishap === 'hang') {
      response.destroy()
      return
    }
    if (typeof mishap === 'object') {
      const { status, error = 'server_error', headers = {} } = mishap
      json(response, status, { error }, headers)
      return
    }
    const body = mishap === 'page' ? {} : await rotate()
    if (body === undefined) {
      json(response, 400, { error: 'invalid_grant' })
      return
    }
    switch (mishap) {
      case 'reset-after-rotation':
        response.destroy()
        return
      case 'page':
        response.writeHead(200, { 'content-type': 'text/html' }).end('<p>maintenance')
        return
      case 'half-answer': {
        const text = JSON.stringify(body)
        response.writeHead(200, {
          'content-type': 'application/json',
          'content-length': text.length,
        })
        response.write(text.slice(0, 20), () => response.destroy())
        return
      }
      case 'hang-after-rotation':
        await new Promise<void>((resolve) => waiting.push(resolve))
        json(response, 200, body)
        return
      default:
        json(response, 200, body)
    }
  }

  const server = createServer((request, response) => {
    void answer(request, response)
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    provider.onRequest(request)
    const { pathname } = new URL(request.url ?? '/', provider.issuer)
    if (pathname === '/.well-known/openid-configuration') {
      provider.counts.discovery++
      const said = { ...metadata(provider.issuer, alg), ...provider.metadata }
      json(response, provider.discoveryStatus, said)
    } else if (pathname === '/jwks') {
      provider.counts.keys++
      json(response, provider.keysStatus, { keys: [key.jwk] })
    } else if (pathname === '/userinfo') {
      provider.counts.userinfo++
      json(response, provider.userinfoStatus, { sub: provider.subject, ...provider.userinfo })
    } else {
      const form = new URLSearchParams(await bodyOf(request))
      if (pathname === '/revoke') {
        await delay(provider.revocationLatencyMs)
        provider.revoked.push(form.get('token') ?? '')
        response.writeHead(200).end()
      } else if (form.get('grant_type') === 'refresh_token') await byRefresh(form, response)
      else await byCode(form, response)
    }
  }

  function listen(): Promise<void> {
    return new Promise((resolve) => {
      server.listen(port, '127.0.0.1', () => {
        port = (server.address() as AddressInfo).port
        resolve()
      })
    })
  }

  await listen()
  return provider
}

/** Settled when the response is done with, whole or broken. */
function recordOf(token: string, subject: string, response: ServerResponse): GrantRecord {
  const from = performance.now()
  const record: GrantRecord = {
    ...{ token, subject, from, till: Number.POSITIVE_INFINITY },
    ...{ rotated: false, outcome: 'under way' },
  }
  const settle = (outcome: GrantRecord['outcome']): void => {
    if (record.outcome !== 'under way') return
    record.till = performance.now()
    record.outcome = outcome
  }
  response.once('finish', () => settle(outcomeOf(response.statusCode, record)))
  response.once('close', () => settle('lost'))
  return record
}

/** 502 and 504 come from something in between: nobody knows what the provider did. */
function outcomeOf(status: number, { rotated }: GrantRecord): GrantRecord['outcome'] {
  if (status === 200) return rotated ? 'answered' : 'lost'
  if (status === 400) return 'refused'
  return status === 502 || status === 504 ? 'lost' : 'fault'
}

async function newKey(alg: string, kid: string) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

function metadata(issuer: string, alg: string): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    userinfo_endpoint: `${issuer}/userinfo`,
    revocation_endpoint: `${issuer}/revoke`,
    end_session_endpoint: `${issuer}/end-session`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [alg],
    authorization_response_iss_parameter_supported: true,
    token_endpoint_auth_methods_supported: ['client_secret_post'],
  }
}

function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}
