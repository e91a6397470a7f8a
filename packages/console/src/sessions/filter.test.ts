import { expect, test } from 'vitest'
import { filterOf, matches, noFilter, paramsOf, withReason, withState } from './filter.ts'
import { sessionItem } from './testing.ts'

const live = sessionItem({ sid: '0198-a', uid: 'main:alice', ip: '192.0.2.7' })
const ended = { ...live, revoked_at: 200, revoked_reason: 'user_logout' }

test('a filter survives the way through the address', () => {
  const filter = { state: 'all', search: 'main:a', device: 'pc', reason: 'expired' } as const
  expect(filterOf(new URLSearchParams(paramsOf(filter)))).toEqual(filter)
  expect(filterOf(new URLSearchParams('state=nonsense'))).toEqual(noFilter)
})

test('state, device and reason are compared whole', () => {
  expect(matches(live, noFilter)).toBe(true)
  expect(matches(ended, noFilter)).toBe(false)
  expect(matches(ended, { ...noFilter, state: 'ended', reason: 'user_logout' })).toBe(true)
  expect(matches(ended, { ...noFilter, state: 'all', reason: 'expired' })).toBe(false)
  expect(matches(live, { ...noFilter, device: 'we' })).toBe(false)
})

test.each([
  ['main:al', true],
  ['alice', false],
  ['192.0.2.7', true],
  ['192.0.2', false],
  ['0198-A', true],
  ['  main:alice ', true],
])('a search for %j finds it: %s', (search, found) => {
  expect(matches(live, { ...noFilter, search })).toBe(found)
})

test('asking for a reason asks for ended sessions, and live ones have none', () => {
  const asked = withReason(noFilter, 'expired')
  expect(asked.state).toBe('ended')
  expect(withState(asked, 'live').reason).toBe('')
})
