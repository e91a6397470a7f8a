import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Provider } from 'oidc-provider'
import { sendPage } from '../page/page.ts'
import { personWith } from '../people.ts'
import type { Pages } from './pages.ts'

/** What people see of the provider, and oidc-provider leaves to whoever runs it. */
export class Desk {
  readonly #provider: Provider
  readonly #pages: Pages

  constructor(provider: Provider, pages: Pages) {
    this.#provider = provider
    this.#pages = pages
  }

  /** False: it is for the protocol's own endpoints. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const [path = ''] = (request.url ?? '').split('?')
    if (path === '/') void this.#home(request, response)
    else if (path.startsWith('/interaction/')) void this.#signIn(request, response)
    else return false
    return true
  }

  async #home(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const context = { req: request, res: response, secure: false }
    const { accountId } = await this.#provider.Session.get(context)
    sendPage(response, 200, this.#pages.home(personWith(accountId ?? '')))
  }

  async #signIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#provider.interactionDetails(request, response)
      const picked = request.method === 'POST' ? await pick(request) : undefined
      if (picked === undefined) sendPage(response, 200, this.#pages.pick())
      else {
        const login = { accountId: picked.id }
        await this.#provider.interactionFinished(request, response, { login })
      }
    } catch {
      // Over, used, or begun in another browser: the person may begin anew.
      sendPage(response, 400, this.#pages.failed('This sign-in is over, or began elsewhere.'))
    }
  }
}

async function pick(request: IncomingMessage) {
  const form = new URLSearchParams(await text(request))
  return personWith(form.get('person') ?? '')
}
