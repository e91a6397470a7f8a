/*
 * A forward proxy as HTTPS_PROXY names one: tunnels by CONNECT, carries plain requests on, and writes
 * down what it was asked for. It lives as long as the test that started it.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface ForwardProxy {
  readonly url: string
  /** `CONNECT host:port`, `GET http://host:port/path`; in the order of their arrival. */
  readonly asked: string[]
  /** What becomes of a CONNECT: a tunnel, an answer of 403, an end without one, or nothing at all. */
  tunnels: 'open' | 'refused' | 'closed' | 'silent'
}

export async function startForwardProxy(): Promise<ForwardProxy> {
  const open = new Set<Socket>()
  const server = createServer((incoming, answer) => {
    proxy.asked.push(`${incoming.method} ${incoming.url}`)
    carryOn(incoming, answer)
  })
  server.on('connect', (incoming, socket: Socket) => {
    proxy.asked.push(`CONNECT ${incoming.url}`)
    open.add(socket.on('error', () => socket.destroy()))
    if (proxy.tunnels === 'refused') socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
    if (proxy.tunnels === 'closed') socket.destroy()
    if (proxy.tunnels === 'open') open.add(tunnel(incoming.url ?? '', socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of open) socket.destroy()
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const proxy: ForwardProxy = { url: `http://127.0.0.1:${port}`, asked: [], tunnels: 'open' }
  return proxy
}

function tunnel(place: string, client: Socket): Socket {
  const { hostname, port } = new URL(`http://${place}`)
  const there = connect(Number(port), hostname, () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n')
    there.pipe(client).pipe(there)
  })
  there.on('error', () => client.destroy())
  there.on('close', () => client.destroy())
  client.on('close', () => there.destroy())
  return there
}

function carryOn(incoming: IncomingMessage, answer: ServerResponse): void {
  const there = request(incoming.url ?? '', { method: incoming.method, agent: false }, (reply) => {
    answer.writeHead(reply.statusCode ?? 502, reply.headers)
    reply.pipe(answer)
  })
  there.on('error', () => answer.writeHead(502).end())
  incoming.pipe(there)
}
