/* A ticket that was made for somebody else: the person is led to /login with another browser's binding. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { app, elsewhere, type Gate, openGate } from './gate.ts'

let gate: Gate
beforeAll(async () => {
  gate = await openGate()
})
afterAll(() => gate?.close())

test('rule 28 hosts: what a person was led to fetch for another browser is spent when it is refused', async () => {
  const victim = gate.visitor()
  expect((await victim.browse(`${app}/`)).status).toBe(200)
  const attacker = gate.visitor()
  const login = (await attacker.open(`${elsewhere}/page`)).headers['location'] ?? ''
  const ticket = (await victim.open(login)).headers['location'] ?? ''
  expect(ticket).toContain('/.curfew/session?ticket=')
  expect((await victim.open(ticket)).status).toBe(403)
  // Now it stands in the proxy's log and in the browser's history.
  const reply = await attacker.open(ticket)
  expect(reply.status).toBe(403)
  expect(reply.setCookies).toEqual([])
  expect((await attacker.open(`${elsewhere}/`)).status).toBe(302)
})
