import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compilePattern, type Step, stepMatches } from './path-pattern.ts'

type SegmentStep = Parameters<typeof stepMatches>[0]

function stepOf(pattern: string): SegmentStep {
  const [step] = compilePattern(`/${pattern}`)
  if (step === undefined || step.kind === 'any') throw new Error('not a step of one segment')
  return step
}

test('C15: a long segment that nearly matches costs no more than its length', () => {
  // Backtracking would try some 10^12 ways, on the one thread that answers everybody.
  const hyphens = '-'.repeat(15_000)
  expect(stepMatches(stepOf('*-*-*-*.json'), hyphens)).toBe(false)
  expect(stepMatches(stepOf('*-*-*-*.json'), `${hyphens}.json`)).toBe(true)
})

test.each([
  ['a*', 'a', true],
  ['*a', 'ba', true],
  ['a*a', 'a', false],
  ['a*a', 'aa', true],
  ['a*b*c', 'abc', true],
  ['a*b*c', 'acb', false],
  ['*.tar.gz', '.tar.gz', true],
  ['*.tar.gz', 'tar.gz', false],
  ['a.c*', 'abc', false],
  ['a**b', 'a-b', true],
])('%s takes the segment %s: %s', (pattern, segment, taken) => {
  expect(stepMatches(stepOf(pattern), segment)).toBe(taken)
})

test('a segment with stars matches what the plainest reading of it matches', () => {
  const letters = (...all: string[]) => fc.string({ unit: fc.constantFrom(...all), maxLength: 9 })
  const pattern = letters('a', 'b', '.', '*').filter((text) => text.includes('*'))
  fc.assert(
    fc.property(pattern, letters('a', 'b', '.'), (written, segment) => {
      const step: Step | undefined = compilePattern(`/x${written}`)[0]
      if (step === undefined || step.kind === 'any') throw new Error('x is no star')
      const whole = `x${segment}`
      expect(stepMatches(step, whole)).toBe(reads(`x${written}`, whole))
    }),
    { numRuns: 2000 },
  )
})

function reads(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  const [first, rest] = [pattern[0], pattern.slice(1)]
  if (first !== '*') return text[0] === first && reads(rest, text.slice(1))
  return reads(rest, text) || (text !== '' && reads(pattern, text.slice(1)))
}
