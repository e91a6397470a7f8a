/* How a session reaches hosts: by the cookie's domain, or by a ticket. Rules 27 and 28, behind TLS. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Gate, openGate } from './gate.ts'
import { inside, outside, signedIn, standing } from './steps.ts'
import { navigation, type Visitor } from './visitor.ts'
import type { HeaderPairs } from './wire.ts'

const server = { publicUrl: 'https://auth.example.com' }
const rules = [{ hosts: ['*.example.com', 'other.test', 'third.test'] }]
const [a, b, other] = ['https://a.example.com/', 'https://b.example.com/', 'https://other.test/']
const token = /cf[cdrs]_|eyJ/

function cookieLine(lines: readonly string[]): string {
  return lines.find((line) => /^(?:__\w+-)?curfew=./.test(line)) ?? ''
}

describe('without a domain', () => {
  let gate: Gate
  beforeAll(async () => {
    gate = await openGate({ config: { server, gateway: { rules } } })
  })
  afterAll(() => gate?.close())

  test('scenario S01: behind TLS the cookie is Secure, and its name ties it to its host', async () => {
    const visitor = gate.visitor()
    const { setCookies } = await visitor.open(
      await visitor.begin('https://auth.example.com/login?'),
    )
    const attributes = cookieLine(setCookies).split('; ').slice(1)
    expect(cookieLine(setCookies)).toMatch(/^__Host-curfew=/)
    expect(attributes).toEqual(
      expect.arrayContaining(['Path=/', 'HttpOnly', 'Secure', 'SameSite=Lax']),
    )
    expect(cookieLine(setCookies)).not.toContain('Domain')
  })

  test('rule 28 hosts: scenario S11: each host gets a cookie of its own for the one session, by one sign-in', async () => {
    const visitor = await signedIn(gate, a)
    const codes = gate.provider.counts.code
    expect((await visitor.browse(b)).status).toBe(200)
    expect((await visitor.browse(other)).status).toBe(200)
    expect(gate.provider.counts.code).toBe(codes)
    const own = (address: string) => visitor.jar.value(new URL(address), '__Host-curfew')
    expect(own(b)).toBe(own(a))
    expect(own(other)).toBe(own(a))
  })

  test('rule 28 hosts: no address on the way holds a token', async () => {
    const visitor = await signedIn(gate, other)
    expect(visitor.trail.some((address) => address.includes('/.curfew/session?ticket='))).toBe(true)
    for (const address of visitor.trail) expect(address).not.toMatch(token)
  })

  test('scenario L10: a proxy that says http does not make anything less: addresses are https', async () => {
    const visitor = gate.visitor()
    const reply = await visitor.open('http://a.example.com/page')
    const login = new URL(reply.headers['location'] ?? '')
    expect(login.origin).toBe('https://auth.example.com')
    expect(login.searchParams.get('return_to')).toBe('https://a.example.com/page')
    expect(reply.setCookies.every((line) => line.includes('; Secure'))).toBe(true)
    const provider = new URL((await visitor.open(login.href)).headers['location'] ?? '')
    expect(provider.searchParams.get('redirect_uri')).toBe('https://auth.example.com/oidc/callback')
  })

  test('rule 26 one dialect: on the public host nobody asks /forward-auth', async () => {
    const visitor = await signedIn(gate, a)
    const reply = await visitor.open('https://auth.example.com/forward-auth?mode=traefik')
    expect(reply.status).toBe(404)
  })

  describe('the ticket', () => {
    const there = 'https://other.test/page'

    /** A browser that is about to open its ticket. */
    async function withTicket(): Promise<{ visitor: Visitor; ticket: string }> {
      const visitor = gate.visitor()
      const { headers } = await visitor.open(await visitor.begin(there))
      const ticket = headers['location'] ?? ''
      expect(ticket).toContain('https://other.test/.curfew/session?ticket=')
      return { visitor, ticket }
    }

    test('rule 28 hosts: it is good once', async () => {
      const { visitor, ticket } = await withTicket()
      expect((await visitor.open(ticket)).headers['location']).toBe(there)
      expect(await standing(visitor, there)).toEqual(inside)
      // From the history, with the session: on to the page. Without it: nothing.
      expect((await visitor.open(ticket)).headers['location']).toBe(there)
      visitor.jar.set(new URL(there), '__Host-curfew', '')
      const again = await visitor.open(ticket)
      expect(again.status).toBe(403)
      expect(cookieLine(again.setCookies)).toBe('')
    })

    test('rule 28 hosts: twenty at once with one ticket get one cookie', async () => {
      const { visitor, ticket } = await withTicket()
      const cookie = visitor.jar.header(new URL(there)) ?? ''
      const asked = Array.from({ length: 20 }, () => {
        const copy = gate.visitor()
        const headers: HeaderPairs = [...navigation, ['Cookie', cookie]]
        return copy.send(ticket, { headers })
      })
      const given = (await Promise.all(asked)).filter(({ setCookies }) => cookieLine(setCookies))
      expect(given).toHaveLength(1)
    })

    test('rule 28 hosts: it is good in the browser that began, and in no other', async () => {
      const { visitor, ticket } = await withTicket()
      const stranger = gate.visitor()
      expect((await stranger.open(ticket)).status).toBe(403)
      // Nor in one that has a sign-in of its own under way.
      await stranger.open(there)
      const reply = await stranger.open(ticket)
      expect(reply.status).toBe(403)
      expect(await standing(stranger, there)).toEqual(outside)
      // It is spent by whoever brings it; the browser that began simply begins again.
      expect((await visitor.open(ticket)).status).toBe(403)
      expect((await visitor.browse(there)).status).toBe(200)
    })

    test('rule 28 hosts: on another host it is nothing', async () => {
      const { visitor, ticket } = await withTicket()
      const moved = ticket.replace('other.test', 'third.test')
      for (const { name, value } of bindingOf(visitor)) {
        visitor.jar.set(new URL('https://third.test/'), name, value)
      }
      expect((await visitor.open(moved)).status).toBe(403)
      expect(await standing(visitor, 'https://third.test/')).toEqual(outside)
    })

    function bindingOf(visitor: Visitor): { name: string; value: string }[] {
      const pairs = (visitor.jar.header(new URL(there)) ?? '').split('; ')
      return pairs.map((pair) => {
        const [name = '', value = ''] = pair.split('=')
        return { name, value }
      })
    }

    test.each(['', 'x', '%00', 'A'.repeat(3000)])(
      'rule 28 hosts: what is no ticket is 403: %j',
      async (text) => {
        const visitor = gate.visitor()
        await visitor.open(there)
        const reply = await visitor.open(`https://other.test/.curfew/session?ticket=${text}`)
        expect(reply.status).toBe(403)
        expect(cookieLine(reply.setCookies)).toBe('')
      },
    )

    test('rule 28 hosts: a changed one is 403, whichever part was changed', async () => {
      const { visitor, ticket } = await withTicket()
      const start = ticket.indexOf('ticket=') + 'ticket='.length
      for (let at = start; at < ticket.length; at += 17) {
        const other = ticket[at] === 'B' ? 'C' : 'B'
        const reply = await visitor.open(ticket.slice(0, at) + other + ticket.slice(at + 1))
        expect(reply.status, ticket.slice(start, at)).toBe(403)
      }
    })

    test('rule 28 hosts: of a session that has ended it is a sign-in, and no cookie', async () => {
      const { visitor, ticket } = await withTicket()
      const own: HeaderPairs = [...navigation, ['Sec-Fetch-Site', 'none']]
      await visitor.send(`${gate.curfew.issuer}/signout`, { headers: own })
      const reply = await visitor.open(ticket)
      expect(cookieLine(reply.setCookies)).toBe('')
      expect(await standing(visitor, there)).toEqual(outside)
    })

    test('rule 27 return: a binding of somebody else’s leads to the host, and signs nobody in', async () => {
      // A victim is sent to /login with the attacker's binding: the ticket does not open for either.
      const attacker = gate.visitor()
      const login = (await attacker.open(there)).headers['location'] ?? ''
      const victim = await signedIn(gate, a)
      const ticket = (await victim.open(login)).headers['location'] ?? ''
      expect(ticket).toContain('/.curfew/session?ticket=')
      expect((await victim.open(ticket)).status).toBe(403)
      expect(await standing(victim, there)).toEqual(outside)
    })

    test('rule 28 hosts: it is good for thirty seconds', async () => {
      const { visitor, ticket } = await withTicket()
      await gate.curfew.advanceClock(30_000)
      const reply = await visitor.open(ticket)
      expect(reply.status).toBe(403)
      expect(cookieLine(reply.setCookies)).toBe('')
    })
  })
})

