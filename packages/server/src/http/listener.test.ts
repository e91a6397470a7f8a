import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { createHttp } from './app.ts'
import { FakeWorld } from './testing.ts'

/** What comes back for these bytes, until the server closes the connection. */
function exchange(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write(bytes))
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      answer += chunk
    })
    socket.once('end', () => resolve(answer))
    socket.once('error', reject)
  })
}

/** What alice is answered. `headers`: lines beside those of every request. */
async function answered(requestLine: string, headers = ''): Promise<string> {
  const world = new FakeWorld()
  world.add(1, 'alice')
  const { app } = createHttp(world.deps())
  await Promise.resolve(app.listen({ port: 0, host: '127.0.0.1' }))
  try {
    const { port } = app.server.address() as AddressInfo
    const always = 'Host: x\r\nAuthorization: Bearer tok-1\r\nConnection: close\r\n'
    return await exchange(port, `${requestLine} HTTP/1.1\r\n${always}${headers}\r\n`)
  } finally {
    await app.close()
  }
}

test.each([
  ['http://x/healthz', 200],
  ['HTTPS://x:443/sessions?limit=5', 200],
  ['http://x?limit=5', 200],
  ['http://x//healthz', 404],
  ['http://http://x/healthz', 404],
])('the absolute form %s is answered as its path is: %i', async (target, status) => {
  expect(await answered(`GET ${target}`)).toContain(`HTTP/1.1 ${status} `)
})

test.each([
  ['POST', '/logout', 'application/json', 200],
  ['POST', '/logout', 'text/plain', 200],
  ['POST', '/logout', '', 200],
  ['DELETE', '/sessions/nobody', 'application/json', 404],
  ['POST', '/oauth/token', 'application/x-www-form-urlencoded', 400],
  ['POST', '/nowhere', 'application/json', 400],
  ['GET', '/sessions', 'application/json', 200],
])(
  '%s %s with the type %j and no announced body is answered',
  async (method, path, type, status) => {
    const header = type === '' ? '' : `Content-Type: ${type}\r\n`
    const answer = await answered(`${method} ${path}`, header)
    expect(answer).toContain(`HTTP/1.1 ${status} `)
  },
)

test('a client that is still sending a body too large reads its 413, and may go on with the connection', async () => {
  const world = new FakeWorld()
  world.add(1, 'alice')
  const { app } = createHttp(world.deps())
  await Promise.resolve(app.listen({ port: 0, host: '127.0.0.1' }))
  const { port } = app.server.address() as AddressInfo
  const bytes = 3_000_000
  const first = `POST /logout HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer tok-1\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n`
  const second = 'GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
  const socket = connect({ host: '127.0.0.1', port })
  socket.setEncoding('latin1')
  const answers = new Promise<string>((resolve, reject) => {
    let answer = ''
    let sent = false
    socket.on('data', (chunk: string) => {
      answer += chunk
      if (sent || !answer.includes(' 413 ')) return
      sent = true
      socket.write('x'.repeat(bytes))
      socket.write(second)
    })
    socket.once('end', () => resolve(answer))
    socket.once('error', reject)
  })
  socket.write(first)
  expect(await answers).toMatch(/^HTTP\/1\.1 413 [\s\S]+HTTP\/1\.1 200 /)
  await app.close()
})
