import { createServer } from 'node:http'
import type { RequestHandler } from 'express'
import { expect, onTestFinished, test } from 'vitest'
import { listen } from '../listen.ts'
import { createApi } from './api.ts'
import { Missions } from './missions.ts'

async function stage() {
  const ending = new AbortController()
  const session = {
    ...{ sid: 'a' as never, sub: 'alice' as never, roles: ['pilot'], claims: {} as never },
    ...{ expiresAt: new Date(), signal: ending.signal },
  }
  const gate: RequestHandler = (request, _, next) => {
    request.curfew = session
    next()
  }
  const missions = new Missions()
  const { url, stop } = await listen(createServer(createApi(gate, missions)), 0)
  onTestFinished(async () => {
    missions.stop()
    await stop()
  })
  const start = (headers = {}) => fetch(`${url}/missions`, { method: 'POST', headers })
  const watch = (id: string) => fetch(`${url}/missions/${id}/events`)
  return { start, watch, missions, end: () => ending.abort({ code: 'ended' }) }
}

test('a mission tells where it is until its session ends, and then why it stops', async () => {
  const { start, watch, end } = await stage()
  const { id, route } = (await (await start()).json()) as { id: string; route: unknown[] }
  expect(route.length).toBeGreaterThan(50)
  const events = await watch(id)
  expect(events.headers.get('content-type')).toBe('text/event-stream')
  end()
  const [first, last] = (await events.text()).split('\n\n')
  expect(first).toMatch(/^event: telemetry\ndata: {"seconds":0,.*"battery":100}$/)
  expect(last).toBe('event: session-ended\ndata: {"code":"ended"}')
  expect((await watch(id)).status).toBe(404)
})

test('a landing is told as such', async () => {
  const { start, watch, missions } = await stage()
  const { id } = (await (await start()).json()) as { id: string }
  const events = await watch(id)
  missions.stop()
  expect(await events.text()).toContain('event: landed\n')
})

test('a page elsewhere starts nothing', async () => {
  const { start, watch } = await stage()
  for (const site of ['cross-site', 'same-site', 'none']) {
    expect((await start({ 'sec-fetch-site': site })).status).toBe(403)
  }
  expect((await start({ 'sec-fetch-site': 'same-origin' })).status).toBe(201)
  expect((await watch('unknown')).status).toBe(404)
})
