/*
 * One kept-alive connection that asks again and again. Every answer has to be a 200 and to
 * be there in full; one that is as long as the last one is not parsed again, so that the load costs a
 * fraction of what it measures.
 */
import { connect, type Socket } from 'node:net'

export interface Asking {
  /** Sends a request; `done` hears of the whole answer. */
  ask(request: Buffer): void
  close(): void
}

export interface AskingOptions {
  readonly port: number
  readonly done: (answerBytes: number) => void
  readonly failed: (error: Error) => void
}

const bufferBytes = 64 * 1024
const ok = Buffer.from('HTTP/1.1 200')
const lengthHeader = /\r\ncontent-length: *(\d+)\r\n/i

export function openAsking(options: AskingOptions): Promise<Asking> {
  const { port, failed } = options
  const buffer = Buffer.allocUnsafe(bufferBytes)
  const reader = new AnswerReader(options.done)
  let socket: Socket | undefined
  const callback = (bytes: number): boolean => {
    const fault = reader.hear(buffer.subarray(0, bytes))
    if (fault !== undefined) failed(new Error(fault))
    return true
  }
  return new Promise((resolve, reject) => {
    socket = connect({ host: '127.0.0.1', port, noDelay: true, onread: { buffer, callback } })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket?.off('error', reject)
      socket?.on('error', failed)
      socket?.on('close', () => failed(new Error('the server closed a connection that was in use')))
      resolve({
        ask: (request) => void socket?.write(request),
        close: () => {
          socket?.removeAllListeners('close')
          socket?.destroy()
        },
      })
    })
  })
}

class AnswerReader {
  readonly #done: (answerBytes: number) => void
  /** What has come of an answer that came in parts. */
  #parts: Buffer[] = []
  /** How long the last answer was. */
  #usual = 0

  constructor(done: (answerBytes: number) => void) {
    this.#done = done
  }

  /** A text: what is wrong. */
  hear(chunk: Buffer): string | undefined {
    if (this.#parts.length > 0) return this.#read(Buffer.concat([...this.#parts, chunk]))
    if (chunk.length === this.#usual && startsWell(chunk)) {
      this.#done(chunk.length)
      return undefined
    }
    return this.#read(chunk)
  }

  #read(bytes: Buffer): string | undefined {
    const text = bytes.toString('latin1')
    const headEnd = text.indexOf('\r\n\r\n')
    if (headEnd >= 0) {
      if (!startsWell(bytes)) return `the answer is no 200: ${text.slice(0, headEnd)}`
      const length = lengthHeader.exec(text.slice(0, headEnd + 2))?.[1]
      if (length === undefined) return `an answer without Content-Length: ${text.slice(0, headEnd)}`
      const end = headEnd + 4 + Number(length)
      if (bytes.length > end) return 'more came than the answer'
      if (bytes.length === end) {
        this.#parts = []
        this.#usual = end
        this.#done(end)
        return undefined
      }
    }
    // The buffer is the socket's, and is written over.
    this.#parts = [Buffer.from(bytes)]
    return undefined
  }
}

function startsWell(answer: Buffer): boolean {
  return answer.compare(ok, 0, ok.length, 0, ok.length) === 0
}
