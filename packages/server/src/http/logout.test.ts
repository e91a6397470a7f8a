import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { createHttp } from './app.ts'
import { FakeWorld } from './testing.ts'

function gate() {
  let open: () => void = () => undefined
  const passed = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open: () => open(), passed }
}

test('a logout is carried through when the client has gone', async () => {
  const world = new FakeWorld()
  const session = world.add(1, 'alice')
  const deps = world.deps()
  const [asked, mayEnd, ended] = [gate(), gate(), gate()]
  const authority = {
    ...deps.authority,
    logout: async (token: string) => {
      asked.open()
      await mayEnd.passed
      const answer = await deps.authority.logout(token)
      ended.open()
      return answer
    },
  }
  const { app } = createHttp({ ...deps, authority })
  await Promise.resolve(app.listen({ port: 0, host: '127.0.0.1' }))
  const { port } = app.server.address() as AddressInfo
  const headers = { authorization: 'Bearer tok-1' }
  const client = request({ port, host: '127.0.0.1', method: 'POST', path: '/logout', headers })
  const gone = new Promise((resolve) => client.once('close', resolve))
  client.once('error', () => undefined)
  client.end()
  await asked.passed
  client.destroy()
  await gone
  mayEnd.open()
  await ended.passed
  expect(world.sessions.get(session.origin.sid)?.kind).toBe('ended')
  await app.close()
})

test('a request whose client has gone is logged and counted once, too', async () => {
  const world = new FakeWorld()
  const deps = world.deps()
  const [asked, mayAnswer, logged] = [gate(), gate(), gate()]
  const authority = {
    ...deps.authority,
    present: async (token: string) => {
      asked.open()
      await mayAnswer.passed
      return deps.authority.present(token)
    },
  }
  const info = (fields: unknown) => {
    world.logged.push(fields)
    logged.open()
  }
  const { app } = createHttp({ ...deps, authority, log: { ...deps.log, info } })
  await Promise.resolve(app.listen({ port: 0, host: '127.0.0.1' }))
  const { port } = app.server.address() as AddressInfo
  const headers = { authorization: 'Bearer tok-1' }
  const client = request({ port, host: '127.0.0.1', path: '/sessions', headers })
  client.once('error', () => undefined)
  client.end()
  await asked.passed
  client.destroy()
  await logged.passed
  mayAnswer.open()
  await app.close()
  expect(world.logged).toMatchObject([{ route: '/sessions', status: 499 }])
  expect(await world.metrics.text()).toContain(
    'curfew_http_requests_total{route="sessions",status="4xx"} 1',
  )
})
