/* What lasts longer than a request: WebSockets, event streams, uploads, connections that stay open. */
import { beforeAll, describe, expect, test } from 'vitest'
import { identityIn, unasked } from './authorised.ts'
import { smuggledRequests } from './corpus.ts'
import { useFronts } from './front.ts'
import { app, useHouse } from './house.ts'
import { type Person, signedIn } from './person.ts'
import { appHost } from './proxy.ts'
import { converse, openRaw, requestBytes } from './raw-http.ts'

const house = useHouse()
const fronts = useFronts(() => house().port)
const host = ['Host', appHost]
const websocket = [
  ...['Connection', 'keep-alive, Upgrade', 'Upgrade', 'websocket'],
  ...['Sec-WebSocket-Version', '13', 'Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
]
const names = ['X-Auth-Request-User', 'X-Auth-Request-Email', 'X-Auth-Request-Groups']

describe.each(fronts)('$name', ({ name, front }) => {
  let pilot: Person
  beforeAll(async () => {
    pilot = await signedIn(front(), house())
  })

  /** Several requests in one go on one connection; what came of them, until it closes. */
  async function pipeline(...requests: readonly Buffer[]) {
    const { proxy, echo, tap } = front()
    tap.take()
    echo.take()
    const said = (await converse(proxy.port, Buffer.concat(requests))).toString('latin1')
    const statuses = [...said.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))
    return { statuses, answer: undefined, asked: tap.take(), arrived: echo.take() }
  }

  test('scenario A07: a WebSocket opens with the identity, and carries what is sent', async () => {
    const { proxy, echo } = front()
    echo.take()
    const headers = [...host, ...pilot.cookies(app), ...websocket]
    const stream = await openRaw(proxy.port, { target: '/socket', headers })
    expect(stream.head.status).toBe(101)
    expect(stream.head.headers.get('sec-websocket-accept')).toBe('s3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
    stream.socket.write('ping')
    expect(await stream.until((text) => text.length >= 4)).toBe('ping')
    stream.close()
    const [arrived] = echo.take()
    expect(arrived && identityIn(arrived, names)).toMatchObject({
      'X-Auth-Request-User': ['main:alice'],
    })
    expect(arrived?.headers.all('cookie').filter(Boolean)).toEqual([])
  })

  test('scenario A07: without a session no WebSocket opens, and none is redirected', async () => {
    const { proxy, echo } = front()
    echo.take()
    const fetched = ['Sec-Fetch-Mode', 'websocket', 'Sec-Fetch-Dest', 'empty']
    const headers = [...host, ...websocket, ...fetched]
    const stream = await openRaw(proxy.port, { target: '/socket', headers })
    stream.close()
    expect(stream.head.status).toBe(401)
    expect(echo.take()).toEqual([])
  })

  test('scenario A05: each event of a stream arrives before the next one is sent', async () => {
    const { proxy, echo } = front()
    const headers = [...host, ...pilot.cookies(app), 'Accept', 'text/event-stream']
    const stream = await openRaw(proxy.port, { target: '/events', headers })
    for (const event of ['first', 'second', 'third']) {
      if (event !== 'first') echo.tell(event)
      await stream.until((text) => text.includes(`data: ${event}`))
    }
    stream.close()
    expect(stream.head.status).toBe(200)
  })

  test('scenario N05: an upload of 64 MB passes as it comes', async () => {
    const { proxy, echo } = front()
    echo.take()
    const piece = Buffer.alloc(1024 * 1024, 'x')
    const pieces = 64
    const length = ['Content-Length', String(pieces * piece.length), 'Expect', '100-continue']
    const headers = [...host, ...pilot.cookies(app), ...length]
    const request = { method: 'POST', target: '/upload', headers }
    const stream = await openRaw(proxy.port, request)
    expect(stream.head.status).toBe(100)
    stream.socket.write(piece)
    // All of the first piece has arrived, although nobody has sent the others yet.
    const arrived = await echo.arrival(({ bytes }) => bytes >= piece.length)
    for (let sent = 1; sent < pieces; sent++) {
      if (!stream.socket.write(piece)) {
        await new Promise((resolve) => stream.socket.once('drain', resolve))
      }
    }
    await stream.until((text) => text.includes('"sha256"'))
    stream.close()
    expect(arrived.bytes).toBe(pieces * piece.length)
  })

  test('C16: after one that is let in, the next request on a connection is asked about as well', async () => {
    const stay = [...host, 'Connection', 'keep-alive']
    const cookies = pilot.cookies(app)
    const witnessed = await pipeline(
      requestBytes({ target: '/x', headers: [...stay, ...cookies] }),
      requestBytes({ target: '/x', headers: stay }),
      requestBytes({ target: '/public/x', headers: stay }),
      requestBytes({ target: '/admin', headers: [...host, ...cookies] }),
    )
    expect(witnessed.statuses).toEqual([200, 401, 200, 403])
    expect(witnessed.arrived.map(({ url }) => url)).toEqual(['/x', '/public/x'])
    expect(unasked(name, witnessed)).toEqual([])
  })

  test('C16: no other protocol than WebSocket gets past the decision', async () => {
    const { proxy, echo } = front()
    echo.take()
    const h2c = [
      'Connection',
      'Upgrade, HTTP2-Settings',
      'HTTP2-Settings',
      'AAMAAABkAAQAoAAAAAIAAAAA',
    ]
    for (const upgrades of [
      ...[['h2c'], ['H2C'], ['TLS/1.0'], ['h2c', 'websocket'], ['websocket', 'h2c']],
      ...[['h2c, websocket'], ['websocket, h2c'], ['websocket/13'], ['websocketh2c'], [' h2c']],
    ]) {
      const upgrade = upgrades.flatMap((one) => ['Upgrade', one])
      const headers = [...host, ...pilot.cookies(app), ...h2c, ...upgrade]
      const stream = await openRaw(proxy.port, { target: '/x', headers })
      stream.close()
      const taken = echo.take().flatMap((arrived) => arrived.headers.all('upgrade'))
      expect([upgrades, taken.filter((one) => one !== 'websocket')]).toEqual([upgrades, []])
    }
  })

  test('C16: no tunnel is opened by way of the application', async () => {
    for (const target of ['app.example.com:443', '127.0.0.1:22', '/x', '/public/x']) {
      const headers = pilot.cookies(app)
      const { arrived } = await front().ask({ method: 'CONNECT', target, headers })
      expect([target, arrived]).toEqual([target, []])
    }
  })

  test('C16: an upgrade that the application refuses leaves no way around the decision', async () => {
    const witnessed = await pipeline(
      requestBytes({ target: '/public/no-upgrade', headers: [...host, ...websocket] }),
      requestBytes({ target: '/admin', headers: host }),
    )
    expect(witnessed.arrived.map(({ url }) => url)).toEqual(['/public/no-upgrade'])
    expect(unasked(name, witnessed)).toEqual([])
  })

  test('C16: no request hides in the body of another one', async () => {
    for (const bytes of smuggledRequests) {
      const witnessed = await pipeline(Buffer.from(bytes, 'latin1'))
      const guarded = witnessed.arrived.filter(({ url }) => !url.startsWith('/public/'))
      expect([bytes, guarded]).toEqual([bytes, []])
      expect(unasked(name, witnessed)).toEqual([])
    }
  })

  test('C16: the body of a request that is refused never reaches the application', async () => {
    for (const headers of [
      [],
      ['Authorization', 'Bearer cfs_garbage'],
      ['X_Auth_Request_User', 'x'],
    ]) {
      const method = 'POST'
      const { answer, arrived } = await front().ask({
        method,
        target: '/x',
        headers,
        body: 'secret',
      })
      expect([401, 403]).toContain(answer?.status)
      expect(answer?.rest).toBe('')
      expect(arrived).toEqual([])
    }
  })
})
