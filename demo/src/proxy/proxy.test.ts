import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type Server,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { createProxy } from './proxy.ts'

const identityHeaders = ['x-auth-request-user', 'x-auth-request-groups', 'cookie']

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

interface Stage {
  readonly proxy: string
  /** What Curfew was asked, in turn. */
  readonly asked: IncomingMessage[]
  readonly reached: IncomingMessage[]
}

const allow: RequestListener = (_, answer) => {
  answer.writeHead(200, {
    'x-auth-request-user': 'alice',
    'x-auth-request-groups': '',
    cookie: 'a=1',
  })
  answer.end()
}

const greet: RequestListener = (incoming, answer) => {
  void text(incoming).then((body) => answer.end(`hello ${body}`))
}

async function stage(
  curfew: RequestListener = allow,
  application: Server = createServer(greet),
  api: Server = createServer(greet),
): Promise<Stage> {
  const asked: IncomingMessage[] = []
  const reached: IncomingMessage[] = []
  application.prependListener('request', (incoming) => reached.push(incoming))
  application.prependListener('upgrade', (incoming: IncomingMessage) => reached.push(incoming))
  const options = {
    curfew: await listening(
      createServer(curfew).prependListener('request', (one) => asked.push(one)),
    ),
    application: { url: await listening(application), identityHeaders },
    others: [{ path: '/missions', url: await listening(api), identityHeaders: ['authorization'] }],
  }
  return { proxy: await listening(createProxy(options)), asked, reached }
}

interface Sent {
  readonly method?: string
  readonly path?: string
  readonly headers?: Record<string, string | string[]>
  readonly body?: string
}

async function send(url: string, { body, ...options }: Sent = {}) {
  const sent = request(url, options)
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  return {
    status: response.statusCode,
    headers: response.headersDistinct,
    body: await text(response),
  }
}

test('Curfew is asked with the request’s own method, host and path, whatever the client says of them', async () => {
  const { proxy, asked } = await stage()
  const { host } = new URL(proxy)
  const lies = {
    'x-forwarded-host': ['evil.example', 'worse.example'],
    'x-forwarded-uri': '/public',
    'x-forwarded-method': 'GET',
    'x-forwarded-proto': 'https',
  }
  await send(proxy, {
    method: 'POST',
    path: '/api/x?y=1',
    headers: { ...lies, cookie: 'curfew=c' },
    body: 'b',
  })
  expect(asked).toHaveLength(1)
  expect(asked[0]?.url).toBe('/forward-auth')
  expect(asked[0]?.headersDistinct).toMatchObject({
    'x-forwarded-method': ['POST'],
    'x-forwarded-proto': ['http'],
    'x-forwarded-host': [host],
    'x-forwarded-uri': ['/api/x?y=1'],
    cookie: ['curfew=c'],
  })
  expect(asked[0]?.headersDistinct).not.toHaveProperty('content-length')
})

test('the application gets the identity that Curfew answered, and never the client’s', async () => {
  const { proxy, reached } = await stage()
  const answer = await send(proxy, {
    method: 'POST',
    headers: {
      'x-auth-request-user': 'admin',
      'x-auth-request-groups': 'ops',
      cookie: 'curfew=c; a=1',
      'x-request-id': '7',
    },
    body: 'world',
  })
  expect(answer).toMatchObject({ status: 200, body: 'hello world' })
  expect(reached[0]?.headersDistinct).toMatchObject({
    'x-auth-request-user': ['alice'],
    'x-auth-request-groups': [''],
    cookie: ['a=1'],
    'x-request-id': ['7'],
    'x-forwarded-host': [new URL(proxy).host],
  })
})

test('the API gets the token that Curfew answered, and neither cookie nor identity; the application no token', async () => {
  const curfew: RequestListener = (_, answer) => {
    answer.writeHead(200, { authorization: 'Bearer minted', cookie: 'a=1' }).end()
  }
  const heard: IncomingMessage[] = []
  const api = createServer(greet).prependListener('request', (incoming) => heard.push(incoming))
  const { proxy, reached } = await stage(curfew, undefined, api)
  const headers = { authorization: 'Bearer forged', cookie: 'curfew=c', 'x-auth-request-user': 'x' }
  for (const path of ['/missions', '/missions/7/events?a=/', '/missions2', '/x/missions']) {
    await send(proxy, { path, headers })
  }
  expect(heard.map(({ url }) => url)).toEqual(['/missions', '/missions/7/events?a=/'])
  expect(heard[0]?.headersDistinct).toMatchObject({ authorization: ['Bearer minted'] })
  for (const name of ['cookie', 'x-auth-request-user']) {
    expect(heard[0]?.headersDistinct).not.toHaveProperty(name)
  }
  expect(reached.map(({ url }) => url)).toEqual(['/missions2', '/x/missions'])
  expect(reached[0]?.headersDistinct).not.toHaveProperty('authorization')
})

test('any other answer of Curfew goes to the client as it is', async () => {
  const { proxy, reached } = await stage((_, answer) => {
    answer.writeHead(302, { location: 'http://127.0.0.1/login', 'set-cookie': ['a=1', 'b=2'] })
    answer.end()
  })
  const answer = await send(proxy)
  expect(answer.status).toBe(302)
  expect(answer.headers).toMatchObject({
    location: ['http://127.0.0.1/login'],
    'set-cookie': ['a=1', 'b=2'],
  })
  expect(reached).toHaveLength(0)
})

test('without Curfew nobody comes through', async () => {
  const { proxy, reached } = await stage((incoming) => incoming.socket.destroy())
  expect(await send(proxy)).toMatchObject({ status: 503 })
  expect(reached).toHaveLength(0)
})

test('an application that does not answer is 502', async () => {
  const { proxy } = await stage(
    allow,
    createServer((incoming) => incoming.socket.destroy()),
  )
  expect(await send(proxy)).toMatchObject({ status: 502 })
})

test('an answer arrives piece by piece', async () => {
  let finish = (): void => undefined
  const application = createServer((_, answer) => {
    answer.write('first')
    finish = () => answer.end(' last')
  })
  const { proxy } = await stage(allow, application)
  const sent = request(proxy).end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  expect(String((await once(response, 'data'))[0])).toBe('first')
  finish()
  expect(await text(response)).toBe(' last')
})

function echoing(): Server {
  return createServer().on('upgrade', (_, socket: Duplex) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n')
    socket.pipe(socket)
  })
}

const handshake = { headers: { connection: 'Upgrade', upgrade: 'echo' } }

test('a handshake is checked, and then both sides speak as they like', async () => {
  const { proxy, asked, reached } = await stage(allow, echoing())
  const sent = request(proxy, handshake).end()
  const [response, socket] = (await once(sent, 'upgrade')) as [IncomingMessage, Duplex]
  expect(response.statusCode).toBe(101)
  socket.write('ping')
  expect(String((await once(socket, 'data'))[0])).toBe('ping')
  expect(asked[0]?.headers.upgrade).toBe('echo')
  expect(reached[0]?.headersDistinct).toMatchObject({ 'x-auth-request-user': ['alice'] })
  socket.destroy()
})

test('a handshake that Curfew refuses gets its answer, and the application hears nothing', async () => {
  const { proxy, reached } = await stage((_, answer) => {
    answer.writeHead(401, { 'content-type': 'application/problem+json' }).end('{"status":401}')
  }, echoing())
  expect(await send(proxy, handshake)).toMatchObject({ status: 401, body: '{"status":401}' })
  expect(reached).toHaveLength(0)
})
