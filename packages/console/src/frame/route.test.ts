import { expect, test } from 'vitest'
import { formatRoute, parseRoute, userRoute } from './route.ts'

test('a uid of any letters survives the way through the address', () => {
  for (const uid of ['main:8f3c', 'a/b?c#d', 'ü %', 'client:x']) {
    expect(parseRoute(userRoute(uid))).toMatchObject({ view: 'users', uid })
  }
})

test('parameters come back, and an unknown view is the first one', () => {
  const route = parseRoute(formatRoute('sessions', { search: 'a&b' }))
  expect(route.params.get('search')).toBe('a&b')
  expect(parseRoute('').view).toBe('sessions')
  expect(parseRoute('#/nonsense').view).toBe('sessions')
  expect(parseRoute('#/users/%E0%A4%A').uid).toBeNull()
})
