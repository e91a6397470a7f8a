import { describe, expect, test } from 'vitest'
import type { RecordedEnd } from '#authority'
import { type Epoch, type EpochSeconds, reason, type TokenId, type Uid } from '#domain'
import { t0 } from '#test/domain/sessions.ts'
import { sidOf } from '#test/feed/scripted-store.ts'
import { settled } from '../../../verifier/test/scripted-timing.ts'
import { EndsPush, pushMessage } from './push.ts'

function ended(seq: number, jti: string | null = `t${seq}`): RecordedEnd {
  return {
    sid: sidOf(seq),
    uid: 'alice' as Uid,
    end: { at: t0, reason: reason('userLogout'), by: 'alice' as Uid, seq },
    epoch: 'eaaa' as Epoch,
    jti: jti as TokenId | null,
    exp: 1_767_225_600 as EpochSeconds,
  }
}

function setUp(pushQueueMax?: number) {
  const told: string[] = []
  const counts = { published: 0, failed: 0, dropped: 0 }
  const channel = { answer: (): Promise<void> => Promise.resolve() }
  const push = new EndsPush({
    publish: (message) => {
      told.push(message)
      return channel.answer()
    },
    signals: {
      published: () => void counts.published++,
      failed: () => void counts.failed++,
      dropped: () => void counts.dropped++,
    },
    ...(pushQueueMax === undefined ? {} : { pushQueueMax }),
  })
  const seqs = () => told.map((message) => (JSON.parse(message) as { seq: number }).seq)
  return { push, told, counts, channel, seqs }
}

describe('EndsPush', () => {
  test('a message is the entry of the feed with its position, and nothing else', () => {
    expect(JSON.parse(pushMessage(ended(7)))).toEqual({
      epoch: 'eaaa',
      seq: 7,
      jti: 't7',
      sid: sidOf(7),
      exp: 1_767_225_600,
    })
    expect(JSON.parse(pushMessage(ended(8, null)))).toMatchObject({ jti: null })
  })

  test('tells every end once, in their order', async () => {
    const { push, counts, seqs } = setUp()
    const expected = Array.from({ length: 250 }, (_, n) => n + 1)
    for (const seq of expected) push.push(ended(seq))
    await push.idle()
    expect(seqs()).toEqual(expected)
    expect(counts).toEqual({ published: 250, failed: 0, dropped: 0 })
    push.push(ended(251))
    await push.idle()
    expect(seqs().at(-1)).toBe(251)
  })

  test('what fails is counted and not tried again, and the next one is told', async () => {
    const { push, counts, channel, seqs } = setUp()
    channel.answer = () => Promise.reject(new Error('away'))
    push.push(ended(1))
    await push.idle()
    channel.answer = () => Promise.resolve()
    push.push(ended(2))
    await push.idle()
    expect(seqs()).toEqual([1, 2])
    expect(counts).toEqual({ published: 1, failed: 1, dropped: 0 })
  })

  test('rule 35 stale: a channel that never answers holds up nobody, and the queue has an end', async () => {
    const { push, counts, channel, told } = setUp(3)
    channel.answer = () => new Promise(() => undefined)
    push.push(ended(1))
    await settled()
    for (let seq = 2; seq <= 9; seq++) push.push(ended(seq))
    await settled()
    expect(told.length).toBe(1)
    expect([push.waiting, counts.dropped]).toEqual([3, 5])
  })
})
