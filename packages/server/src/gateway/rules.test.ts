import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { conditions, known, rule, settings } from '#test/gateway/requests.ts'
import { canonicalHost, canonicalTarget } from './canonical.ts'
import { type Match, RuleBook } from './rules.ts'
import type { RuleSettings } from './settings.ts'

const none = { kind: 'none' } as const
const ops = { ...conditions, roles: ['ops'] }

function book(...rules: RuleSettings[]): RuleBook {
  return new RuleBook(settings({ rules }))
}

function match(rules: RuleBook, target: string, host = 'app.example.com', method = 'GET'): Match {
  const { path, suspicious } = known(canonicalTarget(target))
  return rules.match({ method, host: known(canonicalHost(host)), path, suspicious })
}

/** The number of the rule that decides. */
function decides(rules: RuleBook, target: string, host?: string, method?: string): number | string {
  const found = match(rules, target, host, method)
  return found.kind === 'rule' ? found.rule.place : found.kind
}

describe('hosts', () => {
  const rules = book(
    rule({ hosts: ['app.example.com'] }),
    rule({ hosts: ['*.example.com'] }),
    rule({ hosts: ['port.example.org:8443'] }),
  )

  test.each([
    ['app.example.com', 0],
    ['APP.example.com.', 0],
    ['app.example.com:8443', 0],
    ['a.b.example.com', 1],
    ['port.example.org:8443', 2],
    ['port.example.org', 'unknown-host'],
    ['example.com', 'unknown-host'],
    ['evilexample.com', 'unknown-host'],
    ['app.example.com.evil.org', 'unknown-host'],
    ['127.0.0.1', 'unknown-host'],
  ])('C2: %s', (host, place) => {
    expect(decides(rules, '/', host)).toBe(place)
  })

  test('no rules at all: no host is known', () => {
    expect(decides(book(), '/')).toBe('unknown-host')
  })
})

describe('paths', () => {
  test.each([
    ['/health', '/health', true],
    ['/health', '/health/', false],
    ['/health', '/healthcare', false],
    ['/health', '/Health', false],
    ['/a/**', '/a/b', true],
    ['/a/**', '/a/b/c', true],
    ['/a/**', '/a/', true],
    ['/a/**', '/a', false],
    ['/a/**', '/ab', false],
    ['/a/*', '/a/b', true],
    ['/a/*', '/a/', false],
    ['/a/*', '/a/b/c', false],
    ['/a/*/c', '/a/b/c', true],
    ['/a/**/z', '/a/z', true],
    ['/a/**/z', '/a/b/c/z', true],
    ['/a/**/z', '/a/b/c', false],
    ['/**', '/', true],
    ['/**', '/any/thing', true],
    ['/**/x/**/y', '/1/x/2/3/y', true],
    ['/**/x/**/y', '/1/2/3/y', false],
    ['/img/*.png', '/img/a.png', true],
    ['/img/*.png', '/img/a.png.exe', false],
    ['/img/*.png', '/img/a/b.png', false],
    ['/bücher', '/b%C3%BCcher', true],
    ['/a b', '/a%20b', true],
    ['/a', '/a?x=/b', true],
    ['/b', '/a?x=/b', false],
  ])('scenario E02: %s and %s: %s', (pattern, target, matches) => {
    const rules = book(rule({ paths: [pattern], require: none }))
    expect(decides(rules, target)).toBe(matches ? 0 : 1)
  })

  test.each(['health', '/a/../b', '/a//b', '/a%20b', '/a;b', '/a?b', '/a#b', '/./a'])(
    'scenario E07: the pattern %s would protect nothing, so it is refused at the start',
    (pattern) => {
      expect(() => book(rule({ paths: [pattern] }))).toThrow(pattern)
    },
  )

  test('the index finds what trying one after the other finds', () => {
    const segment = fc.constantFrom('a', 'b', 'c', '*', '**', 'a*')
    const pattern = fc.array(segment, { minLength: 1, maxLength: 4 })
    const path = fc.array(fc.constantFrom('a', 'b', 'c', 'ab', ''), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 8 }), path, (patterns, segments) => {
        const paths = patterns.map((one) => `/${one.join('/')}`)
        const target = `/${segments.filter((one, i) => one !== '' || i === segments.length - 1).join('/')}`
        const all = book(...paths.map((one) => rule({ paths: [one] })), rule())
        const first = paths.findIndex((one) => decides(book(rule({ paths: [one] })), target) === 0)
        expect(decides(all, target)).toBe(first < 0 ? paths.length : first)
      }),
    )
  })
})

