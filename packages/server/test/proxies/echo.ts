/*
 * The application behind the proxy: answers every request with a JSON of it as it arrived, keeps a WebSocket
 * open, streams events and takes uploads. It believes what it is told, as applications do.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { eventually } from '#test/harness/index.ts'
import { RawHeaders } from './raw-http.ts'

/** A request as it arrived. */
export type Arrived = {
  readonly method: string
  readonly url: string
  readonly headers: RawHeaders
  /** How much of the body has come so far. */
  bytes: number
  body: string
}

/** Of larger bodies only the length and the digest are kept. */
const bodyKeptMax = 64 * 1024

export class Echo {
  readonly #server = createServer((message, response) => {
    // A request that breaks off is nothing to answer.
    this.#answer(message, response).catch(() => response.destroy())
  })
  readonly #sockets = new Set<Socket>()
  #arrived: Arrived[] = []
  #streams: ServerResponse[] = []

  constructor() {
    this.#server.on('upgrade', (message, socket) => this.#upgrade(message, socket as Socket))
    this.#server.on('connect', (message, socket) => {
      this.#note(message)
      socket.end('HTTP/1.1 200 Connected\r\n\r\n')
    })
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  static async start(): Promise<Echo> {
    const echo = new Echo()
    await new Promise<void>((resolve) => echo.#server.listen(0, '127.0.0.1', resolve))
    return echo
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** What arrived since the last time that somebody asked. */
  take(): readonly Arrived[] {
    const taken = this.#arrived
    this.#arrived = []
    return taken
  }

  /** The next one for which `has` holds, now or as more of it comes. */
  async arrival(has: (arrived: Arrived) => boolean): Promise<Arrived> {
    return eventually(async () => this.#arrived.find(has), { everyMs: 5, what: 'an arrival' })
  }

  /** One more event on every stream that is open. */
  tell(data: string): void {
    for (const stream of this.#streams) stream.write(`data: ${data}\n\n`)
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #note(message: IncomingMessage): Arrived {
    const { method = '', url = '', rawHeaders } = message
    const arrived = { method, url, headers: RawHeaders.of(rawHeaders), bytes: 0, body: '' }
    this.#arrived.push(arrived)
    return arrived
  }

  async #answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const arrived = this.#note(message)
    if (arrived.headers.get('accept') === 'text/event-stream') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
      response.write('data: first\n\n')
      this.#streams.push(response)
      return
    }
    const sha256 = createHash('sha256')
    for await (const chunk of message as AsyncIterable<Buffer>) {
      arrived.bytes += chunk.length
      if (arrived.bytes <= bodyKeptMax) arrived.body += chunk.toString('latin1')
      sha256.update(chunk)
    }
    const asked = /^\/status\/(\d{3})$/.exec(arrived.url)?.[1]
    if (asked !== undefined) {
      const location = asked.startsWith('3') ? { Location: '/elsewhere' } : {}
      response.writeHead(Number(asked), { 'X-Application': 'echo', ...location }).end('its own')
      return
    }
    const { method, url, headers, bytes, body } = arrived
    const seen = { method, url, headers: headers.list, bytes, body, sha256: sha256.digest('hex') }
    response.writeHead(200, { 'Content-Type': 'application/json', 'X-Application': 'echo' })
    response.end(JSON.stringify(seen))
  }

  /**
   * Takes up whatever protocol it is offered, as careless servers do, unless the path says not to. After
   * the handshake it repeats every byte; the proxies do not look into frames.
   */
  #upgrade(message: IncomingMessage, socket: Socket): void {
    const { headers, url } = this.#note(message)
    if (url.endsWith('/no-upgrade')) {
      // node:http no longer reads from this socket.
      socket.end('HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
      return
    }
    const protocol = headers.get('upgrade')
    const accept = createHash('sha1')
      .update(`${headers.get('sec-websocket-key')}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${protocol}\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
    socket.pipe(socket)
  }
}
