/* The cookie: what it holds, how long it lives, and what happens to a broken one. Scenarios S. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newSecret } from '#test/harness/index.ts'
import { app, type Gate, openGate } from './gate.ts'
import { cookieOf, home, inside, outside, sessionsOf, signedIn, standing } from './steps.ts'
import type { Visitor } from './visitor.ts'

const hourMs = 3_600_000
const ttls = { sessions: { absoluteTtl: '3h', idleTtl: '2h' } }

let gate: Gate
beforeAll(async () => {
  gate = await openGate({ config: ttls })
  // Only Curfew's own clocks are looked at here.
  gate.provider.accessSeconds = 1_000_000
})
afterAll(() => gate?.close())

/** A browser that holds this value in place of a session's cookie. */
function holding(value: string, of = gate): Visitor {
  const visitor = of.visitor()
  visitor.jar.set(new URL(home), 'curfew', value)
  return visitor
}

describe('what it holds', () => {
  test('scenarios S01, S14: its attributes, with and without a User-Agent', async () => {
    const lines: string[] = []
    for (const headers of [[], [['User-Agent', 'Mozilla/5.0 (X11)']]] as const) {
      const visitor = gate.visitor()
      const callback = await visitor.begin(home)
      const { setCookies } = await visitor.open(callback, { headers })
      lines.push(setCookies.find((line) => line.startsWith('curfew=')) ?? '')
    }
    for (const line of lines) {
      const [, ...attributes] = line.split('; ')
      expect(attributes.toSorted()).toEqual([
        'HttpOnly',
        expect.stringMatching(/^Max-Age=(10800|10799)$/),
        'Path=/',
        'SameSite=Lax',
      ])
    }
  })

  test('scenario S02: nothing about anybody, and always the same length', async () => {
    gate.provider.claims = { email: 'alice@example.com', email_verified: true, roles: ['pilot'] }
    const cookie = cookieOf(await signedIn(gate))
    gate.provider.claims = {}
    expect(cookie).toMatch(/^cfc_[\w-]+$/)
    const bytes = Buffer.from(cookie.slice(4), 'base64url').toString('latin1')
    for (const word of ['alice', 'main', 'pilot', 'example']) expect(bytes).not.toContain(word)
    expect(cookieOf(await signedIn(gate)).length).toBe(cookie.length)
    expect(`__Secure-curfew=${cookie}`.length).toBeLessThan(200)
  })

  test('scenario S03: forty kilobytes of groups in the ID token: the cookie is as small, and all works', async () => {
    const roles = Array.from({ length: 1600 }, (_, at) => `group-${at}-of-a-large-company`)
    gate.provider.claims = { roles }
    expect(JSON.stringify(roles).length).toBeGreaterThan(40_000)
    const visitor = await signedIn(gate)
    gate.provider.claims = {}
    expect((visitor.jar.header(new URL(home)) ?? '').length).toBeLessThan(200)
    const reply = await visitor.open(home)
    expect(reply.status).toBe(200)
    // Over 4 KB a header would be refused on the way: it is empty, and never cut in the middle.
    expect(reply.headers['x-auth-request-groups']).toBe('')
    const metrics = await gate.curfew.api.get('/metrics')
    expect(metrics.text).toMatch(/^curfew_forward_auth_dropped_values_total [1-9]/m)
  })

  test('scenarios S10, T09: a thousand requests are no replay, and set no cookie', async () => {
    const visitor = await signedIn(gate)
    const kinds = new Set<string>()
    for (let round = 0; round < 20; round++) {
      const asked = Array.from({ length: 50 }, (_, at) => visitor.open(`${app}/${at}`))
      for (const { status, setCookies } of await Promise.all(asked)) {
        kinds.add(`${status} ${setCookies.length}`)
      }
    }
    expect([...kinds]).toEqual(['200 0'])
  })

  test('rule 16 one credential: scenario S13: cookies of the application pass as they are, and none of ours does', async () => {
    const visitor = await signedIn(gate)
    for (const [name, value] of [
      ['theme', 'dark'],
      ['_oidc_raczylo_s_0', 'x'],
      ['curfewish', '1'],
    ] as const) {
      visitor.jar.set(new URL(home), name, value)
    }
    const { headers } = await visitor.open(home)
    expect(headers['cookie']).toBe('theme=dark; _oidc_raczylo_s_0=x; curfewish=1')
  })
})

