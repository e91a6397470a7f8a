/*
 * HTTP/1.1 as bytes on a socket. What fetch and node:http would tidy up or refuse to send goes out as it
 * is written: dot segments, names with underscores, headers twice, odd bytes. Each character is one byte.
 */
import { connect, type Socket } from 'node:net'

export type RawRequest = {
  readonly method?: string
  readonly target?: string
  /** Names and values in turn; `Host` first is a good habit. */
  readonly headers: readonly string[]
  readonly body?: string | Buffer
  /** The whole request by hand, in place of all the others. */
  readonly bytes?: string
}

export type RawAnswer = {
  readonly status: number
  readonly headers: RawHeaders
  readonly body: string
  /** What followed the answer on the connection. A second answer would show here. */
  readonly rest: string
}

export class RawHeaders {
  readonly list: readonly (readonly [string, string])[]

  constructor(list: readonly (readonly [string, string])[]) {
    this.list = list
  }

  static of(rawHeaders: readonly string[]): RawHeaders {
    const pairs = rawHeaders.flatMap((name, index) =>
      index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ''] as const] : [],
    )
    return new RawHeaders(pairs)
  }

  all(name: string): string[] {
    const wanted = name.toLowerCase()
    return this.list.flatMap(([one, value]) => (one.toLowerCase() === wanted ? [value] : []))
  }

  /** The only one; undefined when there is none. */
  get(name: string): string | undefined {
    const values = this.all(name)
    if (values.length > 1) throw new Error(`${name} came ${values.length} times: ${values.join()}`)
    return values[0]
  }
}

const answerWithinMs = 20_000

/** One request on a connection of its own, read until the other side closes it. */
export async function exchange(port: number, request: RawRequest): Promise<RawAnswer> {
  const bytes = await converse(port, requestBytes(request))
  return parseAnswer(bytes, request.method ?? 'GET')
}

/** Everything that is answered to these bytes until the other side closes the connection. */
export function converse(port: number, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write(request))
    const soFar = () => Buffer.concat(chunks)
    const timer = setTimeout(() => {
      socket.destroy()
      reject(
        new Error(`no end of the answer in ${answerWithinMs} ms: ${soFar().toString('latin1')}`),
      )
    }, answerWithinMs)
    const done = () => {
      clearTimeout(timer)
      socket.destroy()
      resolve(soFar())
    }
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.once('end', done)
    // A reset after the answer, since the body was not wanted, takes nothing from it.
    socket.once('error', done)
  })
}

export function requestBytes(request: RawRequest): Buffer {
  const { bytes, method = 'GET', target = '/', headers, body = '' } = request
  if (bytes !== undefined) return Buffer.from(bytes, 'latin1')
  const content = typeof body === 'string' ? Buffer.from(body, 'latin1') : body
  const named = RawHeaders.of(headers)
  const framed = content.length === 0 || named.get('transfer-encoding') !== undefined
  const lines = [
    `${method} ${target} HTTP/1.1`,
    ...named.list.map(([name, value]) => `${name}: ${value}`),
    ...(framed ? [] : [`Content-Length: ${content.length}`]),
    ...(named.all('connection').length > 0 ? [] : ['Connection: close']),
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), content])
}

export type Head = {
  readonly status: number
  readonly headers: RawHeaders
  readonly length: number
}

/** Undefined: not all of it has come yet. */
export function parseHead(text: string): Head | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1])
  if (!Number.isInteger(status)) throw new Error(`no HTTP answer: ${text.slice(0, 200)}`)
  const pairs = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const
  })
  return { status, headers: new RawHeaders(pairs), length: end + 4 }
}

function parseAnswer(bytes: Buffer, method: string): RawAnswer {
  const text = bytes.toString('latin1')
  const head = parseHead(text)
  if (head === undefined) throw new Error(`the connection closed early: ${text.slice(0, 200)}`)
  const { status, headers, length } = head
  const after = text.slice(length)
  const size = headers.get('content-length')
  if (method === 'HEAD' || status === 204 || status === 304) {
    return { status, headers, body: '', rest: after }
  }
  if (headers.get('transfer-encoding') === 'chunked')
    return { status, headers, ...unchunked(after) }
  const end = size === undefined ? after.length : Number(size)
  return { status, headers, body: after.slice(0, end), rest: after.slice(end) }
}

/** RFC 9112, section 7.1, without trailers. */
function unchunked(text: string): Pick<RawAnswer, 'body' | 'rest'> {
  let body = ''
  let at = 0
  for (;;) {
    const size = /^([0-9a-fA-F]+)[^\r\n]*\r\n/.exec(text.slice(at, at + 100))
    if (size === null) throw new Error(`a broken chunk after ${body.length} bytes`)
    const length = Number.parseInt(size[1] ?? '', 16)
    at += size[0].length
    body += text.slice(at, at + length)
    at += length + 2
    if (length === 0) return { body, rest: text.slice(at) }
  }
}

/** A connection that stays: streams and upgrades. */
export type RawStream = {
  readonly socket: Socket
  readonly head: Head
  /** Resolves with what came since the last call, as soon as `has` holds for it. */
  until(has: (text: string) => boolean): Promise<string>
  close(): void
}

export async function openRaw(port: number, request: RawRequest): Promise<RawStream> {
  const socket = connect({ host: '127.0.0.1', port })
  const reader = new Reader(socket)
  socket.write(requestBytes(request))
  let head: Head | undefined
  const text = await reader.until((sofar) => {
    head = parseHead(sofar)
    return head !== undefined
  })
  if (head === undefined) throw new Error('the connection closed early')
  reader.giveBack(text.slice(head.length))
  return { socket, head, until: (has) => reader.until(has), close: () => socket.destroy() }
}

class Reader {
  #text = ''
  #closed = false
  #wake: () => void = () => undefined

  constructor(socket: Socket) {
    socket.on('data', (chunk) => {
      this.#text += chunk.toString('latin1')
      this.#wake()
    })
    // `close` follows every error.
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#closed = true
      this.#wake()
    })
  }

  giveBack(text: string): void {
    this.#text = text + this.#text
  }

  async until(has: (text: string) => boolean): Promise<string> {
    const deadline = performance.now() + answerWithinMs
    while (!has(this.#text)) {
      if (this.#closed) throw new Error(`the connection closed early: ${this.#text.slice(-200)}`)
      await this.#more(deadline - performance.now())
    }
    const text = this.#text
    this.#text = ''
    return text
  }

  #more(withinMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const why = () => new Error(`not what was awaited: ${this.#text.slice(-200)}`)
      const timer = setTimeout(() => reject(why()), Math.max(0, withinMs))
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
