import { afterAll, beforeAll, expect, test } from 'vitest'
import { app, elsewhere, type Gate, openGate } from './gate.ts'

let gate: Gate
beforeAll(async () => {
  gate = await openGate()
})
afterAll(() => gate?.close())

test('a person signs in and is led to the very page, path and query as they were asked for', async () => {
  const visitor = gate.visitor()
  const reply = await visitor.browse(`${app}/a%20b?x=1&y=%2F`)
  expect(reply.status).toBe(200)
  expect(reply.headers['x-auth-request-user']).toBe('main:alice')
  expect(visitor.trail.at(-1)).toBe(`${app}/a%20b?x=1&y=%2F`)
})

test('rule 28 hosts: a host that the cookie does not reach is handed the same session', async () => {
  const visitor = gate.visitor()
  const reply = await visitor.browse(`${elsewhere}/page?x=1`)
  expect(reply.status).toBe(200)
  const ticket = visitor.trail.find((address) => address.includes('/.curfew/session?ticket='))
  expect(ticket).toContain(elsewhere)
  // The first application needs no second sign-in, and both have one session.
  const grants = gate.provider.counts.code
  expect((await visitor.browse(`${app}/`)).status).toBe(200)
  expect(gate.provider.counts.code).toBe(grants)
  expect(visitor.jar.value(new URL(elsewhere), 'curfew')).toBe(
    visitor.jar.value(new URL(app), 'curfew'),
  )
})
