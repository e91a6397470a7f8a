import { expect, test } from 'vitest'
import { eventParser } from './event-parser.ts'

test('events are whole however the stream is cut', () => {
  const text = ': hello\n\nevent: session\ndata: {"a":1}\n\nevent: session\r\ndata: {"a":2}\r\n\r\n'
  for (let size = 1; size < 20; size++) {
    const parse = eventParser()
    const pieces = text.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? []
    const events = pieces.flatMap((piece) => parse(piece))
    expect(events.map((one) => `${one.event} ${one.data}`)).toEqual([
      'session {"a":1}',
      'session {"a":2}',
    ])
  }
})

test('a comment is no event, and an unfinished one waits', () => {
  const parse = eventParser()
  expect(parse(': still here\n\ndata: x')).toEqual([])
  expect(parse('\ndata: y\n\n')).toEqual([{ event: 'message', data: 'x\ny' }])
})
