import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeEach, expect, test } from 'vitest'
import { type WebSocket as Peer, WebSocketServer } from 'ws'
import { FakeCurfew, newSid, until } from '../test/fake-curfew.ts'
import { running } from '../test/running.ts'
import type { Session } from './session.ts'
import { closeSocketOnEnd, endStreamOnEnd, untilEnd } from './streams.ts'
import type { Verifier } from './verifier.ts'

let curfew: FakeCurfew
let verifier: Verifier

beforeEach(async () => {
  curfew = await FakeCurfew.start()
  verifier = await running(curfew)
  await until(() => verifier.metrics.streamOpen)
})

async function signedIn(): Promise<{ sid: string; token: string; session: Session }> {
  const sid = newSid()
  const token = await curfew.token({ sid })
  return { sid, token, session: await verifier.verify(token) }
}

test('long streams: a WebSocket is closed with 4401 when its session ends', async () => {
  const server = createServer()
  const sockets = new WebSocketServer({ noServer: true })
  const served: Peer[] = []
  server.on('upgrade', (request, socket, head) => {
    verifier.authenticate(request).then(
      (session) =>
        sockets.handleUpgrade(request, socket, head, (peer) => {
          closeSocketOnEnd(peer, session)
          served.push(peer)
          peer.send(session.sub)
        }),
      () => socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n'),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const open = (token: string): WebSocket => {
    const options = { headers: { authorization: `Bearer ${token}` } }
    return new WebSocket(`ws://127.0.0.1:${port}/`, options as unknown as string[])
  }
  try {
    const { sid, token } = await signedIn()
    const socket = open(token)
    const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener('close', resolve))
    await new Promise((resolve) => socket.addEventListener('message', resolve))
    expect(verifier.metrics.signals).toBe(1)
    curfew.end(sid)
    expect(await closed).toMatchObject({ code: 4401, reason: 'session ended' })
    const refused = open(token)
    await new Promise((resolve) => refused.addEventListener('error', resolve))
    // One that its client closes is let go of.
    const other = open((await signedIn()).token)
    await new Promise((resolve) => other.addEventListener('message', resolve))
    expect(verifier.metrics.signals).toBe(1)
    other.close()
    await new Promise((resolve) => served.at(-1)?.once('close', resolve))
    expect(verifier.metrics.signals).toBe(0)
  } finally {
    for (const peer of served) peer.terminate()
    server.close()
  }
})

test('long streams: an event stream gets a last event and ends when its session does', async () => {
  let session: Session | undefined
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: hello\n\n')
    if (session !== undefined) endStreamOnEnd(response, session)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  try {
    const signed = await signedIn()
    session = signed.session
    const answer = await fetch(`http://127.0.0.1:${port}/`)
    const text = answer.text()
    curfew.end(signed.sid)
    expect(await text).toBe('data: hello\n\nevent: session-ended\ndata: {"code":"ended"}\n\n')
    // Too late: it ends at once.
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toContain('session-ended')
    session = (await signedIn()).session
    const abort = new AbortController()
    await fetch(`http://127.0.0.1:${port}/`, { signal: abort.signal })
    expect(verifier.metrics.signals).toBe(1)
    abort.abort()
    await until(() => verifier.metrics.signals === 0)
  } finally {
    server.close()
  }
})

test('an event stream that was ended and is still on its way is not written to, and one that is gone not held', async () => {
  const { sid, session } = await signedIn()
  const seen: unknown[] = []
  const server = createServer((request, response) => {
    response.on('error', (error) => seen.push(error))
    if (request.url === '/gone') {
      response.destroy()
      endStreamOnEnd(response, session)
      seen.push(verifier.metrics.signals)
      return
    }
    endStreamOnEnd(response, session)
    response.end('bye')
    curfew.end(sid)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  try {
    await expect(fetch(`http://127.0.0.1:${port}/gone`)).rejects.toThrow()
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('bye')
    await until(() => verifier.metrics.denied === 1)
    await new Promise((resolve) => setImmediate(resolve))
    expect(seen).toEqual([0])
  } finally {
    server.close()
  }
})

test('a body whose source breaks lets go of the session, and what cannot be closed harms nobody', async () => {
  const { sid, session } = await signedIn()
  const broken = new ReadableStream({
    pull() {
      throw new Error('broken')
    },
  })
  await expect(untilEnd(broken, session).getReader().read()).rejects.toThrow('broken')
  expect(verifier.metrics.signals).toBe(0)
  const closed: unknown[] = []
  const stubborn = {
    close() {
      throw new Error('closed already')
    },
  }
  closeSocketOnEnd(stubborn, session)
  closeSocketOnEnd({ close: (code) => closed.push(code) }, session)
  curfew.end(sid)
  await until(() => closed.length === 1)
  expect(closed).toEqual([4401])
})

test('a socket that closed before is not held', async () => {
  const { session } = await signedIn()
  closeSocketOnEnd({ close: () => undefined, readyState: 3 }, session)
  expect(verifier.metrics.signals).toBe(0)
})

test('long streams: a body ends early when its session does, and its source is cancelled', async () => {
  const { sid, session } = await signedIn()
  let cancelled: unknown
  const source = new ReadableStream<string>({
    start: (controller) => controller.enqueue('one'),
    cancel: (reason) => {
      cancelled = reason
    },
  })
  const reader = untilEnd(source, session).getReader()
  expect(await reader.read()).toEqual({ done: false, value: 'one' })
  const next = reader.read()
  curfew.end(sid)
  expect(await next).toEqual({ done: true, value: undefined })
  expect(cancelled).toBe('ended')
  expect(verifier.metrics.signals).toBe(0)
})

test('a body that is read to its end, or cancelled, lets go of the session', async () => {
  const { session } = await signedIn()
  const whole = untilEnd(new Response('all of it').body ?? new ReadableStream(), session)
  expect(await new Response(whole).text()).toBe('all of it')
  const endless = untilEnd(new ReadableStream(), session)
  await endless.cancel()
  expect(verifier.metrics.signals).toBe(0)
})
