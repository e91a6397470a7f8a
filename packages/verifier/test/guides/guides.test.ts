/* The programs in the documents: type-checked, run, and asked what their documents promise. */
import { once } from 'node:events'
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type FakeServer, fakeServer } from '../fake-server.ts'
import {
  documents,
  examplesOf,
  type Program,
  removeExamples,
  runExample,
  typeCheck,
} from './examples.ts'

let server: FakeServer

beforeAll(async () => {
  server = await fakeServer()
})
afterAll(async () => {
  await server.close()
  removeExamples()
})

const lever = async (path: string): Promise<string> => (await fetch(server.url + path)).text()
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

async function signIn(): Promise<{ sid: string; token: string }> {
  const sid = `0198c5f0-${crypto.randomUUID().slice(9)}`
  return { sid, token: await lever(`/lever/token?sid=${sid}`) }
}

async function example(document: string, act: (program: Program) => Promise<void>): Promise<void> {
  const program = await runExample(document, server.url)
  try {
    await act(program)
  } finally {
    await program.stop()
  }
}

test('every example type-checks as it stands', async () => {
  expect(await typeCheck()).toBe('')
})

test('the quick start has fewer than 15 lines', () => {
  const [quickStart = ''] = examplesOf('packages/verifier/README.md')
  const lines = quickStart.split('\n').filter((line) => line.trim() !== '')
  expect(lines.length).toBeLessThan(15)
})

test('the quick start answers who is asking, or why not', async () => {
  await example('packages/verifier/README.md', async ({ url }) => {
    const { sid, token } = await signIn()
    const good = await fetch(url, { headers: bearer(token) })
    expect([good.status, await good.text()]).toEqual([200, 'main:alice'])
    const missing = await fetch(url)
    expect([missing.status, await missing.text()]).toEqual([401, 'missing'])
    await lever(`/lever/end?sid=${sid}`)
    await expect
      .poll(async () => await (await fetch(url, { headers: bearer(token) })).text())
      .toBe('ended')
  })
})

const frameworks = documents.filter((document) => /express|fastify|hono/.test(document))

describe.each(frameworks)('the program of %s', (document) => {
  test('lets in who is signed in, and whom a role lets, until the session ends', async () => {
    await example(document, async ({ url }) => {
      const { sid, token } = await signIn()
      const ask = async (path: string, headers: Record<string, string>) => {
        const answer = await fetch(url + path, { headers })
        return [answer.status, answer.headers.get('www-authenticate')?.slice(0, 27) ?? '']
      }
      const me = await fetch(`${url}/me`, { headers: bearer(token) })
      expect([me.status, await me.json()]).toEqual([200, { sub: 'main:alice' }])
      expect(await ask('/me', {})).toEqual([401, 'Bearer'])
      expect(await ask('/ops', bearer(token))).toEqual([403, 'Bearer error="insufficient_'])
      await lever(`/lever/end?sid=${sid}`)
      await expect
        .poll(() => ask('/me', bearer(token)))
        .toEqual([401, 'Bearer error="invalid_token'])
    })
  })
})

test('the program of the guide for WebSockets ends what is open when the session ends', async () => {
  await example('docs/guides/verifier-websockets.md', async ({ url }) => {
    const { sid, token } = await signIn()
    const options = { headers: bearer(token) } as unknown as string[]
    const socket = new WebSocket(url.replace('http', 'ws'), options)
    const closed = new Promise<CloseEvent>((resolve) => socket.addEventListener('close', resolve))
    const greeting = await new Promise<MessageEvent>((resolve) =>
      socket.addEventListener('message', resolve),
    )
    expect(greeting.data).toBe('hello main:alice')
    // A client that breaks the protocol is its own undoing: the others go on.
    const broken = request(url, {
      headers: {
        ...bearer(token),
        ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
        'sec-websocket-key': btoa('sixteen bytes ok'),
      },
    }).end()
    const [, rude] = (await once(broken, 'upgrade')) as [unknown, Socket]
    rude.resume().write(Buffer.alloc(64, 0xff))
    await once(rude, 'close')
    const stream = (await fetch(url, { headers: bearer(token) })).text()
    await lever(`/lever/end?sid=${sid}`)
    expect((await closed).code).toBe(4401)
    expect(await stream).toContain('event: session-ended')
    expect((await fetch(url, { headers: bearer(token) })).status).toBe(401)
  })
})
