import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { place, rule, settings } from '#test/gateway/requests.ts'
import { ReturnTargets } from './return-to.ts'

const targets = new ReturnTargets(
  place,
  settings({
    rules: [rule(), rule({ hosts: ['*.apps.example.org'] })],
    returnTo: ['more.example.net'],
    cookie: { name: '__Secure-curfew', domain: 'example.com', sameSite: 'lax' },
  }),
)

describe('rule 27 return: where a sign-in may lead', () => {
  test.each([
    ['/', 'https://auth.example.com/'],
    ['/account?x=%2F#y', 'https://auth.example.com/account?x=%2F#y'],
    ['https://auth.example.com/x', 'https://auth.example.com/x'],
    ['https://app.example.com/a%20b?q=//z', 'https://app.example.com/a%20b?q=//z'],
    ['https://APP.example.com', 'https://app.example.com/'],
    ['https://app.example.com:8443/', 'https://app.example.com:8443/'],
    ['https://x.y.apps.example.org/', 'https://x.y.apps.example.org/'],
    ['https://more.example.net/', 'https://more.example.net/'],
    ['https://under.the.cookie.example.com/', 'https://under.the.cookie.example.com/'],
    ['/a//b', 'https://auth.example.com/a//b'],
    ['/%5cevil.example', 'https://auth.example.com/%5cevil.example'],
    ['/.//evil.example', 'https://auth.example.com//evil.example'],
  ])('%s leads to %s', (text, url) => {
    expect(targets.check(text)).toMatchObject({ kind: 'allowed', url })
  })
})

const corpus = [
  ...['', ' ', '//evil.example', '///evil.example', '////evil.example', '/\\evil.example'],
  ...[
    '\\/evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/\r/evil.example',
  ],
  ...['/ /evil.example', '/\u0000/evil.example', '/\u00a0/evil.example', '/\u3000/evil.example'],
  ...['/\u2028/evil.example', '\t//evil.example', ' //evil.example', '\u0001//evil.example'],
  ...[
    'https:evil.example',
    'https:/evil.example',
    'https:///evil.example',
    'https:\\\\evil.example',
  ],
  ...[
    'https:/\\evil.example',
    'http:evil.example',
    'hTTps:/evil.example',
    '//app.example.com@evil.example',
  ],
  ...[
    'https://evil.example',
    'https://evil.example/app.example.com',
    'https://evil.example#app.example.com',
  ],
  ...['https://evil.example?app.example.com', 'https://evil.example\\.app.example.com'],
  ...['https://app.example.com@evil.example', 'https://app.example.com:x@evil.example/'],
  ...[
    'https://evil.example@app.example.com',
    'https://@app.example.com',
    'https://:@app.example.com',
  ],
  ...['https://app.example.com%40evil.example', 'https://app.example.com%2f@evil.example'],
  ...['https://app.example.com\\@evil.example', 'https://app.example.com.evil.example'],
  ...['https://evilapp.example.com.org', 'https://evilexample.com', 'https://notapps.example.org'],
  ...['https://apps.example.org', 'https://app.example.com\u3002evil.example'],
  ...[
    'https://ev\u0131l.example',
    'https://xn--evl-hoa.example',
    'https://app.example.com%00.evil.example',
  ],
  ...['https://app.example.com%0a.evil.example', 'https://app.example.com\t.evil.example'],
  ...[
    'https://app.example.com;evil.example',
    'https://app.example.com,evil.example',
    'https://[::1]',
  ],
  ...['https://127.0.0.1', 'https://0x7f.1', 'https://2130706433', 'https://app.example.com:99999'],
  ...['https://app.example.com:', 'https://app.example.com:0443/', 'https://a%70p.example.com/'],
  ...['http://app.example.com/', 'javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'data:text/html,x'],
  ...[
    'vbscript:x',
    'file:///etc/passwd',
    'ftp://app.example.com',
    'blob:https://app.example.com/x',
  ],
  ...[
    'javascript://app.example.com/%0aalert(1)',
    'about:blank',
    'view-source:https://app.example.com',
  ],
  ...[
    'app.example.com',
    'evil.example',
    './x',
    '../x',
    '?x',
    '#x',
    '@evil.example',
    '.evil.example',
  ],
  ...['/%', 'https://app.example.com/\nSet-Cookie: x=1', '/\r\nLocation: https://evil.example'],
  ...['https://app.example.com/\u00e9', `/${'a'.repeat(9000)}`],
]

describe('C1: open redirects, scenario C02', () => {
  test.each(corpus.filter((text) => text !== '/%'))('%j leads nowhere', (text) => {
    expect(targets.check(text).kind).toBe('refused')
  })

  test('whatever is allowed lies on an allowed host, as browsers and we read it', () => {
    const unit = fc.constantFrom(
      ...[
        'https:',
        'http:',
        '/',
        '//',
        '\\',
        '@',
        ':',
        '.',
        '?',
        '#',
        '%2f',
        '%5c',
        '%00',
        ';',
        ',',
      ],
      ...[
        'evil.example',
        'app.example.com',
        'auth.example.com',
        '[::1]',
        '\t',
        ' ',
        '443',
        'x',
        '..',
      ],
    )
    const allowed = /^https:\/\/(?:[a-z0-9.-]+\.)?example\.com(?::\d+)?\//
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 8 }), (units) => {
        const found = targets.check(units.join(''))
        if (found.kind !== 'allowed') return
        expect(found.url).toMatch(allowed)
        expect(URL.parse(found.url, 'https://evil.example')?.hostname).toMatch(
          /(?:^|\.)example\.com$/,
        )
      }),
      { numRuns: 2000 },
    )
  })
})

test('where publicUrl is http, for development, applications may be too', () => {
  const local = {
    publicUrl: 'http://127.0.0.1:4455',
    origin: 'http://127.0.0.1:4455',
    secure: false,
  }
  const loose = new ReturnTargets(local, settings({ rules: [rule({ hosts: ['app.localhost'] })] }))
  expect(loose.check('http://app.localhost:8080/x')).toMatchObject({ kind: 'allowed' })
  expect(loose.check('http://127.0.0.1:4455/x')).toMatchObject({ kind: 'allowed' })
  expect(loose.check('http://127.0.0.1:9999/x')).toMatchObject({ kind: 'refused', why: 'host' })
})
