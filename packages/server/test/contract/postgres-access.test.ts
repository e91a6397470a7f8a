/* How the store's URL becomes a connection, seen by whoever listens at the other end. */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { StoreUnavailable } from '#authority'
import { openStore } from '#stores'

/** What a client says, piece by piece; `answer` is told each piece and may say something back. */
async function listenAs(answer: (piece: Buffer, socket: Socket) => void): Promise<{
  readonly port: number
  readonly heard: Buffer[]
}> {
  const heard: Buffer[] = []
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (piece) => {
      heard.push(piece)
      answer(piece, socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return { port: (server.address() as AddressInfo).port, heard }
}

/** PostgreSQL's SSLRequest (protocol 3.0, section "Message Formats"). */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47])
/** AuthenticationCleartextPassword. */
const askPassword = Buffer.from([82, 0, 0, 0, 8, 0, 0, 0, 3])

test('scenario K09: user, password and database are those of the URL', async () => {
  const { port, heard } = await listenAs((piece, socket) => {
    if (piece[0] === 'p'.charCodeAt(0)) socket.destroy()
    else socket.write(askPassword)
  })
  const url = `postgres://bob:p%40ss%20word@127.0.0.1:${port}/sessions`
  await expect(openStore({ kind: 'postgres', url })).rejects.toThrow(StoreUnavailable)
  const [startup = '', password = ''] = heard.map((piece) => piece.toString('latin1'))
  expect(startup).toContain('user\0bob\0')
  expect(startup).toContain('database\0sessions\0')
  expect(password).toContain('p@ss word\0')
})

test('scenario K09: where TLS is asked for, a server without it is told nothing', async () => {
  const { port, heard } = await listenAs((_piece, socket) => void socket.write('N'))
  const url = `postgres://bob:secret@127.0.0.1:${port}/sessions?sslmode=verify-full`
  await expect(openStore({ kind: 'postgres', url })).rejects.toThrow(StoreUnavailable)
  expect(heard).toEqual(heard.map(() => sslRequest))
  expect(heard.length).toBeGreaterThan(0)
})
