import fc from 'fast-check'
import { expect, test } from 'vitest'
import { otherSid, settings, sid } from '#test/gateway/requests.ts'
import { compileHeaders, renderHeaders } from './headers.ts'
import { answerOf, headersFor, type PreparedAnswer, PreparedAnswers } from './prepared.ts'
import { RuleBook } from './rules.ts'
import { noValues } from './templates.ts'

const book = new RuleBook(settings())
const answer: PreparedAnswer = {
  ...{ place: 0, origin: 'https://a', nginx: false, goodUntil: 10, headers: [], slots: [] },
  ...{ cookies: '', cookiesMax: 0, values: noValues, bytes: 100 },
}

function entry(token: string, own = sid, version = 1) {
  return { token, sid: own, version, epoch: 'a', book, touchAt: 0 }
}

test('a new version of the session leaves no answer of the old one', () => {
  const cache = new PreparedAnswers({ entriesMax: 10, bytesMax: 1e6 })
  cache.put(entry('t'), answer)
  cache.put(entry('t'), { ...answer, place: 1 })
  expect(cache.find('t')?.answers).toHaveLength(2)
  cache.put(entry('t', sid, 2), answer)
  expect(cache.find('t')?.answers).toHaveLength(1)
})

test('an answer holds before its time is over, for its own rule, application and proxy', () => {
  const cache = new PreparedAnswers({ entriesMax: 10, bytesMax: 1e6 })
  const held = { ...entry('t'), answers: [answer] }
  expect(answerOf(held, answer, 9)).toBe(answer)
  expect(answerOf(held, answer, 10)).toBeUndefined()
  expect(answerOf(held, { ...answer, nginx: true }, 9)).toBeUndefined()
  expect(answerOf(held, { ...answer, origin: 'https://b' }, 9)).toBeUndefined()
  expect(cache.size).toBe(0)
})

test('H03: cookies are rendered anew when they change, and longer ones than were weighed are not kept', () => {
  const compiled = compileHeaders([{ name: 'Cookie', template: '{{ cookies }}' }])
  const { flat, slots } = renderHeaders(compiled, { ...noValues, cookies: 'a=1' })
  const held = { ...answer, headers: flat, cookies: 'a=1', cookiesMax: 3, slots }
  expect(headersFor(held, 'a=1')).toBe(flat)
  expect(headersFor(held, 'a=2')).toEqual(['Cookie', 'a=2'])
  expect(headersFor(held, 'a=2')).toBe(held.headers)
  expect(headersFor(held, '')).toEqual(['Cookie', ''])
  expect(headersFor(held, 'b=3')).toBe(held.headers)
  expect(headersFor(held, 'a=12')).toEqual(['Cookie', 'a=12'])
  expect(held).toMatchObject({ headers: ['Cookie', 'b=3'], cookies: 'b=3' })
})

test('forgetting a session forgets all of its tokens, and no others', () => {
  const cache = new PreparedAnswers({ entriesMax: 10, bytesMax: 1e6 })
  for (const token of ['a', 'b']) cache.put(entry(token), answer)
  cache.put(entry('c', otherSid), answer)
  cache.forget(sid)
  expect(['a', 'b', 'c'].map((token) => cache.find(token) !== undefined)).toEqual([
    ...[false, false, true],
  ])
})

test('what is used stays when what is not used goes', () => {
  const cache = new PreparedAnswers({ entriesMax: 8, bytesMax: 1e6 })
  cache.put(entry('used'), answer)
  for (let index = 0; index < 50; index++) {
    cache.put(entry(String(index)), answer)
    expect(cache.find('used')).toBeDefined()
  }
})

test('neither entries nor bytes ever pass their limits, and nothing is weighed twice', () => {
  const step = fc.record({
    act: fc.constantFrom('put', 'put', 'put', 'find', 'forget', 'clear'),
    token: fc.constantFrom(...'abcdefghijklmno'),
    own: fc.constantFrom(sid, otherSid),
    bytes: fc.nat(3000),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const cache = new PreparedAnswers({ entriesMax: 6, bytesMax: 10_000 })
      for (const { act, token, own, bytes } of steps) {
        if (act === 'put') cache.put(entry(token, own), { ...answer, bytes })
        else if (act === 'find') cache.find(token)
        else if (act === 'forget') cache.forget(own)
        else cache.clear()
        expect(cache.size).toBeLessThanOrEqual(6)
        expect(cache.bytes).toBeLessThanOrEqual(10_000)
        expect(cache.bytes > 0).toBe(cache.size > 0)
      }
      for (const own of [sid, otherSid]) cache.forget(own)
      expect({ size: cache.size, bytes: cache.bytes }).toEqual({ size: 0, bytes: 0 })
    }),
  )
})
