import { expect, test } from 'vitest'
import { type ClientId, Secret } from '#domain'
import { createClientSecrets } from './client-secrets.ts'

const backend = 'backend' as ClientId
const mobile = 'mobile' as ClientId
const secrets = createClientSecrets([
  { id: backend, secrets: [new Secret('new one'), new Secret('old one')] },
  { id: mobile, secrets: [] },
])

test('rule 18 clients: two secrets of a client are good at the same time', () => {
  expect(secrets.matches(backend, new Secret('new one'))).toBe(true)
  expect(secrets.matches(backend, new Secret('old one'))).toBe(true)
})

test.each(['', 'new on', 'new one ', 'NEW ONE', 'new oneold one'])(
  'rule 18 clients: %j is not the secret',
  (text) => {
    expect(secrets.matches(backend, new Secret(text))).toBe(false)
  },
)

test('rule 18 clients: an unknown client and one without secret match nothing', () => {
  for (const text of ['', 'new one']) {
    expect(secrets.matches('nobody' as ClientId, new Secret(text))).toBe(false)
    expect(secrets.matches(mobile, new Secret(text))).toBe(false)
  }
})

test('a third secret and an empty one are refused', () => {
  const three = ['a', 'b', 'c'].map((text) => new Secret(text))
  expect(() => createClientSecrets([{ id: backend, secrets: three }])).toThrow('more than 2')
  expect(() => createClientSecrets([{ id: backend, secrets: [new Secret('')] }])).toThrow('empty')
})