test('the first match wins, methods included; the last resort asks for a session', () => {
  const rules = book(
    rule({ paths: ['/x/**'], methods: ['GET'], require: none }),
    rule({ paths: ['/x/admin'], require: ops }),
    rule({ paths: ['/x/**'], methods: ['POST'] }),
  )
  expect(decides(rules, '/x/admin')).toBe(0)
  expect(decides(rules, '/x/admin', undefined, 'POST')).toBe(1)
  expect(decides(rules, '/x/y', undefined, 'POST')).toBe(2)
  expect(match(rules, '/x/y', undefined, 'DELETE')).toMatchObject({
    ...{ kind: 'rule', rule: { lastResort: true, require: { kind: 'session' } } },
  })
})

test('C4: whoever guards GET guards HEAD, for which applications run the same code', () => {
  const rules = book(rule({ paths: ['/x/**'], methods: ['GET', 'POST'], require: ops }), rule())
  expect(decides(rules, '/x/delete-all', undefined, 'HEAD')).toBe(0)
  expect(decides(rules, '/x/delete-all', undefined, 'PUT')).toBe(1)
  const post = book(rule({ methods: ['POST'], require: ops }), rule())
  expect(decides(post, '/x', undefined, 'HEAD')).toBe(1)
})

describe('C4: a suspicious path', () => {
  test.each([
    '/assets/../admin',
    '/assets/%2e%2e/admin',
    '//assets/x',
    '/assets/a%2fb',
    '/assets;/x',
  ])('scenario E03: %s never matches require: none', (target) => {
    const open = book(rule({ paths: ['/assets/**', '/**'], require: none }))
    expect(match(open, target)).toMatchObject({ kind: 'rule', rule: { lastResort: true } })
    const wide = book(rule({ require: none }))
    expect(match(wide, target)).toMatchObject({ kind: 'rule', rule: { lastResort: true } })
  })

  test('is refused where some path of the host asks for something of its own', () => {
    const rules = book(rule({ paths: ['/admin/**'], require: ops }), rule())
    expect(match(rules, '/x/..%2fadmin/y')).toMatchObject({
      kind: 'ambiguous-path',
      rule: { place: 0 },
    })
  })

  test('is decided by the rule for the whole host where no path differs', () => {
    const rules = book(rule({ paths: ['/health'], require: none }), rule({ require: ops }))
    expect(decides(rules, '/projects/a%2fb')).toBe(1)
  })

  test('is not held up by a guard for other methods or behind the deciding rule', () => {
    const guard = rule({ paths: ['/admin/**'], methods: ['POST'], require: ops })
    expect(decides(book(guard, rule()), '/a%2fb')).toBe(1)
    expect(decides(book(rule(), rule({ paths: ['/admin/**'], require: ops })), '/a%2fb')).toBe(0)
  })

  test('rule 26 one dialect: no suspicious path ever matches none, whatever the rules', () => {
    const requirement = fc.constantFrom(none, ops, { kind: 'session' } as const)
    const paths = fc.constantFrom(null, ['/**'], ['/a/**'], ['/a', '/a/*'])
    const one = fc.record({ require: requirement, paths, methods: fc.constantFrom(null, ['GET']) })
    const bad = fc.constantFrom('/a/../b', '/a//b', '/a%2fb', '/a;b', '/a%00', '/.%2e/a', '/a\\b')
    fc.assert(
      fc.property(fc.array(one), bad, (rules, target) => {
        const found = match(book(...rules.map((parts) => rule(parts)), rule()), target)
        if (found.kind === 'rule') expect(found.rule.require.kind).not.toBe('none')
      }),
    )
  })
})
