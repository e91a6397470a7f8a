/* One request on node:http: exactly the headers that are given, in their order, and no redirect followed. */
import { request } from 'node:http'

export interface Reply {
  readonly status: number
  /** Lower-case names; of a header that repeats the first value. */
  readonly headers: Readonly<Record<string, string>>
  readonly setCookies: readonly string[]
  readonly body: string
}

export type HeaderPairs = readonly (readonly [string, string])[]

export interface RawOrder {
  readonly method: string
  readonly headers: HeaderPairs
  readonly body?: string
  /** The address that it comes from, such as 127.0.0.2; all of 127.0.0.0/8 is this machine. */
  readonly from?: string
  /** Hangs up. */
  readonly signal?: AbortSignal
}

export function sendRaw(url: URL, order: RawOrder): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { hostname, port, pathname, search } = url
    const named = new Set(order.headers.map(([name]) => name.toLowerCase()))
    const host: HeaderPairs = named.has('host') ? [] : [['Host', url.host]]
    const length: HeaderPairs =
      order.body === undefined ? [] : [['Content-Length', String(Buffer.byteLength(order.body))]]
    const sent = request(
      {
        ...{ host: hostname, port, method: order.method, path: pathname + search },
        headers: [...host, ...order.headers, ...length].flat(),
        ...(order.from === undefined ? {} : { localAddress: order.from, agent: false }),
        ...(order.signal === undefined ? {} : { signal: order.signal }),
      },
      (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          body += chunk
        })
        response.on('error', reject)
        response.on('end', () => {
          const pairs = Object.entries(response.headersDistinct)
          resolve({
            status: response.statusCode ?? 0,
            headers: Object.fromEntries(pairs.map(([name, values]) => [name, values?.[0] ?? ''])),
            setCookies: response.headersDistinct['set-cookie'] ?? [],
            body,
          })
        })
      },
    )
    sent.on('error', reject)
    sent.end(order.body)
  })
}
