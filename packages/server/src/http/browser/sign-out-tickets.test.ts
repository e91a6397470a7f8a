import { expect, test } from 'vitest'
import { instant, Secret } from '#domain'
import { sidOf } from '../testing.ts'
import { SignOutTickets } from './sign-out-tickets.ts'

const state = { nowMs: 1_800_000_000_000 }
const seal: ConstructorParameters<typeof SignOutTickets>[0] = {
  seal: (_purpose, [what], plain) => Buffer.from(`${what} ${plain.reveal()}`).toString('base64url'),
  unseal: (_purpose, [what], sealed) => {
    const text = Buffer.from(sealed, 'base64url').toString()
    const head = `${what} `
    return text.startsWith(head)
      ? { kind: 'opened', plaintext: new Secret(text.slice(head.length)) }
      : { kind: 'unreadable' }
  },
}
const tickets = new SignOutTickets(seal, { now: () => instant(state.nowMs) })

test('a ticket names its session for ten minutes', () => {
  const ticket = tickets.issue(sidOf(1))
  state.nowMs += 599_999
  expect(tickets.read(ticket)).toBe(sidOf(1))
  state.nowMs += 1
  expect(tickets.read(ticket)).toBeUndefined()
})

test('what comes back from the provider is no ticket, and a ticket is nothing that comes back', () => {
  const after = { returnTo: 'https://app.example.com/', app: null, client: null, uiLocales: 'de' }
  expect(tickets.after(tickets.state(after))).toEqual(after)
  expect(tickets.read(tickets.state(after))).toBeUndefined()
  const none = { returnTo: null, app: null, client: null, uiLocales: null }
  expect(tickets.after(tickets.issue(sidOf(1)))).toEqual(none)
  expect(tickets.after(undefined)).toEqual(none)
  expect(tickets.after('garbage')).toEqual(none)
})
