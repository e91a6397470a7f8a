import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { KeyMissing, StoreUnavailable } from '#authority'
import type { KeyId } from '#domain'
import { problemOf } from './error-answers.ts'
import { OAuthError, oauthErrors } from './oauth-error.ts'
import { Problem, type ProblemCode, problemKinds } from './problems.ts'

const here = import.meta.dirname
const sources = [here, ...['routes', 'grants', 'browser'].map((folder) => join(here, folder))]
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  .filter(
    (path) =>
      /(?<!\.test)\.ts$/.test(path) && !/(?:problems|oauth-error|testing.*)\.ts$/.test(path),
  )
  .map((path) => readFileSync(path, 'utf8'))
  .join('\n')
const own = readFileSync(join(here, 'problems.ts'), 'utf8')
const reference = readFileSync(join(here, '../../../../docs/reference/errors.md'), 'utf8')

test('every code of the table is answered somewhere', () => {
  const raised = `${sources}\n${own.slice(own.indexOf('export function invalid'))}`
  for (const code of [...Object.keys(problemKinds), ...Object.keys(oauthErrors)]) {
    expect(raised, code).toContain(`'${code}'`)
  }
})

test('the reference lists all codes with their status, and no others', () => {
  const rows = [...reference.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \|/gm)].map(
    ([, code, status]) => [code, Number(status)],
  )
  const kinds = [...Object.entries(problemKinds), ...Object.entries(oauthErrors)]
  expect(rows).toEqual(kinds.map(([code, { status }]) => [code, status]))
})

test('each problem has the members of RFC 9457 and a code', () => {
  for (const code of Object.keys(problemKinds) as ProblemCode[]) {
    expect(new Problem(code).body()).toMatchObject({
      type: `urn:curfew:problem:${code}`,
      code,
      title: expect.any(String),
      status: problemKinds[code].status,
      detail: expect.any(String),
    })
  }
})

test('every 401 has a challenge, and every 429 and 503 a time to wait', () => {
  for (const [code, { status }] of Object.entries(problemKinds)) {
    const { headers } = new Problem(code as ProblemCode)
    if (status === 401) expect(headers).toHaveProperty('www-authenticate')
    if (status === 429 || status === 503) expect(headers).toHaveProperty('retry-after')
  }
  const { headers } = new OAuthError('invalid_client', { description: 'x' })
  expect(headers).toHaveProperty('www-authenticate')
})

test.each([
  [new StoreUnavailable(new Error('ECONNREFUSED 10.0.0.1')), 'unavailable'],
  [new KeyMissing('key1' as KeyId), 'key_missing'],
  [Object.assign(new Error('secret words'), { code: 'X', statusCode: 418 }), 'malformed_body'],
  [Object.assign(new Error('secret words'), { code: '23505' }), 'internal'],
  [new TypeError('secret words'), 'internal'],
  ['secret words', 'internal'],
])('an error becomes a problem that hides what it said: %s', (error, code) => {
  const problem = problemOf(error)
  expect(problem.code).toBe(code)
  expect(JSON.stringify(problem.body())).not.toMatch(/secret words|ECONN|10\.0/)
})
