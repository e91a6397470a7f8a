import { describe, expect, test } from 'vitest'
import { place } from '#test/gateway/requests.ts'
import { cameForPublicHost, readEndpoint } from './endpoint.ts'
import { TrustedPeers } from './trusted-peers.ts'

describe('rule 26 one dialect: the sub-request names it', () => {
  test.each([
    ['/forward-auth', 'forwarded', ''],
    ['/forward-auth?mode=nginx', 'nginx', ''],
    ['/forward-auth?x=1&mode=traefik', 'traefik', ''],
    ['/forward-auth/', 'envoy', '/'],
    ['/forward-auth/a?mode=nginx', 'envoy', '/a?mode=nginx'],
  ])('%s', (url, mode, below) => {
    expect(readEndpoint(url, '/forward-auth')).toMatchObject({
      kind: 'ask',
      dialect: { mode },
      below,
    })
  })

  test.each([
    '?mode=apache',
    '?mode=nginx&mode=traefik',
    '?mode=',
    '?mode=forwarded',
    '?mode=toString',
  ])('%s is refused', (query) => {
    expect(readEndpoint(`/forward-auth${query}`, '/forward-auth')).toMatchObject({
      ...{ kind: 'refused', why: 'unknown_mode' },
    })
  })

  test.each(['/', '/forward-authx', '/login', '/x/forward-auth'])(
    '%s is not forward auth',
    (url) => {
      expect(readEndpoint(url, '/forward-auth')).toBeUndefined()
    },
  )
})

describe('rule 26 one dialect: on the public host there is no forward auth', () => {
  const came = (headers: readonly string[], ...hosts: string[]) =>
    cameForPublicHost(place, [{ hosts }])(headers)

  test.each([
    ...['auth.example.com', 'AUTH.example.com.', 'auth.example.com:443'],
    // Proxies find their way by the name, and pass on the port that the client wrote.
    ...['auth.example.com:1234', 'auth.example.com:80'],
  ])('%s', (host) => {
    expect(came(['Accept', '*/*', 'hOst', host], 'app.example.com', '*.example.com')).toBe(true)
  })

  test.each(['127.0.0.1:4455', 'app.example.com', 'xauth.example.com'])('but for %s', (host) => {
    expect(came(['Host', host])).toBe(false)
  })

  test('an application on another port of the same name is not the public host', () => {
    const host = 'auth.example.com:8443'
    expect(came(['Host', host], host)).toBe(false)
    expect(came(['Host', host], 'auth.example.com')).toBe(false)
    expect(came(['Host', 'auth.example.com'], 'auth.example.com')).toBe(true)
  })

  test('of two hosts in one request nobody can say which it came for', () => {
    expect(came(['Host', '127.0.0.1:4455', 'Host', 'auth.example.com'])).toBe(true)
  })

  test('a loopback publicUrl, for development, is where proxies ask too', () => {
    const origin = 'http://127.0.0.1:4455'
    const local = { publicUrl: origin, origin, secure: false }
    expect(cameForPublicHost(local, [])(['Host', '127.0.0.1:4455'])).toBe(false)
  })
})

describe('C7: whose word is taken', () => {
  test('by default nobody’s', () => {
    expect(new TrustedPeers([]).trusts('127.0.0.1')).toBe(false)
  })

  test.each([
    ['10.1.2.3', true],
    ['::ffff:10.1.2.3', true],
    ['11.0.0.1', false],
    ['192.0.2.1', true],
    ['192.0.2.2', false],
    ['2001:db8::5', true],
    ['2001:db9::5', false],
    ['::1', false],
    [undefined, false],
    ['', false],
  ])('%s: %s', (peer, trusted) => {
    const peers = new TrustedPeers(['10.0.0.0/8', '192.0.2.1', '2001:db8::/32'])
    expect(peers.trusts(peer)).toBe(trusted)
    expect(peers.trusts(peer)).toBe(trusted)
  })
})
