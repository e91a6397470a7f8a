import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'

/**
 * A browser without a screen: follows redirects, keeps cookies by host (and not by port), sends forms. On
 * node:http, because fetch says of itself that it opens no pages.
 */
export class Visitor {
  readonly #jars = new Map<string, Map<string, string>>()

  /** One request; no redirect is followed. */
  async ask(url: string, { form, headers = {} }: Asked = {}): Promise<Answer> {
    const jar = this.#jarOf(url)
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const type = 'application/x-www-form-urlencoded'
    const sent = request(url, {
      method: form === undefined ? 'GET' : 'POST',
      headers: {
        ...{ accept: 'text/html', cookie },
        ...(form === undefined ? {} : { 'content-type': type }),
        ...headers,
      },
    })
    sent.end(form === undefined ? undefined : new URLSearchParams(form).toString())
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    for (const line of response.headers['set-cookie'] ?? []) keep(jar, line)
    const { location } = response.headers
    return {
      url,
      status: response.statusCode ?? 0,
      body: await text(response),
      location: location === undefined ? undefined : new URL(location, url).href,
    }
  }

  /** From redirect to redirect until there is a page. */
  async open(url: string, asked?: Asked): Promise<Answer> {
    let answer = await this.ask(url, asked)
    for (let step = 0; answer.location !== undefined; step++) {
      if (step > 20) throw new Error(`redirected in circles: ${answer.location}`)
      answer = await this.ask(answer.location)
    }
    return answer
  }

  cookie(url: string, name: string): string | undefined {
    return this.#jarOf(url).get(name)
  }

  #jarOf(url: string): Map<string, string> {
    const { hostname } = new URL(url)
    const jar = this.#jars.get(hostname) ?? new Map<string, string>()
    this.#jars.set(hostname, jar)
    return jar
  }
}

export interface Asked {
  readonly form?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly url: string
  readonly status: number
  readonly body: string
  readonly location: string | undefined
}

function keep(jar: Map<string, string>, line: string): void {
  const [pair = '', ...attributes] = line.split(';')
  const name = pair.slice(0, pair.indexOf('='))
  const isGone = attributes.some((one) =>
    /^\s*(?:max-age=0|expires=Thu, 01 Jan 1970.*)$/i.test(one),
  )
  if (isGone) jar.delete(name)
  else jar.set(name, pair.slice(name.length + 1))
}

/** The hidden fields and the address of the form on a page. */
export function formOn({ url, body }: Answer): { action: string; fields: Record<string, string> } {
  const action = /<form[^>]* action="([^"]+)"/.exec(body)?.[1] ?? url
  const hidden = body.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)
  return {
    action: new URL(action, url).href,
    fields: Object.fromEntries([...hidden].map(([, name = '', value = '']) => [name, value])),
  }
}