describe('a broken one is no session: 302 for pages, 401 for the rest', () => {
  test('scenario S04: one byte changed, wherever it is', async () => {
    const cookie = cookieOf(await signedIn(gate))
    for (let at = 0; at < cookie.length; at += 5) {
      const other = cookie[at] === 'B' ? 'C' : 'B'
      const changed = cookie.slice(0, at) + other + cookie.slice(at + 1)
      expect(await standing(holding(changed)), changed).toEqual(outside)
    }
    for (const changed of [`${cookie}A`, cookie.slice(0, -1), cookie.slice(4), `"${cookie}"`]) {
      expect(await standing(holding(changed)), changed).toEqual(outside)
    }
    expect(await standing(holding(cookie))).toEqual(inside)
  })

  test.each([
    '../../../../etc/passwd',
    '<script>alert(1)</script>',
    '%00',
    '{"uid":"main:alice"}',
    'eyJhbGciOiJub25lIn0.e30.',
    '',
    ' ',
  ])('scenario S07: %j', async (value) => {
    expect(await standing(holding(value))).toEqual(outside)
  })

  test('scenario S06: a huge one, in one piece or in many, is refused before anybody reads it', async () => {
    expect(await standing(holding('A'.repeat(12_000)))).toEqual(outside)
    expect(await standing(holding(`cfc_${'A'.repeat(12_000)}`))).toEqual(outside)
    // Beyond what any header may have, node:http answers itself.
    const reply = await holding('A'.repeat(60_000)).open(home)
    expect(reply.status).toBe(431)
    const many = gate.visitor()
    for (let at = 0; at < 400; at++) many.jar.set(new URL(home), `part-${at}`, 'x'.repeat(20))
    expect(await standing(many)).toEqual(outside)
    expect((await gate.curfew.api.get('/healthz')).status).toBe(200)
  })
})

describe('how long it lives', () => {
  test('scenario S09: idle for too long', async () => {
    const visitor = await signedIn(gate)
    await gate.curfew.advanceClock(2 * hourMs)
    expect(await standing(visitor)).toEqual(outside)
  })

  test('scenario S08: used all the time, past its idle end, until its absolute one', async () => {
    const visitor = await signedIn(gate)
    for (let step = 0; step < 2; step++) {
      await gate.curfew.advanceClock(1.4 * hourMs)
      expect(await standing(visitor)).toEqual(inside)
      await expect.poll(usedLately).toBe(true)
    }
    await gate.curfew.advanceClock(0.2 * hourMs)
    expect(await standing(visitor)).toEqual(outside)
  })

  /** Use is written behind the answer. */
  async function usedLately(): Promise<boolean> {
    const [session] = await sessionsOf(gate)
    const now = (await gate.curfew.api.feed({ limit: 1 })).headers.get('curfew-now')
    return Number(session?.['last_seen_at']) > Number(now) - 60
  }
})

test('scenarios S05, S15: a cookie of another deployment is none; one of the old secret is good while secrets rotate', async () => {
  const [old, fresh] = [newSecret(), newSecret()]
  const tokens = { keyActivationDelay: '0s' }
  const first = await openGate({ provider: gate.provider, config: { secrets: [old], tokens } })
  try {
    const before = await signedIn(first)
    expect(await standing(holding(cookieOf(before)))).toEqual(outside)
    await first.curfew.stop()
    const both = await first.curfew.restart({ config: { secrets: [fresh, old] } })
    expect(await standing(before)).toEqual(inside)
    const after = await signedIn(first)
    await both.stop()
    await both.restart({ config: { secrets: [fresh] } })
    expect(await standing(after)).toEqual(inside)
    // Its secret is known to be somebody's, and not here: nobody can tell, so nobody is sent away.
    expect(await standing(before)).toEqual([503, 503])
  } finally {
    await first.close()
  }
})
