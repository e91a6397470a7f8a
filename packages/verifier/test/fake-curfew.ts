/*
 * As much of Curfew as a verifier sees, in memory and on a scripted clock: keys, the feed, its stream. A
 * test spoils any answer by `spoil`, and the stream by taking its events into its own hands.
 */
import { randomUUID } from 'node:crypto'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import type { VerifierOptions } from '../src/options.ts'
import { ScriptedTiming } from './scripted-timing.ts'

export const issuer = 'https://auth.example.com'
export const audience = 'https://api.example.com'

export interface End {
  readonly seq: number
  readonly sid: string
  readonly jti: string
  readonly exp: number
}

interface Signer {
  readonly kid: string
  readonly alg: string
  readonly privateKey: CryptoKey
  readonly jwk: JWK
}

export type Path = 'jwks' | 'feed' | 'stream'

interface OpenStream {
  write(text: string): void
  close(): void
}

/** What one user of a signing key may ask for; everything else has a default. */
export interface TokenOptions {
  readonly sid?: string
  readonly sub?: string
  readonly expiresInSeconds?: number
  readonly claims?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
  readonly signer?: Signer
}

export class FakeCurfew {
  readonly timing = new ScriptedTiming()
  /** How far Curfew's clock is ahead of the verifier's. */
  aheadMs = 0
  epoch = 'e1aaaaaa'
  readonly ends: End[] = []
  /** Ends up to this number are no longer kept. */
  floor = 0
  readonly asked: { readonly path: Path; readonly url: URL; readonly headers: Headers }[] = []
  /** Changes or replaces an answer; may throw, as an unreachable server does. */
  spoil: ((path: Path, answer: () => Response) => Response | Promise<Response>) | undefined
  /** Whether `end` is told to open streams by itself. */
  streaming = true
  signers: Signer[] = []
  readonly streams = new Set<OpenStream>()

  constructor() {
    this.timing.nowMs = 1_800_000_000_000
  }

  static async start(): Promise<FakeCurfew> {
    const curfew = new FakeCurfew()
    curfew.signers = [await newSigner()]
    return curfew
  }

  get nowMs(): number {
    return this.timing.nowMs + this.aheadMs
  }

  get nowSeconds(): number {
    return Math.floor(this.nowMs / 1000)
  }

  /** Options of a verifier of this Curfew: pulls each 30 s, as is the default. */
  options(more: Partial<VerifierOptions> = {}): VerifierOptions {
    const credentials = { clientId: 'satellite', clientSecret: 'secret' }
    const common = { issuer, audience, fetch: this.fetch, timing: this.timing }
    return { ...common, ...credentials, ...more } as VerifierOptions
  }

  async token(options: TokenOptions = {}): Promise<string> {
    const signer = options.signer ?? this.signers[0]
    if (signer === undefined) throw new Error('no signer')
    const now = this.nowSeconds
    const claims = {
      iss: issuer,
      sub: options.sub ?? 'main:alice',
      aud: [issuer, audience],
      iat: now,
      nbf: now,
      exp: now + (options.expiresInSeconds ?? 300),
      jti: randomUUID(),
      sid: options.sid ?? newSid(),
      roles: ['pilot'],
      ...options.claims,
    }
    const header = { alg: signer.alg, kid: signer.kid, typ: 'at+jwt', ...options.header }
    return await new SignJWT(claims).setProtectedHeader(header).sign(signer.privateKey)
  }

  /** Ends a session, and tells the streams. */
  end(sid: string, expiresInSeconds = 300): End {
    const seq = (this.ends.at(-1)?.seq ?? this.floor) + 1
    const end = { seq, sid, jti: randomUUID(), exp: this.nowSeconds + expiresInSeconds }
    this.ends.push(end)
    if (this.streaming) this.tell(end)
    return end
  }

  tell(end: End): void {
    for (const stream of this.streams) stream.write(this.event(end))
  }

  event({ seq, ...entry }: End): string {
    return `id: ${this.epoch}.${seq}\ndata: ${JSON.stringify(entry)}\n\n`
  }