describe('with a domain', () => {
  let gate: Gate
  beforeAll(async () => {
    const gateway = { rules, cookie: { domain: 'example.com' } }
    gate = await openGate({ config: { server, gateway } })
  })
  afterAll(() => gate?.close())

  test('rule 28 hosts: scenario S11: its hosts share the cookie, without tickets; others get their own', async () => {
    const visitor = gate.visitor()
    const callback = await visitor.begin(a)
    const { setCookies } = await visitor.open(callback)
    expect(cookieLine(setCookies)).toMatch(/^__Secure-curfew=.*; Domain=example\.com/)
    expect(await standing(visitor, a)).toEqual(inside)
    expect(await standing(visitor, b)).toEqual(inside)
    const codes = gate.provider.counts.code
    expect(await standing(visitor, other)).toEqual(outside)
    expect((await visitor.browse(other)).status).toBe(200)
    expect(gate.provider.counts.code).toBe(codes)
    expect(visitor.trail.some((address) => address.startsWith(`${other}.curfew/session`))).toBe(
      true,
    )
  })

  test('rule 28 hosts: a cookie of the name that ties it to one host is not ours here', async () => {
    const visitor = await signedIn(gate, a)
    const cookie = visitor.jar.value(new URL(a), '__Secure-curfew') ?? ''
    const other = gate.visitor()
    other.jar.set(new URL(a), '__Host-curfew', cookie)
    expect(await standing(other, a)).toEqual(outside)
    other.jar.set(new URL(a), '__Secure-curfew', cookie)
    expect(await standing(other, a)).toEqual(inside)
  })
})
