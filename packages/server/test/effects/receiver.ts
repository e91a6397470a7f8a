/*
 * A receiver of webhooks as a test wants it: it verifies what comes with an independent library, answers as
 * it is told, and remembers every delivery in the order in which they arrived.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { onTestFinished } from 'vitest'

export interface Delivered {
  readonly id: string
  readonly type: string
  readonly sid: string
  readonly data: Readonly<Record<string, unknown>>
}

/** A status, or what is no answer. */
export type Manners = number | 'hang' | 'cut' | 'garbage'

export interface Receiver {
  readonly url: string
  /** As the configuration has it. */
  readonly secret: string
  manners: Manners
  /** Verified deliveries, whatever they were answered. */
  readonly got: Delivered[]
  /** Those that were answered 2xx. */
  readonly taken: Delivered[]
  /** Why a delivery could not be verified. */
  readonly forged: string[]
}

export async function startReceiver(): Promise<Receiver> {
  const secret = `whsec_${Buffer.alloc(32, 3).toString('base64')}`
  const verifier = new Webhook(secret)
  const server = createServer((request, response) => {
    void textOf(request).then((body) => receive(request, response, body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const receiver: Receiver = {
    url: `http://127.0.0.1:${port}/hooks/${port}`,
    secret,
    manners: 200,
    got: [],
    taken: [],
    forged: [],
  }

  function receive(request: IncomingMessage, response: ServerResponse, body: string): void {
    const { manners } = receiver
    const delivered = read(request, body)
    if (delivered !== undefined) receiver.got.push(delivered)
    if (manners === 'hang') return
    if (manners === 'cut') request.socket.destroy()
    else if (manners === 'garbage') request.socket.end('220 smtp.example.com ESMTP\r\n')
    else {
      const taken = manners >= 200 && manners < 300
      if (taken && delivered !== undefined) receiver.taken.push(delivered)
      response.writeHead(manners, { location: `http://127.0.0.1:${port}/elsewhere` }).end('…')
    }
  }

  function read(request: IncomingMessage, body: string): Delivered | undefined {
    if (request.url === '/elsewhere') receiver.forged.push('a redirect was followed')
    try {
      const { headers } = request
      verifier.verify(body, headers as Record<string, string>)
      const { type, data } = JSON.parse(body)
      return { id: String(headers['webhook-id']), type, sid: data.sid, data }
    } catch (error) {
      receiver.forged.push(String(error))
      return undefined
    }
  }

  return receiver
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}

export function webhookOf({ url, secret }: Receiver, events?: readonly string[]) {
  return { url, secret, ...(events === undefined ? {} : { events }) }
}

/** The distinct ids of what a receiver took for a session's end. */
export function endsOf(deliveries: readonly Delivered[], sid: string): readonly string[] {
  const ends = deliveries.filter((one) => one.sid === sid && one.type === 'session.ended')
  return [...new Set(ends.map(({ id }) => id))]
}
