import { describe, expect, test } from 'vitest'
import { described, original, place, read } from '#test/gateway/requests.ts'
import { dialects, type Mode, readOriginalRequest } from './original-request.ts'

const modes = Object.keys(dialects) as Mode[]
const forwardedModes: readonly Mode[] = ['forwarded', 'traefik', 'caddy', 'haproxy']

describe('rule 26 one dialect: each proxy says the original URL in its own headers alone', () => {
  test.each(modes)('%s: the request as the browser made it', (mode) => {
    const asked = { method: 'POST', host: 'App.Example.com.', target: '/a%20b/c?x=1' }
    expect(read(mode, asked)).toMatchObject({
      ...{ mode, method: 'POST', scheme: 'https', host: { name: 'app.example.com', port: null } },
      ...{ path: '/a b/c', query: '?x=1', target: '/a%20b/c?x=1' },
      origin: 'https://app.example.com',
    })
  })

  test.each(modes)('%s: each of its headers is required', (mode) => {
    for (const name of dialects[mode].sources) {
      const rawHeaders = without(described(mode), name)
      const asked = { method: 'GET', rawHeaders, below: '/' }
      expect(readOriginalRequest(asked, dialects[mode], place)).toMatchObject({
        ...{ kind: 'refused', why: 'missing_header' },
        hint: expect.stringContaining(name),
      })
    }
  })

  test.each(modes)('%s: none of its headers may come twice, not even alike', (mode) => {
    const headers = described(mode)
    for (const name of dialects[mode].sources) {
      const at = headers.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === name)
      const again = [name.toUpperCase(), headers[at + 1] ?? '']
      expect(read(mode, {}, again)).toMatchObject({ why: 'repeated_header' })
    }
  })

  test.each(modes)('%s: what the others use is not read', (mode) => {
    const foreign = modes
      .filter((other) => other !== mode)
      .flatMap((other) => described(other, { host: 'evil.example', target: '/public' }))
    const own = new Set([...dialects[mode].sources, 'host'])
    const headers = foreign.flatMap((text, index) => {
      const name = foreign[index - (index % 2)] ?? ''
      return own.has(name.toLowerCase()) ? [] : [text]
    })
    expect(read(mode, { target: '/admin' }, headers)).toMatchObject({
      ...{ host: { name: 'app.example.com' }, path: '/admin' },
    })
  })

  test.each(modes)('%s: C23: what cannot be parsed is refused', (mode) => {
    expect(read(mode, { host: 'user@app.example.com' })).toMatchObject({ kind: 'refused' })
    expect(read(mode, { target: '/%ff' })).toMatchObject({ why: 'bad_path' })
    expect(read(mode, { target: '/a b' })).toMatchObject({ kind: 'refused' })
    expect(read(mode, { method: 'get' })).toMatchObject({ why: 'bad_method' })
  })

  test.each(modes)('%s: a tunnel is nothing to decide about', (mode) => {
    expect(read(mode, { method: 'CONNECT' })).toMatchObject({ why: 'bad_method' })
  })

  test.each(forwardedModes)('%s: C7: a list in a header that should say one thing', (mode) => {
    const host = 'app.example.com, evil.example'
    expect(read(mode, { host })).toMatchObject({ why: 'bad_host' })
    expect(read(mode, { scheme: 'https,http' })).toMatchObject({ why: 'bad_scheme' })
    expect(read(mode, { scheme: 'javascript' })).toMatchObject({ why: 'bad_scheme' })
    expect(read(mode, { target: 'https://app.example.com/' })).toMatchObject({ why: 'bad_path' })
  })

  test('traefik says wss for WebSockets', () => {
    expect(read('traefik', { scheme: 'wss' })).toMatchObject({ scheme: 'https' })
  })

  test.each(['/relative', 'ftp://app.example.com/', 'https://app.example.com', 'https:///x'])(
    'nginx: %s is no original URL',
    (url) => {
      const rawHeaders = ['X-Original-URL', url, 'X-Original-Method', 'GET']
      const asked = { method: 'GET', rawHeaders, below: '' }
      expect(readOriginalRequest(asked, dialects.nginx, place)).toMatchObject({
        why: 'conflicting_headers',
      })
    },
  )
})

test('scenario L10: where publicUrl is https, so are the applications, whatever a proxy behind TLS says', () => {
  expect(original({ scheme: 'http', host: 'app.example.com:443' }).origin).toBe(
    'https://app.example.com',
  )
})

test('headers that may repeat are joined, credentials are kept apart', () => {
  const headers = ['Accept', 'a/b', 'accept', 'c/d', 'Cookie', 'a=1', 'cookie', 'b=2']
  expect(original({}, [...headers, 'Authorization', 'x', 'AUTHORIZATION', 'y'])).toMatchObject({
    ...{ facts: { accept: 'a/b, c/d' }, cookie: ['a=1', 'b=2'], authorization: ['x', 'y'] },
  })
})

function without(headers: readonly string[], name: string): string[] {
  return headers.filter((_, index) => headers[index - (index % 2)]?.toLowerCase() !== name)
}
