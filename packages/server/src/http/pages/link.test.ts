import { describe, expect, test } from 'vitest'
import { hostOf, linkTarget } from './link.ts'

describe('C13: a link leads to http(s) or to a path of its own origin', () => {
  test.each([
    ['/', '/'],
    [
      '/login?idp=a&return_to=https%3A%2F%2Fx.example',
      '/login?idp=a&return_to=https%3A%2F%2Fx.example',
    ],
    ['/a//b#c', '/a//b#c'],
    ['https://app.example.com', 'https://app.example.com/'],
    ['HTTPS://App.Example.com:8443/x', 'https://app.example.com:8443/x'],
    ['http://127.0.0.1:4455/x?y', 'http://127.0.0.1:4455/x?y'],
  ])('%s', (url, target) => {
    expect(linkTarget(url)).toBe(target)
  })
})

const refused = [
  ...['', ' ', 'login', '?x', '#x', './x', '//evil.example', '///evil.example', '/\\evil.example'],
  ...['\\\\evil.example', '/\t/evil.example', '/\n/evil.example', ' /x', '/x y', '/\u0000', '/ä'],
  ...[
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'java\tscript:alert(1)',
    ' javascript:alert(1)',
  ],
  ...['\u0001javascript:alert(1)', 'javascript://x.example/%0aalert(1)', 'vbscript:x'],
  ...['data:text/html,<script>alert(1)</script>', 'blob:https://x.example/1', 'file:///etc/passwd'],
  ...['ftp://x.example/', 'view-source:https://x.example/', 'app.example:/callback'],
  ...[
    'https:evil.example',
    'https:/evil.example',
    'https:///evil.example',
    'https:\\\\evil.example',
  ],
  ...['https://', 'https://?x', 'https://user@evil.example/', 'https://user:word@evil.example/'],
  ...['https://app.example.com\\@evil.example', 'https://[::1', 'httpss://x.example/'],
]

test.each(refused)('C13: %j is no link', (url) => {
  expect(linkTarget(url)).toBeNull()
})

test('no link is no link', () => {
  expect(linkTarget(null)).toBeNull()
})

test('the host is told as browsers show it, and a path has none', () => {
  expect(hostOf('https://app.example.com:8443/x')).toBe('app.example.com:8443')
  expect(hostOf('https://bücher.example/')).toBe('xn--bcher-kva.example')
  expect(hostOf('/start')).toBeNull()
})
