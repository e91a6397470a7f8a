/* The least that a GET of Redis costs on Node: one connection, no client, any number under way at once. */
import { connect, type Socket } from 'node:net'

type Reply = Buffer | null

export class BareRedis {
  readonly #socket: Socket
  readonly #waiting: ((reply: Reply) => void)[] = []
  #rest: Buffer = Buffer.alloc(0)

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#hear(chunk as Buffer))
    socket.on('error', fail)
  }

  static open(port: number): Promise<BareRedis> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new BareRedis(socket))
      })
    })
  }

  get(key: string): Promise<Reply> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#socket.write(`*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`)
    })
  }

  #hear(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    for (let end = endOfReply(bytes); end > 0; end = endOfReply(bytes)) {
      const lineEnd = bytes.indexOf('\r\n')
      this.#waiting.shift()?.(bytes[1] === minus ? null : bytes.subarray(lineEnd + 2, end - 2))
      bytes = bytes.subarray(end)
    }
    this.#rest = bytes
  }
}

const minus = '-'.charCodeAt(0)

/** Where the first answer ends; 0 while it is not there in full. */
function endOfReply(bytes: Buffer): number {
  const lineEnd = bytes.indexOf('\r\n')
  if (lineEnd < 0) return 0
  const line = bytes.toString('latin1', 0, lineEnd)
  if (!/^\$-?\d+$/.test(line)) throw new Error(`Redis answered ${line}`)
  const length = Number(line.slice(1))
  const end = length < 0 ? lineEnd + 2 : lineEnd + 2 + length + 2
  return bytes.length < end ? 0 : end
}

function fail(error: Error): never {
  throw error
}
