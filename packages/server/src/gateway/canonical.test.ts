import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalHost, canonicalTarget, formatHost } from './canonical.ts'

describe('C2: a host has one form', () => {
  test.each([
    ['APP.Example.COM', 'app.example.com'],
    ['app.example.com.', 'app.example.com'],
    ['app.example.com:8443', 'app.example.com:8443'],
    ['App.example.com.:443', 'app.example.com:443'],
    ['127.0.0.1:4455', '127.0.0.1:4455'],
    ['[2001:DB8:0:0::1]:80', '[2001:db8::1]:80'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['my_app.internal', 'my_app.internal'],
  ])('%s is %s', (text, form) => {
    const host = canonicalHost(text)
    expect(host && formatHost(host)).toBe(form)
  })

  test.each([
    ...['', '.', 'a..b', '..', 'user@app.example.com', 'app.example.com/x', 'a b', 'a,b', 'a\\b'],
    ...['bücher.example', 'app.example.com:0', 'app.example.com:', 'app.example.com:65536'],
    ...['app.example.com:080', 'app.example.com:1:2', '127.1', '0x7f.0.0.1', '2130706433'],
    ...['010.0.0.1', '[::1', '::1', '[fe80::1%25eth0]', '[::1]x', 'a%2eb', '-a.example', '*.a.b'],
    ...['app.example.com\u0000', 'app.example.com\t', `${'a'.repeat(64)}.example`, 'a#b', 'a?b'],
  ])('%j is no host', (text) => {
    expect(canonicalHost(text)).toBeUndefined()
  })

  test('the form of a form is itself, whatever the text', () => {
    const part = fc.string({ unit: fc.constantFrom(...'abXY09-_.:[]@/') })
    fc.assert(
      fc.property(
        fc.oneof(
          part,
          fc.domain(),
          fc.ipV4(),
          fc.ipV6().map((ip) => `[${ip}]`),
        ),
        (text) => {
          const once = canonicalHost(text)
          if (once === undefined) return
          expect(canonicalHost(formatHost(once))).toEqual(once)
        },
      ),
    )
  })
})

describe('C4: a path has one form, decoded once', () => {
  test.each([
    ['/', '/'],
    ['/a/b.c?x=/../y', '/a/b.c'],
    ['/a%20b', '/a b'],
    ['/b%C3%BCcher', '/bücher'],
    ['/b\u00c3\u00bccher', '/bücher'],
    ['/a/', '/a/'],
    ['/.well-known/x', '/.well-known/x'],
    ['/a...b/..c/d..', '/a...b/..c/d..'],
    ['/100%25', '/100%'],
  ])('%j is %j, plainly', (target, path) => {
    expect(canonicalTarget(target)).toMatchObject({ path, suspicious: false })
  })

  test.each([
    ...[
      '/public/../admin',
      '/public/./x',
      '/..',
      '/a/.',
      '/public/%2e%2e/admin',
      '/a%2Fb',
      '/a%2fb',
    ],
    ...[
      '//admin',
      '/a//b',
      '/a\\b',
      '/a%5cb',
      '/a;x=1/b',
      '/a%3bb',
      '/..;/admin',
      '/a%00b',
      '/a%2eb',
    ],
    ...['/%252e%252e/admin', '/a%253f', '/a%0ab', '/a%7fb', '/a%3fb', '/a%23b', '/a%C2%85b'],
  ])('%s is suspicious', (target) => {
    expect(canonicalTarget(target)?.suspicious).toBe(true)
  })

  test.each([
    ...['', 'a', '*', 'http://app.example.com/', '/a b', '/a\u0000', '/a\n', '/a#b', '/a%', '/a%2'],
    ...[
      '/a%zz',
      '/a%ff',
      '/a%c0%af',
      '/a%ed%a0%80',
      '/a\u00ff',
      '/a\u0100',
      `/${'a'.repeat(20_000)}`,
    ],
  ])('%j cannot be read', (target) => {
    expect(canonicalTarget(target)).toBeUndefined()
  })

  test('the query is no part of the path, and both are kept as sent for the way back', () => {
    const target = '/a%20b?x=%2e%2e&y=//z?'
    expect(canonicalTarget(target)).toEqual({
      ...{ path: '/a b', suspicious: false, target, query: '?x=%2e%2e&y=//z?' },
    })
  })

  test('a plain path, encoded and read again, is the same path', () => {
    const unit = fc.constantFrom(...'aZ09-_~/.%;\\üß€ 😀', '%2e', '%2F', '%25', '%C3%BC', '..')
    fc.assert(
      fc.property(fc.array(unit), (units) => {
        const once = canonicalTarget(`/${Buffer.from(units.join('')).toString('latin1')}`)
        if (once === undefined || once.suspicious) return
        expect(canonicalTarget(encodeURI(once.path))).toMatchObject({
          ...{ path: once.path, suspicious: false },
        })
      }),
    )
  })

  test('C14: no bytes at all make it throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const text = Buffer.from(bytes).toString('latin1')
        canonicalTarget(`/${text}`)
        canonicalHost(text)
      }),
    )
  })
})
