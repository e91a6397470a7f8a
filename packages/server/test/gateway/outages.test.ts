/* The provider is away, or comes late; requests that hang; a stop in the middle. Scenarios D and N04. */
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ScriptableProvider, startScriptableProvider } from '#test/oidc/scriptable-provider.ts'
import { app, type Gate, openGate } from './gate.ts'
import { byScript, home, inside, signedIn, standing, toProvider } from './steps.ts'
import type { Visitor } from './visitor.ts'

describe('a provider that comes late and goes early', () => {
  let gate: Gate
  let provider: ScriptableProvider
  beforeAll(async () => {
    provider = await startScriptableProvider()
    await provider.close()
    gate = await openGate({ provider, config: { server: { logLevel: 'info' } } })
  })
  afterAll(() => gate?.close())

  test('scenario D01: down at the start: all else works, and a sign-in is told to wait', async () => {
    expect((await gate.curfew.api.get('/readyz')).status).toBe(200)
    expect((await gate.visitor().send(`${app}/health`, { headers: byScript })).status).toBe(200)
    expect((await gate.visitor().send(home, { headers: byScript })).status).toBe(401)
    expect((await gate.visitor().open(`${gate.curfew.issuer}/signout`)).status).toBe(302)
    const refused = await gate.visitor().browse(home)
    expect(refused.status).toBe(503)
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  })

  test('scenarios D02, D04: when it is there a hundred sign-ins find it, by one discovery', async () => {
    await provider.listen()
    await gate.curfew.advanceClock(31_000)
    provider.counts.discovery = 0
    const crowd = Array.from({ length: 100 }, () => toProvider(gate.visitor()))
    expect(await Promise.all(crowd)).toHaveLength(100)
    expect(provider.counts.discovery).toBe(1)
  })

  test('scenarios D03, N04: when it goes, sessions are served, in their grace as well, and the log stays short', async () => {
    provider.accessSeconds = 60
    const visitor = await signedIn(gate)
    await provider.close()
    expect(await standing(visitor)).toEqual(inside)
    await gate.curfew.advanceClock(61_000)
    const before = gate.curfew.log().length
    const found = new Set<number>()
    for (let round = 0; round < 20; round++) {
      const asked = Array.from({ length: 20 }, () => visitor.open(home))
      for (const { status } of await Promise.all(asked)) found.add(status)
    }
    expect([...found]).toEqual([200])
    const lines = gate.curfew.log().slice(before).split('\n')
    expect(lines.length).toBeLessThan(20)
  })
})

/** Opens an address and hangs up as soon as the provider has been asked. */
function hangUp(visitor: Visitor, address: string, when: Promise<unknown>): Promise<void> {
  const url = new URL(address)
  const cookie = visitor.jar.header(url) ?? ''
  return new Promise((resolve) => {
    const sent = request(url, { headers: { cookie }, agent: false })
    sent.on('error', () => resolve())
    sent.on('response', (response) => {
      response.resume()
      resolve()
    })
    sent.end()
    void when.then(() => sent.destroy())
  })
}

describe('in the middle', () => {
  let gate: Gate
  beforeAll(async () => {
    gate = await openGate()
  })
  afterAll(() => gate?.close())

  test('scenario D09: twenty people who give up while the provider thinks leave nothing behind', async () => {
    const { provider } = gate
    await signedIn(gate)
    const before = await openHandles()
    const visitors = Array.from({ length: 20 }, () => gate.visitor())
    const callbacks = await Promise.all(visitors.map((one) => one.begin(home)))
    const codes = provider.counts.code
    provider.codeScript = visitors.map(() => 'hang-after-rotation' as const)
    const asked = Promise.withResolvers<void>()
    const gone = visitors.map((one, at) => hangUp(one, callbacks[at] ?? '', asked.promise))
    await expect.poll(() => provider.counts.code, { timeout: 10_000 }).toBe(codes + 20)
    asked.resolve()
    await Promise.all(gone)
    provider.release()
    await expect.poll(openHandles, { timeout: 10_000 }).toBeLessThanOrEqual(before + 3)
    expect(await standing(await signedIn(gate))).toEqual(inside)
  })

  /** Sockets and the like, by the server's own count. */
  async function openHandles(): Promise<number> {
    const { text } = await gate.curfew.api.get('/metrics')
    return Number(/^curfew_nodejs_active_handles_total (\d+)/m.exec(text)?.[1])
  }

  test('scenario D10: a stop in the middle of a grant waits for its tokens, and the next start has them', async () => {
    const { provider } = gate
    provider.accessSeconds = 60
    const visitor = await signedIn(gate)
    await gate.curfew.advanceClock(61_000)
    const grants = provider.grants.length
    provider.script = ['hang-after-rotation']
    const answer = visitor.open(home)
    await expect.poll(() => provider.grants.length, { timeout: 10_000 }).toBe(grants + 1)
    const stopped = gate.curfew.stop()
    await expect.poll(() => gate.curfew.log(), { timeout: 10_000 }).toContain('stopping: not ready')
    provider.release()
    expect((await answer).status).toBe(200)
    expect(await stopped).toEqual({ code: 0, signal: null })
    await gate.curfew.restart()
    expect(await standing(visitor)).toEqual(inside)
    expect(provider.grants).toHaveLength(grants + 1)
  })
})
