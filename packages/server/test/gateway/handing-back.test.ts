/* Whatever ends a session, what its provider handed out for it goes back there: by the outbox (RFC 7009). */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { asText, clients, stores } from '#test/harness/index.ts'
import { type Gate, openGate } from './gate.ts'
import { home, inside, outside, sessionsOf, signedIn, standing } from './steps.ts'

const soon = { timeout: 30_000 }
/** Longer than a lease. */
const leaseMs = 31_000

describe.each(stores)('the tokens of an ended session on %s', (store) => {
  let gate: Gate
  beforeAll(async () => {
    gate = await openGate({ store })
  })
  afterAll(() => gate?.close())
  beforeEach(() => {
    gate.provider.sid = randomUUID()
  })

  const newestSid = async (): Promise<string> =>
    asText((await sessionsOf(gate))[0]?.['sid'], 'the sid of the newest session')

  const ends = {
    'an admin': async () =>
      gate.curfew.api.post(`/sessions/${await newestSid()}/revoke`, { as: clients.operator }),
    'sign out everywhere': () =>
      gate.curfew.api.post('/users/main:alice/revoke', { as: clients.operator, json: {} }),
    'the provider’s own logout': async () =>
      gate.curfew.api.post('/oidc/backchannel-logout', {
        form: { logout_token: await gate.provider.logoutToken({ sid: gate.provider.sid }) },
      }),
  }
  test.each(Object.entries(ends))('go back when %s ended it', async (_, end) => {
    const visitor = await signedIn(gate)
    const revoked = gate.provider.revoked.length
    expect((await end()).status).toBe(200)
    expect(await standing(visitor)).toEqual(outside)
    await expect.poll(() => gate.provider.revoked.length, soon).toBe(revoked + 1)
  })

  test('rule 22 siblings: who signs in again in the same browser keeps what the new session lives by', async () => {
    const visitor = await signedIn(gate)
    const revoked = gate.provider.revoked.length
    const left = await siblings(gate)
    // The same session at the provider, as a browser that is still signed in there has it.
    await visitor.browse(`${gate.curfew.issuer}/login?return_to=${encodeURIComponent(home)}`)
    await expect.poll(() => siblings(gate), soon).toBe(left + 1)
    expect(gate.provider.revoked).toHaveLength(revoked)
    expect(await standing(visitor)).toEqual(inside)
  })

  test('scenario S48: go back once more after kill -9, when nobody knows whether they did', async () => {
    const visitor = await signedIn(gate)
    const path = `/sessions/${await newestSid()}/revoke`
    const revoked = gate.provider.revoked.length
    gate.provider.revocationLatencyMs = 60_000
    expect((await gate.curfew.api.post(path, { as: clients.operator })).status).toBe(200)
    await gate.curfew.kill()
    gate.provider.revocationLatencyMs = 0
    const next = await gate.curfew.restart()
    const back = { ...gate, curfew: next }
    await next.advanceClock(leaseMs)
    await expect.poll(() => gate.provider.revoked.length, soon).toBeGreaterThan(revoked)
    expect(await standing(visitor)).toEqual(outside)
    expect(await siblings(back)).toBe(0)
    await next.stop()
  }, 120_000)
})

async function siblings({ curfew }: Gate): Promise<number> {
  const { text } = await curfew.api.get('/metrics')
  const line = /^curfew_provider_revocation_total\{result="siblings"\} (\d+)/m
  return Number(line.exec(text)?.[1])
}
