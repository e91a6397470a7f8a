import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { instant, type SessionId } from '#domain'
import { signInAnswer } from '../../src/gateway/answers.ts'
import type { Credential, Presentation } from '../../src/gateway/credential.ts'
import {
  ForwardAuth,
  type ForwardAuthOptions,
  type ForwardAuthPorts,
} from '../../src/gateway/hot-path.ts'
import type { GatewaySettings } from '../../src/gateway/settings.ts'
import { described, now, place, settings, subject } from './requests.ts'

/** The world around the gateway, as a test sets it. */
export class Around {
  nowMs: number = now
  denied = new Set<SessionId>()
  epoch: string | undefined = 'a1'
  stale = false
  /** What a token shows, by its text. */
  sessions = new Map<string, Presentation>()
  presented: string[] = []
  touched: SessionId[] = []
  counted: string[] = []
  refused: string[] = []
  dropped: string[] = []
  failures: unknown[] = []
  /** Runs while a credential is being presented. */
  meanwhile: () => void | Promise<void> = () => undefined

  live(token: string, parts: Partial<Extract<Presentation, { kind: 'live' }>> = {}): void {
    this.sessions.set(token, {
      ...{ kind: 'live', via: 'cookie', subject: subject(), identity: 'good', version: 1 },
      goodUntil: this.nowMs + 30_000,
      ...parts,
    })
  }

  ports(): ForwardAuthPorts {
    return {
      now: () => instant(this.nowMs),
      denies: (sid) => this.denied.has(sid),
      epoch: () => this.epoch,
      stale: () => this.stale,
      touch: (sid) => void this.touched.push(sid),
      touchEveryMs: 60_000,
      present: async (credential) => this.#present(credential),
      fetch: async ({ audience }) => ({
        ...{ accessToken: `at for ${audience}`, providerAccessToken: null, providerIdToken: null },
        goodUntil: this.nowMs + 60_000,
      }),
      bind: () => undefined,
      own: async ({ step, nginx }) => signInAnswer(`https://x/${step.kind}`, nginx, 'c=1; Path=/'),
      counted: (verdict, from) => void this.counted.push(`${verdict} ${from}`),
      refused: ({ why }) => void this.refused.push(why),
      dropped: (header) => void this.dropped.push(header),
      failed: (error) => void this.failures.push(error),
    }
  }

  async #present({ token, via }: Credential): Promise<Presentation> {
    this.presented.push(token.reveal())
    await this.meanwhile()
    return this.sessions.get(token.reveal()) ?? { kind: 'invalid', via }
  }
}

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** The gateway on a real node:http server, and a proxy that asks it. */
export class Stage {
  readonly around: Around
  readonly auth: ForwardAuth
  readonly #server: Server

  constructor(parts: Partial<GatewaySettings> = {}, options: Partial<ForwardAuthOptions> = {}) {
    this.around = new Around()
    this.auth = new ForwardAuth({
      ...{ place, path: '/forward-auth', settings: settings(parts), ports: this.around.ports() },
      trustedProxies: ['127.0.0.1/32'],
      ...options,
    })
    this.#server = createServer((message, response) => {
      if (!this.auth.handle(message, response)) response.writeHead(404).end()
    })
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return this
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** As Traefik would ask for a request with these headers. */
  ask(headers: readonly string[] = [], target = '/', path = '/forward-auth?mode=traefik') {
    return this.send([...described('traefik', { target }), ...headers], path)
  }

  send(headers: readonly string[], path: string): Promise<Answered> {
    const { port } = this.#server.address() as AddressInfo
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path, headers: [...headers] }, (response) => {
        let body = ''
        response.on('data', (chunk) => {
          body += String(chunk)
        })
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
        })
      })
      sent.on('error', reject)
      sent.end()
    })
  }
}
