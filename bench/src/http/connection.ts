/*
 * One kept-alive HTTP/1.1 connection to our own server, one request at a time. The load shares the two
 * cores with what it measures, so it does only what this server's answers need: a status, a
 * Content-Length, a body in ASCII. Anything else is an error, not a guess.
 */
import { connect, type Socket } from 'node:net'

export interface Reply {
  readonly status: number
  /** From the status line to the last header. */
  readonly head: string
  readonly body: string
}

interface Waiting {
  readonly timer: NodeJS.Timeout
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: Error) => void
}

/** Far beyond any answer of a server that works: without it a lost one would stop the bench for good. */
const answerWithinMs = 10_000
const lengthHeader = /\r\ncontent-length: *(\d+)\r\n/i

export class Connection {
  readonly #socket: Socket
  #waiting: Waiting | undefined
  #text = ''

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => this.#hear(chunk))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new Connection(socket))
      })
    })
  }

  /** `request` is the whole of it, head and body. */
  send(request: string): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const late = () => this.#fail(new Error(`no answer within ${answerWithinMs} ms`))
      this.#waiting = { resolve, reject, timer: setTimeout(late, answerWithinMs) }
      this.#socket.write(request, 'latin1')
    })
  }

  /** The server closes connections that are idle for long: between two windows that is its right. */
  get closed(): boolean {
    return this.#socket.destroyed || this.#socket.readableEnded
  }

  close(): void {
    this.#socket.destroy()
  }

  #hear(chunk: string): void {
    this.#text = this.#text === '' ? chunk : this.#text + chunk
    const headEnd = this.#text.indexOf('\r\n\r\n')
    if (headEnd < 0) return
    const length = lengthHeader.exec(this.#text.slice(0, headEnd + 2))?.[1]
    if (length === undefined) {
      this.#fail(new Error(`an answer without Content-Length: ${this.#text.slice(0, headEnd)}`))
      return
    }
    const end = headEnd + 4 + Number(length)
    if (this.#text.length < end) return
    const head = this.#text.slice(0, headEnd)
    const reply = { status: Number(head.slice(9, 12)), head, body: this.#text.slice(headEnd + 4) }
    this.#text = ''
    this.#answer(reply)
  }

  #answer(reply: Reply): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    clearTimeout(waiting?.timer)
    waiting?.resolve(reply)
  }

  #fail(error: Error): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    clearTimeout(waiting?.timer)
    waiting?.reject(error)
  }
}
