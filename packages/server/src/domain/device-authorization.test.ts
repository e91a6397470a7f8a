import { describe, expect, test } from 'vitest'
import {
  type DeviceAuthorization,
  type DeviceState,
  decisionRefusal,
  deviceStanding,
  deviceStates,
  redeemRefusal,
  scanRefusal,
} from './device-authorization.ts'
import type { ClientId, SessionId, Uid } from './ids.ts'
import type { Instant } from './time.ts'

const phone = 'phone' as SessionId
const other = 'other' as SessionId
const before = 599_999 as Instant
const after = 600_000 as Instant

function rowOf(state: DeviceState): DeviceAuthorization {
  return {
    ...{ id: 'row', clientId: 'tv' as ClientId, scope: '', resources: [], ip: null },
    ...{ userAgent: null, requestedAt: 0 as Instant, expiresAt: after, state },
    scanner: state === 'pending' ? null : { sid: phone, uid: 'alice' as Uid },
    fence: state === 'approved' || state === 'consumed' ? 1 : null,
  }
}

/** `state | what the screen sees | scan by the scanner | scan by another | a refused decision | by another | a poll`. */
const table = [
  'pending  | pending  | of-another-session | of-another-session | not-scanned  | not-scanned        | authorization_pending',
  'scanned  | scanned  | again              | of-another-session | caller-ended | of-another-session | authorization_pending',
  'approved | approved | decided            | of-another-session | decided      | of-another-session | redeem',
  'denied   | denied   | decided            | of-another-session | decided      | of-another-session | access_denied',
  'consumed | approved | decided            | of-another-session | decided      | of-another-session | invalid_grant',
]

test.each(table)('rule 31 approval: why a move was not made: %s', (line) => {
  const [state = '', ...expected] = line.split('|').map((part) => part.trim())
  const row = rowOf(state as DeviceState)
  expect([
    deviceStanding(row, before),
    scanRefusal(row, phone, before) ?? 'again',
    scanRefusal(row, other, before),
    decisionRefusal(row, phone, before),
    decisionRefusal(row, other, before),
    redeemRefusal(row, { now: before, hurried: false }) ?? 'redeem',
  ]).toEqual(expected)
})

describe.each(deviceStates)('once it has run out, %s', (state) => {
  const row = rowOf(state)

  test('nobody scans or decides', () => {
    expect(scanRefusal(row, phone, after)).toBe('unknown')
    expect(decisionRefusal(row, phone, after)).toBe('unknown')
  })

  test('and nothing is redeemed', () => {
    const refusals = { denied: 'access_denied', consumed: 'invalid_grant' }
    const refusal = state === 'denied' || state === 'consumed' ? refusals[state] : 'expired_token'
    expect(redeemRefusal(row, { now: after, hurried: false })).toBe(refusal)
  })

  test('and the screen is told', () => {
    const standings = { denied: 'denied', consumed: 'approved' }
    const standing = state === 'denied' || state === 'consumed' ? standings[state] : 'expired'
    expect(deviceStanding(row, after)).toBe(standing)
  })
})

test('hurry is held against those alone who would have to wait anyway', () => {
  const polls = deviceStates.map((state) =>
    redeemRefusal(rowOf(state), { now: before, hurried: true }),
  )
  const late = ['slow_down', 'slow_down', undefined, 'access_denied', 'invalid_grant']
  expect(polls).toEqual(late)
})

test('what does not exist is unknown to all', () => {
  expect(scanRefusal(undefined, phone, before)).toBe('unknown')
  expect(decisionRefusal(undefined, phone, before)).toBe('unknown')
  expect(redeemRefusal(undefined, { now: before, hurried: false })).toBe('invalid_grant')
})
