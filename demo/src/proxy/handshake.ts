import { type IncomingMessage, ServerResponse } from 'node:http'
import { type Duplex, pipeline } from 'node:stream'
import { endToEnd } from './headers.ts'

/** A client that asks for another protocol, such as WebSocket, and has not been answered yet. */
export class Handshake {
  /** For every answer but yes: node:http itself gives none to a handshake. */
  readonly answer: ServerResponse
  readonly #socket: Duplex
  readonly #head: Buffer

  constructor(incoming: IncomingMessage, socket: Duplex, head: Buffer) {
    this.answer = new ServerResponse(incoming)
    this.answer.shouldKeepAlive = false
    this.answer.assignSocket(socket as IncomingMessage['socket'])
    this.answer.once('finish', () => socket.end())
    socket.once('error', () => socket.destroy())
    this.#socket = socket
    this.#head = head
  }

  /** The application has agreed: from here on both sides speak as they like. */
  join(
    { statusCode, statusMessage, rawHeaders, headers }: IncomingMessage,
    application: Duplex,
    head: Buffer,
  ): void {
    const client = this.#socket
    this.answer.detachSocket(client as IncomingMessage['socket'])
    const flat = [
      'Connection',
      'Upgrade',
      'Upgrade',
      headers.upgrade ?? '',
      ...endToEnd(rawHeaders),
    ]
    const lines = flat.map((text, index) => (index % 2 === 0 ? `${text}: ` : `${text}\r\n`))
    client.write(`HTTP/1.1 ${statusCode} ${statusMessage}\r\n${lines.join('')}\r\n`)
    client.unshift(this.#head)
    application.unshift(head)
    pipeline(client, application, client, () => client.destroy())
  }
}
