/* Any page that somebody in an office opens sends what it likes from the office's address. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Gate, openGate } from './gate.ts'
import type { HeaderPairs } from './wire.ts'

const burst = 5

let gate: Gate
beforeAll(async () => {
  gate = await openGate({ config: { limits: { signIns: { rate: '10/h', burst } } } })
})
afterAll(() => gate?.close())

const image: HeaderPairs = [
  ['Sec-Fetch-Site', 'cross-site'],
  ['Sec-Fetch-Mode', 'no-cors'],
  ['Sec-Fetch-Dest', 'image'],
]
const frame: HeaderPairs = [
  ['Sec-Fetch-Site', 'cross-site'],
  ['Sec-Fetch-Mode', 'navigate'],
  ['Sec-Fetch-Dest', 'iframe'],
]

test.each([
  ['images of /login', '/login', image],
  ['images of the callback', '/oidc/callback?code=x&state=y', image],
  ['frames of /login', '/login', frame],
  ['frames that log nobody out', '/oidc/frontchannel-logout?iss=ISSUER&sid=x', frame],
])('rule 37 limits: %s use up nobody’s sign-ins', async (_what, path, headers) => {
  const { issuer } = gate.curfew
  const address = issuer + path.replace('ISSUER', encodeURIComponent(gate.provider.issuer))
  const visitor = gate.visitor()
  for (let at = 0; at < 2 * burst; at++) await visitor.send(address, { headers })
  expect((await visitor.open(`${issuer}/login`)).status).toBe(302)
})

test('what is no visit begins no sign-in', async () => {
  const reply = await gate.visitor().send(`${gate.curfew.issuer}/login`, { headers: image })
  expect(reply.status).toBe(403)
  expect(reply.setCookies).toEqual([])
})
