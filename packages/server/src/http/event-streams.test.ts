import { describe, expect, test } from 'vitest'
import { EventStreams } from './event-streams.ts'
import type { Word } from './fellows.ts'

const limits = { eventStreams: 4, eventStreamsPerCaller: 2 }

describe('rule 37 limits: event streams', () => {
  test('so many for one caller, so many in all, and a closed one makes room', () => {
    const streams = new EventStreams(limits)
    const first = streams.open('a')
    streams.open('a')
    expect(streams.open('a')).toBe('eventStreamsPerCaller')
    streams.open('b')
    streams.open('b')
    expect(streams.open('c')).toBe('eventStreams')
    if (typeof first !== 'string') first.close()
    expect(streams.open('c')).toBeTypeOf('object')
    expect(streams.size).toBe(4)
  })

  test('those at other workers count, until they close or their worker ends', () => {
    const streams = new EventStreams(limits)
    streams.heard(7, 'a', 2)
    expect(streams.open('a')).toBe('eventStreamsPerCaller')
    streams.heard(7, 'a', 1)
    expect(streams.open('a')).toBeTypeOf('object')
    streams.heard(8, 'b', 2)
    expect(streams.open('c')).toBe('eventStreams')
    streams.forget(8)
    expect(streams.open('c')).toBeTypeOf('object')
    // A metric of this process: the others count their own.
    expect(streams.size).toBe(2)
  })

  test('others are told how many a caller has here', () => {
    const told: Word[] = []
    const streams = new EventStreams(limits, (word) => told.push(word))
    const one = streams.open('a')
    streams.open('a')
    if (typeof one !== 'string') one.close()
    expect(told).toEqual([1, 2, 1].map((open) => ({ kind: 'streams', caller: 'a', open })))
  })
})
