/* How often a stranger may begin: by address, which nobody forges. Scenarios Q and L11. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Gate, openGate } from './gate.ts'
import { asTraefik, navigation } from './visitor.ts'
import { type HeaderPairs, type Reply, sendRaw } from './wire.ts'

const proxy = '127.0.0.2'
const burst = 5

let gate: Gate
beforeAll(async () => {
  gate = await openGate({
    config: {
      server: { trustedProxies: [`${proxy}/32`] },
      limits: { signIns: { rate: '10/h', burst } },
    },
  })
})
afterAll(() => gate?.close())

function login(from: string, headers: HeaderPairs = [], path = '/login?return_to=/') {
  const url = new URL(gate.curfew.url + path)
  return sendRaw(url, { method: 'GET', from, headers: [...navigation, ...headers] })
}

async function statuses(count: number, ask: (at: number) => Promise<Reply>): Promise<number[]> {
  const found: number[] = []
  for (let at = 0; at < count; at++) found.push((await ask(at)).status)
  return found
}

const allowed = Array.from({ length: burst }, () => 302)

test('rule 37 limits: scenarios Q01, Q03: a stranger has a burst of sign-ins, whatever it says of its address', async () => {
  const found = await statuses(burst + 3, (at) =>
    login('127.0.0.3', [['X-Forwarded-For', `203.0.113.${at}`]]),
  )
  expect(found).toEqual([...allowed, 429, 429, 429])
  const refused = await login('127.0.0.3')
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
  // Whatever part of a sign-in it is.
  expect((await login('127.0.0.3', [], '/oidc/callback?state=x&code=y')).status).toBe(429)
})

test('rule 37 limits: scenario Q02: behind the proxy each address has its own, and nobody else’s is used up', async () => {
  const behind = (address: string): HeaderPairs => [['X-Forwarded-For', address]]
  const one = await statuses(burst + 1, () => login(proxy, behind('198.51.100.1')))
  expect(one).toEqual([...allowed, 429])
  expect((await login(proxy, behind('198.51.100.2'))).status).toBe(302)
  expect((await login('127.0.0.4')).status).toBe(302)
})

test('rule 37 limits: scenario Q03: an address that the client put before its own does not count', async () => {
  const found = await statuses(burst + 1, (at) =>
    login(proxy, [['X-Forwarded-For', `10.0.0.${at}, 198.51.100.9`]]),
  )
  expect(found).toEqual([...allowed, 429])
})

test('scenario L11: a stranger that describes a request as a proxy would is not believed', async () => {
  const url = new URL(`${gate.curfew.url}/forward-auth?mode=traefik`)
  const headers = [...asTraefik(new URL('http://127.0.0.1:8000/health')), ...navigation]
  expect((await sendRaw(url, { method: 'GET', headers, from: '127.0.0.5' })).status).toBe(403)
  expect((await sendRaw(url, { method: 'GET', headers, from: proxy })).status).toBe(200)
})

test('rule 37 limits: the limit is about sign-ins alone: forward auth is not slowed down', async () => {
  const url = new URL(`${gate.curfew.url}/forward-auth?mode=traefik`)
  const headers = [...asTraefik(new URL('http://127.0.0.1:8000/page')), ...navigation]
  const found = await statuses(50, () => sendRaw(url, { method: 'GET', headers, from: proxy }))
  expect(new Set(found)).toEqual(new Set([302]))
})
