import { expect, test } from 'vitest'
import { EventStreamParser, eventCharsMax } from './event-stream-parser.ts'

const text = `retry: 1000

: a comment
id: e1.1
data: one

id: e1.2\r
event: reset\r
data: two\r
data:three\r
\r
unknown: x
data

id: e1.3

data: four\rid: e1.4\r\r`

const events = [
  { id: 'e1.1', event: 'message', data: 'one' },
  { id: 'e1.2', event: 'reset', data: 'two\nthree' },
  { id: 'e1.2', event: 'message', data: '' },
  { id: 'e1.4', event: 'message', data: 'four' },
]

test('events are the same however the text is cut', () => {
  for (let size = 1; size <= text.length; size++) {
    const parser = new EventStreamParser()
    const seen: unknown[] = []
    for (let at = 0; at < text.length; at += size)
      seen.push(...parser.take(text.slice(at, at + size)))
    // The last return could be half of a line's end; what follows shows that it was whole.
    seen.push(...parser.take(':'))
    expect(seen).toEqual(events)
  }
})

test('an event that is too long is refused, in one line or in many', () => {
  expect(() => new EventStreamParser().take('x'.repeat(eventCharsMax + 1))).toThrow(RangeError)
  const parser = new EventStreamParser()
  const endless = (): void => {
    for (let n = 0; n < 1000; n++) parser.take(`data: ${'x'.repeat(100)}\n`)
  }
  expect(endless).toThrow(RangeError)
})
