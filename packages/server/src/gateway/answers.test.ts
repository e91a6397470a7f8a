import { describe, expect, test } from 'vitest'
import { instant, reason } from '#domain'
import { known, now, settings } from '#test/gateway/requests.ts'
import { type Answer, type Answerable, answerFor } from './answers.ts'
import { RuleBook } from './rules.ts'

const publicUrl = 'https://auth.example.com'
const rule = new RuleBook(settings()).lastResort
const end = { at: instant(now), reason: reason('adminRevoke'), by: null, seq: 1 }
const loginUrl = `${publicUrl}/login?return_to=x`

const verdicts: Readonly<Record<string, Answerable>> = {
  preflight: { kind: 'preflight', rule },
  'sign-in': { kind: 'sign-in', location: loginUrl },
  unauthenticated: { kind: 'unauthenticated', why: 'no_credential', end: null, loginUrl },
  forbidden: { kind: 'forbidden', why: 'condition', condition: 'roles', hint: 'rules[3]' },
  refused: { kind: 'refused', why: 'bad_host', hint: 'secret of the log' },
  unavailable: { kind: 'unavailable', retryAfterSeconds: 0.2 },
}

function answer(name: string, nginx = false): Answer {
  return answerFor(known(verdicts[name]), { nginx, publicUrl })
}

function header({ headers }: Answer, name: string): string | undefined {
  const at = headers.findIndex((text, index) => index % 2 === 0 && text === name)
  return at < 0 ? undefined : headers[at + 1]
}

describe('C23: only allow and preflight are 200', () => {
  test.each([
    ['preflight', 200, 200, 'allow'],
    ['sign-in', 302, 401, 'sign-in'],
    ['unauthenticated', 401, 401, 'unauthenticated'],
    ['forbidden', 403, 403, 'forbidden'],
    ['refused', 403, 403, 'forbidden'],
    ['unavailable', 503, 403, 'unavailable'],
  ])('%s is %i, to nginx %i with the verdict %s', (name, status, toNginx, word) => {
    expect(answer(name).status).toBe(status)
    expect(answer(name, true).status).toBe(toNginx)
    expect(header(answer(name, true), 'Curfew-Verdict')).toBe(word)
    expect(header(answer(name), 'Curfew-Verdict')).toBeUndefined()
  })

  test.each(Object.keys(verdicts))('scenario L15: %s is not stored by anybody', (name) => {
    expect(header(answer(name), 'Cache-Control')).toBe('no-store')
  })
})

test('a sign-in says where, to nginx too, and has no body', () => {
  for (const nginx of [false, true]) {
    expect(header(answer('sign-in', nginx), 'Location')).toBe(loginUrl)
    expect(answer('sign-in', nginx).body).toBe('')
  }
})

test('scenario A01: a 401 is problem JSON with a challenge and the way to sign in', () => {
  const answered = answer('unauthenticated')
  expect(header(answered, 'WWW-Authenticate')).toBe('Bearer')
  expect(header(answered, 'Content-Type')).toBe('application/problem+json')
  expect(JSON.parse(answered.body)).toMatchObject({
    ...{ type: 'urn:curfew:problem:unauthenticated', status: 401, login_url: loginUrl },
  })
})

test('an ended session says why and when', () => {
  const verdict = { kind: 'unauthenticated', why: 'session_ended', end, loginUrl } as const
  const answered = answerFor(verdict, { nginx: false, publicUrl })
  expect(header(answered, 'WWW-Authenticate')).toBe('Bearer error="invalid_token"')
  expect(JSON.parse(answered.body)).toMatchObject({
    ...{ code: 'session_ended', revoked_reason: 'admin_revoke', revoked_at: now / 1000 },
  })
})

test('scenario P07: who may not open it is told how to sign out, and no rule is named', () => {
  const { body } = answer('forbidden')
  expect(JSON.parse(body)).toMatchObject({ signout_url: `${publicUrl}/signout` })
  expect(body).not.toContain('rules[3]')
})

test('what is wrong with the proxy stands in the log, not in the answer', () => {
  expect(answer('refused').body).not.toContain('secret of the log')
})

test('503 names a time', () => {
  expect(header(answer('unavailable'), 'Retry-After')).toBe('1')
  expect(JSON.parse(answer('unavailable', true).body)).toMatchObject({ status: 503 })
})

test('a preflight carries every configured header, empty', () => {
  expect(header(answer('preflight'), 'X-Auth-Request-User')).toBe('')
})

test('C16: people get a page in place of JSON, and never both', () => {
  const page = () => ({ html: '<!doctype html><p>äh</p>', csp: "default-src 'none'" })
  const answered = answerFor(known(verdicts['forbidden']), { nginx: false, publicUrl, page })
  expect(answered.body).toBe(page().html)
  expect(header(answered, 'Content-Length')).toBe(String(Buffer.byteLength(page().html)))
  expect(header(answered, 'Content-Security-Policy')).toBe(page().csp)
})
