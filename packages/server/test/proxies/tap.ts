/* A wire between a proxy and Curfew that writes down which requests the proxy asked about. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { RawHeaders } from './raw-http.ts'

/** A question of the proxy, byte for byte. */
export type Question = { readonly target: string; readonly headers: RawHeaders }

/** So much of a question may have come without its path. */
const beginningMax = 64

export class Tap {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #to: number
  #asked: Question[] = []

  constructor(to: number) {
    this.#to = to
    this.#server = createServer((socket) => this.#accept(socket))
  }

  static async to(port: number): Promise<Tap> {
    const tap = new Tap(port)
    await new Promise<void>((resolve) => tap.#server.listen(0, '127.0.0.1', resolve))
    return tap
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Somebody else answers from now on, or, with a port where nobody listens, nobody. */
  lead(to: number): void {
    this.#to = to
    for (const socket of this.#sockets) socket.destroy()
  }

  /** What was asked since the last time that somebody looked. */
  take(): readonly Question[] {
    const taken = this.#asked
    this.#asked = []
    return taken
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #accept(proxy: Socket): void {
    const curfew = connect({ host: '127.0.0.1', port: this.#to })
    let text = ''
    proxy.on('data', (chunk) => {
      text = this.#read(text + chunk.toString('latin1'))
    })
    for (const [from, to] of [
      [proxy, curfew],
      [curfew, proxy],
    ] as const) {
      this.#sockets.add(from)
      from.setNoDelay(true)
      // A broken half breaks the other; `close` follows every error.
      from.on('error', () => undefined)
      from.on('close', (hadError) => {
        this.#sockets.delete(from)
        if (hadError) to.destroy()
      })
      from.pipe(to)
    }
  }

  /** Notes every whole question in the text; what is left may be the beginning of the next one. */
  #read(text: string): string {
    let rest = text
    for (;;) {
      const start = rest.search(/[A-Z]+ (?:http:\/\/[^/ ]+)?\/forward-auth/)
      const end = start < 0 ? -1 : rest.indexOf('\r\n\r\n', start)
      if (end < 0) return rest.slice(start < 0 ? -beginningMax : start)
      const [first = '', ...lines] = rest.slice(start, end).split('\r\n')
      const pairs = lines.map((line) => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon), line.slice(colon + 1).trim()] as const
      })
      this.#asked.push({ target: first.split(' ')[1] ?? '', headers: new RawHeaders(pairs) })
      rest = rest.slice(end + 4)
    }
  }
}
