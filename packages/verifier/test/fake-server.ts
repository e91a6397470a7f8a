/* The fake Curfew on a real socket and a real clock, with levers: for run-times that are processes of their own. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { FakeCurfew, newSid, newSigner } from './fake-curfew.ts'

export interface FakeServer {
  readonly url: string
  readonly curfew: FakeCurfew
  close(): Promise<void>
}

/**
 * Beside Curfew's own paths: `/lever/token?alg=&sid=&aud=&lives=` answers a token, `/lever/end?sid=` ends a
 * session and answers what Redis would carry, `/lever/mute` stops the streams from telling.
 */
export async function fakeServer(): Promise<FakeServer> {
  const curfew = new FakeCurfew()
  curfew.signers = await Promise.all(['ES256', 'EdDSA', 'RS256'].map((alg) => newSigner(alg)))
  const server = createServer((request, response) => {
    curfew.timing.nowMs = Date.now()
    answer(curfew, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    curfew,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  curfew: FakeCurfew,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', `http://${request.headers.host}`)
  if (url.pathname.startsWith('/lever/')) {
    response.end(await pull(curfew, url))
    return
  }
  const headers = Object.entries(request.headersDistinct).map(([name, values = []]) => [
    name,
    values.join(', '),
  ])
  const abort = new AbortController()
  response.once('close', () => abort.abort())
  const init = { headers: headers as [string, string][], signal: abort.signal }
  const answered = await curfew.fetch(url, init)
  response.writeHead(answered.status, Object.fromEntries(answered.headers))
  response.flushHeaders()
  if (answered.body === null) response.end()
  else
    Readable.fromWeb(answered.body as never)
      .on('error', () => undefined)
      .pipe(response)
}

async function pull(curfew: FakeCurfew, { pathname, searchParams, origin }: URL): Promise<string> {
  const sid = searchParams.get('sid') ?? newSid()
  switch (pathname) {
    case '/lever/token': {
      const signer = curfew.signers.find(({ alg }) => alg === (searchParams.get('alg') ?? 'ES256'))
      if (signer === undefined) throw new Error('no such algorithm')
      const aud = searchParams.get('aud')
      const claims = { iss: origin, ...(aud === null ? {} : { aud }) }
      const expiresInSeconds = Number(searchParams.get('lives') ?? 300)
      return await curfew.token({ sid, signer, claims, expiresInSeconds })
    }
    case '/lever/end':
      return curfew.message(curfew.end(sid))
    case '/lever/mute':
      curfew.streaming = false
      return 'muted'
    default:
      throw new Error(`no such lever: ${pathname}`)
  }
}