  /** What Redis would carry. */
  message(end: End): string {
    const { seq, jti, sid, exp } = end
    return JSON.stringify({ epoch: this.epoch, seq, jti, sid, exp })
  }

  count(path: Path): number {
    return this.asked.filter((one) => one.path === path).length
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const url = new URL(String(input))
    const headers = new Headers(init?.headers)
    const path = pathOf(url)
    this.asked.push({ path, url, headers })
    init?.signal?.throwIfAborted()
    const answer = (): Response => this.#answer(path, url, headers, init?.signal ?? undefined)
    return this.spoil === undefined ? answer() : await this.spoil(path, answer)
  }

  #answer(path: Path, url: URL, headers: Headers, signal: AbortSignal | undefined): Response {
    if (path === 'jwks') return json({ keys: this.signers.map(({ jwk }) => jwk) })
    if (!headers.get('authorization')) return json({ code: 'unauthenticated' }, 401)
    return path === 'feed' ? this.#page(url) : this.#stream(url, headers, signal)
  }

  #page(url: URL): Response {
    const { after, reset } = this.#position(url.searchParams.get('since'))
    const limit = Number(url.searchParams.get('limit') ?? 45)
    const all = url.searchParams.get('all') === 'true'
    const listed = this.ends.filter(
      ({ seq, exp }) => seq > after && (all || exp >= this.nowSeconds),
    )
    const entries = listed.slice(0, limit)
    const more = listed.length > limit
    const head = this.ends.at(-1)?.seq ?? this.floor
    const cursor = more ? entries.at(-1)?.seq : head
    return json(
      entries.map(({ sid, jti, exp }) => ({ jti, sid, exp })),
      200,
      {
        'curfew-cursor': `${this.epoch}.${cursor}`,
        'curfew-now': String(this.nowSeconds),
        ...(more ? { 'curfew-more': 'true' } : {}),
        ...(reset ? { 'curfew-reset': 'true' } : {}),
      },
    )
  }

  #position(since: string | null): { after: number; reset: boolean } {
    if (since === null) return { after: 0, reset: false }
    const [epoch, seq] = since.split('.')
    const head = this.ends.at(-1)?.seq ?? this.floor
    const known = epoch === this.epoch && Number(seq) <= head && Number(seq) >= this.floor
    return known ? { after: Number(seq), reset: false } : { after: 0, reset: true }
  }

  #stream(url: URL, headers: Headers, signal: AbortSignal | undefined): Response {
    const from = headers.get('last-event-id') ?? url.searchParams.get('since')
    const { after } = this.#position(from)
    const encoder = new TextEncoder()
    const streams = this.streams
    const missed = this.ends.filter(({ seq }) => seq > after).map((end) => this.event(end))
    let stream: OpenStream | undefined
    const body = new ReadableStream<Uint8Array>({
      cancel: () => {
        if (stream !== undefined) streams.delete(stream)
      },
      start(controller) {
        const opened = {
          write: (text: string) => controller.enqueue(encoder.encode(text)),
          close: () => {
            if (streams.delete(opened)) controller.close()
          },
        }
        stream = opened
        streams.add(opened)
        for (const text of ['retry: 1000\n\n', ...missed]) opened.write(text)
        signal?.addEventListener('abort', () => {
          if (streams.delete(opened)) controller.error(signal.reason)
        })
      },
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } })
  }
}

export async function newSigner(alg = 'ES256'): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const kid = randomUUID().slice(0, 8)
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

export function newSid(): string {
  return `0198c5f0-${randomUUID().slice(9)}`
}

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  const all = { 'content-type': 'application/json; charset=utf-8', ...headers }
  return new Response(JSON.stringify(body), { status, headers: all })
}

/** Lets whatever needs no time run on until this holds. */
export async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2000; turn++) {
    if (holds()) return
    await new Promise((resolve) => setImmediate(resolve))
  }
  throw new Error(`it never came true: ${holds}`)
}

function pathOf({ pathname }: URL): Path {
  if (pathname === '/.well-known/jwks.json') return 'jwks'
  if (pathname === '/sessions/revoked') return 'feed'
  if (pathname === '/sessions/revoked/stream') return 'stream'
  throw new Error(`no such path: ${pathname}`)
}
