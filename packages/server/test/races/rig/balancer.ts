/*
 * A load balancer as simple as can be: it asks each replica for /readyz, passes each request to the next
 * one that is ready, on connections that it keeps, and tries nothing twice.
 */
import {
  Agent,
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const askEveryMs = 50
const askWithinMs = 2000

type Target = { readonly url: URL; readonly agent: Agent; ready: boolean; gone: boolean }

export class Balancer {
  readonly #server: Server
  readonly #targets = new Map<string, Target>()
  #turn = 0
  #closed = false
  /** Requests that got no answer, or half of one. */
  readonly broken: string[] = []

  constructor() {
    this.#server = createServer((message, response) => this.#pass(message, response))
  }

  /** Answers the address. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const address = this.#server.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    return `http://127.0.0.1:${port}`
  }

  /** The replica of this name is found there from now on; it gets requests once it is ready. */
  target(name: string, url: string): void {
    const before = this.#targets.get(name)
    // One that came back at its address may be in use already.
    if (before?.url.href === new URL(url).href) return
    before?.agent.destroy()
    if (before !== undefined) before.gone = true
    const agent = new Agent({ keepAlive: true })
    const target: Target = { url: new URL(url), agent, ready: false, gone: false }
    this.#targets.set(name, target)
    void this.#watch(target)
  }

  isReady(name: string): boolean {
    return this.#targets.get(name)?.ready === true
  }

  close(): void {
    this.#closed = true
    this.#server.closeAllConnections()
    this.#server.close()
    for (const { agent } of this.#targets.values()) agent.destroy()
  }

  /** Each by itself: one that is slow to answer keeps nobody from noticing another. */
  async #watch(target: Target): Promise<void> {
    while (!this.#closed && !target.gone) {
      target.ready = await isReady(target.url)
      await sleep(askEveryMs)
    }
  }

  #pass(message: IncomingMessage, response: ServerResponse): void {
    const up = [...this.#targets].filter(([, { ready }]) => ready)
    const chosen = up[this.#turn++ % up.length]
    if (chosen === undefined) {
      this.broken.push('nobody is ready')
      response.writeHead(502).end()
      return
    }
    const [name, { url, agent }] = chosen
    const { method, headers, url: path } = message
    const onward = request({
      ...{ host: url.hostname, port: url.port, agent, method, path },
      headers: { ...headers, connection: 'keep-alive' },
    })
    this.#answer(onward, response, `${name}: ${method} ${path}`)
    message.pipe(onward)
  }

  #answer(onward: ClientRequest, response: ServerResponse, what: string): void {
    const failed = (error: Error) => {
      if (response.destroyed) return
      this.broken.push(`${what}: ${String(error)}`)
      if (response.headersSent) response.destroy()
      else response.writeHead(502).end()
    }
    onward.on('error', failed)
    onward.on('response', (answer) => {
      const { connection: _hopByHop, ...headers } = answer.headers
      response.writeHead(answer.statusCode ?? 502, headers)
      answer.on('error', failed)
      answer.pipe(response)
    })
    response.on('close', () => onward.destroy())
  }
}

async function isReady(url: URL): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(askWithinMs)
    const answer = await fetch(new URL('/readyz', url), { signal })
    await answer.text()
    return answer.status === 200
  } catch {
    // Nobody listens there now.
    return false
  }
}
