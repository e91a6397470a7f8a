import { ErrorReply } from '@redis/client'
import { expect, test } from 'vitest'
import { parseSlots, redirection } from './redis-slots.ts'
import { RedisUnavailable } from './redis-unavailable.ts'

test('the answer to CLUSTER SLOTS: ranges with their master, whose host may be missing', () => {
  const replica = ['10.0.0.9', 6379, 'id', []]
  const reply = [
    [0, 5460, ['10.0.0.1', 6379, 'id', []], replica],
    [5461, 16_383, [null, 6380, 'id']],
  ]
  expect(parseSlots(reply)).toEqual([
    { from: 0, to: 5460, host: '10.0.0.1', port: 6379 },
    { from: 5461, to: 16_383, host: '', port: 6380 },
  ])
})

test.each([
  ['no list', 'OK', /is no list/],
  ['a cluster without slots', [], /no slot to any node/],
  ['a slot beyond the last', [[0, 16_384, ['h', 1]]], /cannot be read/],
  ['no port', [[0, 1, ['h']]], /cannot be read/],
  ['no master', [[0, 1]], /cannot be read/],
  ['an entry that is none', [7], /cannot be read/],
])('%s is refused', (_what, reply, why) => {
  expect(() => parseSlots(reply)).toThrow(why)
})

test('only MOVED and ASK send us elsewhere', () => {
  const refused = (message: string) =>
    new RedisUnavailable('refused', { cause: new ErrorReply(message) })
  expect(redirection(refused('MOVED 3999 127.0.0.1:6381'))).toEqual({
    kind: 'MOVED',
    slot: 3999,
    to: '127.0.0.1:6381',
  })
  expect(redirection(refused('ASK 1 [::1]:6381'))).toMatchObject({ kind: 'ASK', to: '[::1]:6381' })
  for (const message of ['MOVED', 'MOVED x 127.0.0.1:1', 'ERR MOVED 1 h:1', 'CLUSTERDOWN']) {
    expect(redirection(refused(message))).toBeUndefined()
  }
  expect(redirection(new RedisUnavailable('timeout'))).toBeUndefined()
  expect(redirection(new ErrorReply('MOVED 1 h:1'))).toBeUndefined()
})
