import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { startForwardProxy } from '#test/oidc/forward-proxy.ts'
import { createPost } from './post.ts'

const signal = new AbortController().signal
const message = (url: string) => ({ url, headers: { 'x-test': 'yes' }, body: '{"a":"ü"}', signal })

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`
}

test('sends what it was given, and answers the status', async () => {
  const got: unknown[] = []
  const url = await serve((request, response) => {
    request.setEncoding('utf8').on('data', (body) => {
      got.push(request.method, request.url, request.headers['x-test'], body)
      response.writeHead(202).end('thanks')
    })
  })
  expect(await createPost({})(message(url))).toEqual({ kind: 'answered', status: 202 })
  expect(got).toEqual(['POST', '/hooks', 'yes', '{"a":"ü"}'])
})

test('follows no redirect', async () => {
  let asked = 0
  const url = await serve((_, response) => {
    asked += 1
    response.writeHead(307, { location: '/elsewhere' }).end()
  })
  expect(await createPost({})(message(url))).toMatchObject({ status: 307 })
  expect(asked).toBe(1)
})

test('hands on when to come back', async () => {
  const url = await serve((_, response) => response.writeHead(429, { 'retry-after': '9' }).end())
  expect(await createPost({})(message(url))).toEqual({
    kind: 'answered',
    status: 429,
    retryAfter: '9',
  })
})

test('the status decides, however long the answer: the rest of it is not read', async () => {
  const closed = Promise.withResolvers<void>()
  const url = await serve((request, response) => {
    request.socket.on('close', () => closed.resolve())
    response.writeHead(200)
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
      if (!response.destroyed) response.once('drain', more)
    }
    more()
  })
  expect(await createPost({})(message(url))).toMatchObject({ status: 200 })
  await closed.promise
})

test('a receiver that is slow, gone, or no HTTP server is silent, and the words hold no URL', async () => {
  const slow = await serve(() => undefined)
  const post = createPost({}, 200)
  expect(await post(message(slow))).toEqual({ kind: 'silent', why: 'no answer within 0.2 s' })
  expect(await post(message('http://127.0.0.1:1/x'))).toEqual({
    kind: 'silent',
    why: 'no answer: ECONNREFUSED',
  })
  const cut = await serve((request) => request.socket.destroy())
  expect(await post(message(cut))).toEqual({ kind: 'silent', why: 'no answer: ECONNRESET' })
  const garbage = await serve((request) => request.socket.end('SSH-2.0-OpenSSH_9.9\r\n\r\n'))
  expect(await post(message(garbage))).toEqual({
    kind: 'silent',
    why: expect.stringMatching(/^no answer: HPE_/),
  })
})

test('an abort ends it', async () => {
  const url = await serve(() => undefined)
  const stop = new AbortController()
  const posting = createPost({})({ ...message(url), signal: stop.signal })
  stop.abort()
  expect(await posting).toMatchObject({ kind: 'silent' })
})

test('goes through the proxy of the environment, unless NO_PROXY names the host', async () => {
  const proxy = await startForwardProxy()
  const url = await serve((_, response) => response.writeHead(200).end())
  const env = { HTTP_PROXY: proxy.url }
  expect(await createPost(env)(message(url))).toMatchObject({ status: 200 })
  expect(await createPost({ ...env, NO_PROXY: '127.0.0.1' })(message(url))).toMatchObject({
    status: 200,
  })
  expect(proxy.asked).toEqual([`POST ${url}`])
})

test('a proxy that never opens its tunnel is silent in time', async () => {
  const proxy = await startForwardProxy()
  proxy.tunnels = 'silent'
  const post = createPost({ HTTPS_PROXY: proxy.url.replace('//', '//user:hunter2@') }, 200)
  const posted = await post(message('https://127.0.0.1:9/hooks'))
  expect(posted.kind).toBe('silent')
  expect(JSON.stringify(posted)).not.toContain('hunter2')
})
