import { expect, test } from 'vitest'
import { problemOf } from './problem.ts'

const none = { body: null, retryAfter: null, requestId: null }

test('an ended session says why and when', () => {
  const body = { title: 'The session has ended', revoked_reason: 'admin_revoke', revoked_at: 100 }
  expect(problemOf({ ...none, status: 401, body })).toMatchObject({
    ...{ kind: 'signed-out', reason: 'admin_revoke', at: 100 },
  })
})

test('limits and outages say when to come again', () => {
  expect(problemOf({ ...none, status: 429, retryAfter: '30' })).toMatchObject({
    ...{ kind: 'limited', retryAfterSeconds: 30 },
  })
  expect(problemOf({ ...none, status: 503 })).toMatchObject({
    ...{ kind: 'unavailable', retryAfterSeconds: 5 },
  })
})

test('a fault keeps the reference to quote, and an answer without a body is a problem all the same', () => {
  expect(
    problemOf({ ...none, status: 500, body: { title: 'Oh', reference: 'r-7' } }),
  ).toMatchObject({
    ...{ kind: 'other', title: 'Oh', reference: 'r-7' },
  })
  expect(problemOf({ ...none, status: 418 }).title).toBe('The server answered 418')
})
