/* What a sibling of the public host may plant in a browser, and how much a browser may come to carry. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Gate, openGate } from './gate.ts'

const publicUrl = 'https://auth.example.com'
const application = 'https://app.example.com'
const sibling = new URL('https://blog.example.com')

let gate: Gate
beforeAll(async () => {
  gate = await openGate({
    config: {
      server: { publicUrl },
      gateway: { rules: [{ hosts: ['app.example.com'], require: 'session' }] },
    },
  })
})
afterAll(() => gate?.close())

test('C9: a sign-in that somebody else began cannot be planted by a sibling host', async () => {
  const attacker = gate.visitor()
  gate.provider.subject = 'mallory'
  const callback = new URL(await attacker.begin(`${application}/`))
  const cookies = (attacker.jar.header(callback) ?? '').split('; ')
  expect(cookies.length).toBeGreaterThan(0)

  const victim = gate.visitor()
  const planted = cookies.map((pair) => `${pair}; Domain=example.com; Path=/; Secure`)
  victim.jar.take(sibling, planted)
  const reply = await victim.open(callback.href)
  expect(reply.status).toBe(400)
  expect(victim.jar.value(new URL(publicUrl), '__Host-curfew')).toBeUndefined()

  // Whoever began it finishes it.
  gate.provider.subject = 'alice'
  expect((await attacker.open(callback.href)).status).toBe(302)
})

test('C15: tabs with long addresses do not make the callback larger than proxies take', async () => {
  const visitor = gate.visitor()
  const callbacks: string[] = []
  for (let tab = 0; tab < 6; tab++) {
    callbacks.push(await visitor.begin(`${application}/tab-${tab}?q=${'x'.repeat(1900)}`))
  }
  const newest = callbacks.at(-1) ?? ''
  // A line of headers may have 8 KB at nginx and Apache.
  expect(visitor.jar.header(new URL(newest))?.length).toBeLessThan(8000)
  expect((await visitor.browse(newest)).status).toBe(200)
  expect(visitor.trail.at(-1)).toMatch(/^https:\/\/app\.example\.com\/tab-5\?q=xxx/)
})

test('an address too long for a cookie is signed in for all the same, at the start of its host', async () => {
  const visitor = gate.visitor()
  const login = new URL(`${publicUrl}/login`)
  login.searchParams.set('return_to', `${application}/page?q=${'x'.repeat(6000)}`)
  const begun = await visitor.open(login.href)
  for (const line of begun.setCookies) expect(line.length).toBeLessThan(4096)
  const callback = gate.provider.authorize(begun.headers['location'] ?? '')
  expect((await visitor.browse(callback.href)).status).toBe(200)
  expect(visitor.trail.at(-1)).toBe(`${application}/`)
})
