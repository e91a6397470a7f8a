import { once } from 'node:events'
import { Agent, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createStoppingServer, drain } from './stopping-server.ts'

const options = { requestTimeout: 30_000 }

async function listening(server: Server): Promise<(agent: Agent) => Promise<IncomingMessage>> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => server.closeAllConnections())
  const { port } = server.address() as AddressInfo
  return (agent) =>
    new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, agent }, (answer) => {
        answer.resume().once('end', () => resolve(answer))
      })
      sent.once('error', reject).end()
    })
}

test('while it listens, connections are kept', async () => {
  const ask = await listening(createStoppingServer(options, (_message, response) => response.end()))
  const agent = new Agent({ keepAlive: true })
  onTestFinished(() => agent.destroy())
  for (let again = 0; again < 2; again++) {
    expect((await ask(agent)).headers.connection).toBe('keep-alive')
  }
})

test('while it drains it answers on, and keeps no connection', async () => {
  const server = createStoppingServer(options, (_message, response) => response.end())
  const ask = await listening(server)
  const agent = new Agent({ keepAlive: true })
  onTestFinished(() => agent.destroy())
  expect((await ask(agent)).headers.connection).toBe('keep-alive')
  drain(server)
  for (let again = 0; again < 2; again++) {
    expect((await ask(agent)).headers.connection).toBe('close')
  }
})

test('whoever waits when it is told to close is answered, and the connection is not kept', async () => {
  const waiting: ServerResponse[] = []
  const arrived = Promise.withResolvers<void>()
  const server = createStoppingServer(options, (_message, response) => {
    waiting.push(response)
    arrived.resolve()
  })
  const ask = await listening(server)
  const agent = new Agent({ keepAlive: true })
  onTestFinished(() => agent.destroy())
  const answer = ask(agent)
  await arrived.promise
  const closed = new Promise((resolve) => server.close(resolve))
  for (const response of waiting) response.end()
  expect((await answer).headers.connection).toBe('close')
  // Nobody has to cut it off.
  await closed
})
