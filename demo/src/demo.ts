/*
 * The demo's parts, and who is where:
 *
 *   browser ── 127.0.0.1:4457  proxy ──▶ application
 *      │                         ├─────▶ 127.0.0.1:4458  API ── follows the feed ──┐
 *      │                         └─────▶ 127.0.0.1:4455  Curfew ──▶ SQLite ◀───────┘
 *      └────── localhost:4456  provider ◀──────┘
 *
 * The browser holds one cookie. What the API verifies is a token for it alone: Curfew mints it for the
 * rule of /missions, the proxy passes it on, and no browser ever sees it.
 *
 * Cookies know hosts and no ports. So the application and Curfew are both on 127.0.0.1, and Curfew's cookie,
 * for this host alone, reaches both; in earnest `cookie.domain` or a hand-off does that. The provider is on
 * `localhost`, another host to every browser, so that neither sees the other's cookies. Both names lead to
 * this machine everywhere; names below .localhost do in browsers only.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { openApi } from './api/api.ts'
import { startApplication } from './application/application.ts'
import { identityHeaders } from './application/visitor.ts'
import { Curfew } from './curfew.ts'
import { freePort, listen, type Part } from './listen.ts'
import { administrator } from './people.ts'
import { startProvider } from './provider/provider.ts'
import { createProxy } from './proxy/proxy.ts'

/** Others are taken when these are not free. */
const preferredPorts = { curfew: 4455, provider: 4456, proxy: 4457, api: 4458 } as const

/** What a person needs to know to play with it. */
export interface Places {
  readonly application: string
  readonly provider: string
  readonly curfew: string
  readonly api: string
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
    const api = this.#add(await openApi(preferredPorts.api))
    const url = `http://127.0.0.1:${await curfewPort(api)}`
    const application = this.#add(await startApplication(url))
    const proxy = this.#add(
      await listen(
        createProxy({
          curfew: url,
          application: { url: application.url, identityHeaders: namesOf(identityHeaders) },
          others: [{ path: missions, url: api.url, identityHeaders: namesOf(apiHeaders) }],
        }),
        preferredPorts.proxy,
      ),
    )
    const secrets = { provider: secret(), backend: secret(), api: secret() }
    const client = { id: 'curfew', secret: secrets.provider, url }
    const provider = this.#add(
      await startProvider({ port: preferredPorts.provider, client, applicationUrl: proxy.url }),
    )
    const places = {
      ...{ application: proxy.url, provider: provider.url, curfew: url, api: api.url },
      backendSecret: secrets.backend,
    }
    this.#curfew = new Curfew(url, (folder) => configuration(places, secrets, folder))
    this.#add(this.#curfew)
    await this.#curfew.listening()
    await api.follow({ issuer: url, clientId: 'api', clientSecret: secrets.api })
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

/**
 * Curfew binds its port a second after it was found to be free. Whoever has the API's port has it since, so
 * of two demos that start at once only one looks at the preferred one.
 */
function curfewPort(api: Part): Promise<number> {
  const isFirst = new URL(api.url).port === String(preferredPorts.api)
  return freePort(isFirst ? preferredPorts.curfew : 0)
}

interface Secrets {
  readonly provider: string
  readonly backend: string
  readonly api: string
}

function configuration(places: Places, secrets: Secrets, folder: string): unknown {
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
        clientSecret: secrets.provider,
        // There is no other provider whose users these could be mistaken for.
        uid: '{{ sub }}',
      },
    ],
    users: [{ match: administrator, roles: ['admin'] }],
    clients: [
      { id: 'backend', secret: secrets.backend, roles: ['issuer'] },
      { id: 'api', secret: secrets.api, roles: ['service'] },
      // A screen without a keyboard: it shows a code, and a phone that is signed in approves.
      { id: 'screen', grants: ['device_code', 'refresh_token'] },
    ],
    gateway: { rules: rules(places), headers: identityHeaders },
  }
}

const missions = '/missions'
const apiHeaders = { Authorization: 'Bearer {{ accessToken }}' } as const

/** The first that matches decides. */
function rules({ application, api }: Places): unknown[] {
  const hosts = [new URL(application).host]
  return [
    { hosts, paths: ['/admin', '/admin/**'], require: { roles: ['ops'] } },
    { hosts, paths: [missions, `${missions}/**`], audience: api, headers: apiHeaders },
    { hosts },
  ]
}

function namesOf(headers: Readonly<Record<string, string>>): string[] {
  return Object.keys(headers).map((name) => name.toLowerCase())
}

function secret(): string {
  return randomBytes(16).toString('hex')
}
