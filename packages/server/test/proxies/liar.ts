/* Something in Curfew's place that answers what a test tells it, byte for byte. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

export class Liar {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** What the next questions are answered, and then the connection ends; undefined: nothing, ever. */
  answer: string | undefined = ''

  constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => this.#sockets.delete(socket))
      socket.once('data', () => {
        if (this.answer !== undefined) socket.end(Buffer.from(this.answer, 'latin1'))
      })
    })
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return this
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}
