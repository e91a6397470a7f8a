/*
 * The limit of every answer over HTTP on Node: node:http that reads nothing of the request and writes what
 * Curfew answered, byte for byte. `forkServer` starts it and says what that is.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface BareSettings {
  /** Names and values in turn. */
  readonly headers: readonly string[]
  readonly keepAliveTimeoutMs: number
}

process.once('message', ({ headers, keepAliveTimeoutMs }: BareSettings) => {
  const flat = [...headers]
  const server = createServer((_, response) => {
    response.writeHead(200, flat)
    response.end('')
  })
  server.keepAliveTimeout = keepAliveTimeoutMs
  server.listen(0, '127.0.0.1', () => {
    process.send?.((server.address() as AddressInfo).port)
  })
})
process.once('disconnect', () => process.exit())
