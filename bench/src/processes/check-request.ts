/* A check by forward auth, of a session that an API client has: a proxy asks with its access token. */
import type { LoadTarget } from '../http/load-orders.ts'

const host = 'app.example.com'

/** What the server has to be told for it. */
export const checkSections = {
  server: { trustedProxies: ['127.0.0.1/32'] },
  tokens: { audience: ['https://api.example.com'], accessTtl: '1h' },
  gateway: { rules: [{ hosts: [host], require: 'session' }] },
}

/** All bytes of the request. */
export async function checkRequest(target: LoadTarget): Promise<string> {
  return forwardAuthRequest(target, await startSession(target, 'checked'))
}

/** The same with any token of a session. */
export function forwardAuthRequest({ port }: LoadTarget, token: string): string {
  return [
    'GET /forward-auth HTTP/1.1',
    `host: 127.0.0.1:${port}`,
    'x-forwarded-method: GET',
    'x-forwarded-proto: https',
    `x-forwarded-host: ${host}`,
    'x-forwarded-uri: /orders?page=2',
    'x-forwarded-for: 192.0.2.7',
    'accept: application/json',
    `authorization: Bearer ${token}`,
    '\r\n',
  ].join('\r\n')
}

/** Its access token. */
export async function startSession(target: LoadTarget, uid: string): Promise<string> {
  const { port, authorization, publicClient } = target
  const answer = await fetch(`http://127.0.0.1:${port}/sessions`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ uid, client_id: publicClient, device: 'web' }),
  })
  const text = await answer.text()
  if (answer.status !== 201) throw new Error(`POST /sessions: ${answer.status} ${text}`)
  const { access_token: accessToken } = JSON.parse(text)
  return String(accessToken)
}
