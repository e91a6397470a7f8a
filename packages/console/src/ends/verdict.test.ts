import { expect, test } from 'vitest'
import type { Followers, Replica, VerifierSeen } from '../api/shapes.ts'
import { verdictOf } from './verdict.ts'

const verifier = (parts: Partial<VerifierSeen>): VerifierSeen => ({
  ...{ client_id: 'satellite', address: '192.0.2.1', user_agent: null, via: 'stream' as const },
  ...{ cursor: 'e1.9', behind: 0, seen_at: 1_000 },
  ...parts,
})
const replica = (parts: Partial<Replica>): Replica => ({
  ...{ id: 'r1', host: 'auth-1', pid: 1, worker: null, version: '1', started_at: 0 },
  ...{ seen_at: 1_000, cursor: 'e1.9', behind: 0, lag_ms: 3, ready: true, streams: 1 },
  ...parts,
})
const followers = (verifiers: VerifierSeen[], replicas = [replica({})]): Followers => ({
  ...{ head: 'e1.9', now: 1_010 },
  ...{ verifiers, replicas },
})

test('all are current', () => {
  const verdict = verdictOf(followers([verifier({}), verifier({ client_id: 'other' })]))
  expect(verdict).toEqual({ tone: 'good', title: 'All 2 verifiers are current', late: [] })
})

test('who is behind is named, with the ends that it has not read', () => {
  const verdict = verdictOf(followers([verifier({}), verifier({ client_id: 'slow', behind: 12 })]))
  expect(verdict).toMatchObject({ tone: 'warning', title: 'slow is 12 ends behind' })
})

test('one that has gone silent is worse, and the others are counted', () => {
  const late = [verifier({ client_id: 'gone', seen_at: 800 }), verifier({ behind: 1 })]
  expect(verdictOf(followers(late))).toMatchObject({
    tone: 'bad',
    title: 'gone has gone silent and 1 more',
  })
})

test('a replica that is not ready counts too', () => {
  const verdict = verdictOf(followers([verifier({})], [replica({ ready: false })]))
  expect(verdict).toMatchObject({ tone: 'bad', title: 'auth-1 is not ready' })
})

test('what is not known is not called good', () => {
  expect(verdictOf(followers([verifier({ behind: null })])).tone).toBe('quiet')
  expect(verdictOf(followers([])).title).toBe('No verifier reads the feed')
})
