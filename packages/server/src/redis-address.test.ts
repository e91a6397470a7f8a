import { expect, test } from 'vitest'
import { Secret } from '#domain'
import { configuredAddresses, nameOf, parseAddress } from './redis-address.ts'

const parse = (url: string) => parseAddress(new Secret(url), { ca: null })

test('a URL names host, port, user, password and database', () => {
  const { password, ...rest } = parse('redis://someone:a%40b%3A@redis.example:6380/3')
  expect(rest).toEqual({
    host: 'redis.example',
    port: 6380,
    tls: false,
    ca: null,
    username: 'someone',
    database: 3,
  })
  expect(password?.reveal()).toBe('a@b:')
})

test('what a URL leaves out is the usual: port 6379, no user, database 0; and TLS by its scheme', () => {
  expect(parse('rediss://[::1]')).toEqual({
    ...{ host: '::1', port: 6379, tls: true, ca: null },
    ...{ username: null, password: null, database: 0 },
  })
  expect(nameOf(parse('redis://[::1]:7000'))).toBe('[::1]:7000')
})

test('sentinels have a port of their own', () => {
  const [sentinel] = configuredAddresses({
    ...{ kind: 'sentinel', master: 'm', nodes: [new Secret('redis://h')] },
    ...{ username: null, password: null, keyPrefix: '', ca: null },
  })
  expect(sentinel?.port).toBe(26_379)
})

test.each(['redis://h:x', 'redis://h/x', 'redis://:a%zz@h'])(
  'what cannot be read is said without being shown: %s',
  (url) => {
    expect(() => parse(url)).toThrow()
    expect(() => parse(url)).not.toThrow(url)
  },
)
