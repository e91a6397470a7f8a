/* panva's oidc-provider, which was written from the specifications, not from our code, and a browser at it. */
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export const realClient = { id: 'curfew', secret: 'a secret of at least some length' }

/** On a port of its own: the issuer. */
export async function listenAnywhere(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export interface RealClientPlace {
  readonly publicUrl: string
  /** Where logout tokens go; without it there are none. */
  readonly backchannel?: string
}

/** Strict rotation: a refresh token that is used twice takes the whole grant with it. */
export function realProviderConfiguration({
  publicUrl,
  backchannel,
}: RealClientPlace): Readonly<Record<string, unknown>> {
  return {
    clients: [
      {
        client_id: realClient.id,
        client_secret: realClient.secret,
        redirect_uris: [`${publicUrl}/oidc/callback`],
        post_logout_redirect_uris: [`${publicUrl}/signed-out`],
        grant_types: ['authorization_code', 'refresh_token'],
        ...(backchannel === undefined
          ? {}
          : { backchannel_logout_uri: backchannel, backchannel_logout_session_required: true }),
      },
    ],
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true }),
    }),
    claims: { email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    features: { backchannelLogout: { enabled: true }, revocation: { enabled: true } },
    // Without its own dispatcher, which refuses to speak to loopback addresses.
    fetch: (url: string, { method = 'GET', headers = {}, body = null }: RequestInit) =>
      fetch(url, { method, headers, body }),
    ttl: { AccessToken: 300, IdToken: 3600, Session: 3600, Grant: 3600, Interaction: 600 },
    cookies: { keys: ['only for this test'] },
  }
}

/** A browser at the provider: follows redirects, signs in, consents, until it is sent to Curfew. */
export class ProviderBrowser {
  readonly #publicUrl: string
  readonly #cookies = new Map<string, string>()

  constructor(publicUrl: string) {
    this.#publicUrl = publicUrl
  }

  async ask(url: string, form?: Record<string, string>): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      this.#cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
    }
    return response
  }

  async signIn(start: string, login: string): Promise<URL> {
    let url = start
    for (let step = 0; step < 20; step++) {
      const response = await this.ask(url)
      const location = response.headers.get('location')
      if (location !== null) {
        url = new URL(location, url).href
        if (url.startsWith(this.#publicUrl)) return new URL(url)
        continue
      }
      const page = await response.text()
      const prompt = page.includes('value="login"') ? 'login' : 'consent'
      const posted = await this.ask(url, { prompt, login, password: 'any' })
      url = new URL(posted.headers.get('location') ?? '', url).href
    }
    throw new Error('the provider never sent the browser back')
  }
}
