/*
 * The demo's parts, and who is where:
 *
 *   browser ── 127.0.0.1:4457  proxy ──▶ application
 *      │                         └─────▶ 127.0.0.1:4455  Curfew ──▶ SQLite
 *      └────── localhost:4456  provider ◀──────┘
 *
 * Cookies know hosts and no ports. So the application and Curfew are both on 127.0.0.1, and Curfew's cookie,
 * for this host alone, reaches both; in earnest `cookie.domain` or a hand-off does that. The provider is on
 * `localhost`, another host to every browser, so that neither sees the other's cookies. Both names lead to
 * this machine everywhere; names below .localhost do in browsers only.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { startApplication } from './application/application.ts'
import { identityHeaders, identityNames } from './application/visitor.ts'
import { Curfew } from './curfew.ts'
import { freePort, listen, type Part } from './listen.ts'
import { startProvider } from './provider/provider.ts'
import { createProxy } from './proxy/proxy.ts'

/** Others are taken when these are not free. */
const preferredPorts = { curfew: 4455, provider: 4456, proxy: 4457 } as const

/** What a person needs to know to play with it. */
export interface Places {
  readonly application: string
  readonly provider: string
  readonly curfew: string
  /** Of the client `backend`, which may end sessions. */
  readonly backendSecret: string
}

export class Demo {
  readonly #parts: Part[] = []
  #curfew: Curfew | undefined
  #stopped: Promise<void> | undefined

  get isStopping(): boolean {
    return this.#stopped !== undefined
  }

  async start(): Promise<Places> {
    const url = `http://127.0.0.1:${await freePort(preferredPorts.curfew)}`
    const application = this.#add(await startApplication(url))
    const options = { curfew: url, application: application.url, identityHeaders: identityNames }
    const proxy = this.#add(await listen(createProxy(options), preferredPorts.proxy))
    const client = { id: 'curfew', secret: secret(), url }
    const provider = this.#add(
      await startProvider({ port: preferredPorts.provider, client, applicationUrl: proxy.url }),
    )
    const places = {
      application: proxy.url,
      provider: provider.url,
      curfew: url,
      backendSecret: secret(),
    }
    this.#curfew = new Curfew(url, (folder) => configuration(places, client.secret, folder))
    this.#add(this.#curfew)
    await this.#curfew.listening()
    return places
  }

  /** Curfew's last words, when it ends. */
  async died(): Promise<string> {
    return (await this.#curfew?.died()) ?? ''
  }

  stop(): Promise<void> {
    this.#stopped ??= Promise.all(this.#parts.map((part) => part.stop())).then(() => undefined)
    return this.#stopped
  }

  /** No more waiting. */
  kill(): void {
    this.#curfew?.kill()
  }

  /** Whoever wants it ended may say so while it starts. */
  #add<P extends Part>(part: P): P {
    this.#parts.push(part)
    if (this.#stopped !== undefined) void part.stop()
    return part
  }
}

function configuration(places: Places, clientSecret: string, folder: string): unknown {
  const hosts = [new URL(places.application).host]
  return {
    server: {
      publicUrl: places.curfew,
      listen: new URL(places.curfew).host,
      trustedProxies: ['127.0.0.1/32'],
    },
    store: `sqlite:${join(folder, 'curfew.db')}`,
    secrets: [randomBytes(32).toString('base64url')],
    identityProviders: [
      {
        id: 'example',
        issuer: places.provider,
        clientId: 'curfew',
        clientSecret,
        // There is no other provider whose users these could be mistaken for.
        uid: '{{ sub }}',
      },
    ],
    clients: [{ id: 'backend', secret: places.backendSecret, roles: ['issuer'] }],
    gateway: {
      rules: [{ hosts, paths: ['/admin', '/admin/**'], require: { roles: ['ops'] } }, { hosts }],
      headers: identityHeaders,
    },
  }
}

function secret(): string {
  return randomBytes(16).toString('hex')
}
