import { type IncomingMessage, request } from 'node:http'
import { endToEnd, type RawHeaders } from './headers.ts'

/** What a client may write under these names is nobody's word; the proxy says it anew. */
export const forwardedNames = [
  'x-forwarded-method',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-uri',
  'x-forwarded-for',
]

/**
 * Asks Curfew about a request: all of its headers, none of its body, and which request it is in this
 * proxy's own words, set and never added to what the client sent. 200: let it through, with these headers.
 * Anything else is the answer for the client.
 */
export function ask(curfew: string, incoming: IncomingMessage): Promise<IncomingMessage> {
  const { method = '', url = '', rawHeaders, headers, socket } = incoming
  const body = ['content-length', 'transfer-encoding', 'expect']
  const asked: RawHeaders = [
    ...['Host', new URL(curfew).host],
    ...endToEnd(rawHeaders, ['host', ...body, ...forwardedNames]),
    // A handshake is answered like every request of a program: never with a redirect.
    ...(headers.upgrade === undefined ? [] : ['Upgrade', headers.upgrade]),
    ...['X-Forwarded-Method', method],
    ...['X-Forwarded-Proto', 'http'],
    ...['X-Forwarded-Host', headers.host ?? ''],
    ...['X-Forwarded-Uri', url],
    ...['X-Forwarded-For', socket.remoteAddress ?? ''],
  ]
  return new Promise((resolve, reject) => {
    request(`${curfew}/forward-auth`, { headers: asked })
      .once('response', resolve)
      .once('error', reject)
      .end()
  })
}
