import { expect, test } from 'vitest'
import { readOptions, type VerifierOptions } from './options.ts'

const good = {
  issuer: 'https://auth.example.com',
  audience: 'https://api.example.com',
  clientId: 'satellite',
  clientSecret: 'secret',
}

test('every default is the one that is documented', () => {
  expect(readOptions(good)).toMatchObject({
    baseUrl: 'https://auth.example.com',
    pullIntervalMs: 30_000,
    stream: true,
    maxStalenessMs: 300_000,
    acceptStale: false,
    startTimeoutMs: 30_000,
    background: false,
    untilEnd: true,
    cacheMax: 10_000,
    denylistLargeAt: 1_000_000,
  })
})

test.each([
  [{ issuer: 'auth.example.com' }, 'issuer must be an http(s) URL'],
  [{ issuer: 'http://auth.example.com' }, 'issuer must be an https URL'],
  [{ issuer: 'https://a:b@auth.example.com' }, 'issuer must not carry credentials'],
  [{ url: 'ftp://curfew' }, 'url must be an http(s) URL'],
  [{ url: 'https://curfew/?a=b' }, 'url must be an http(s) URL'],
  [{ audience: [] }, 'audience must name at least one'],
  [{ audience: '' }, 'audience must name at least one'],
  [{ clientSecret: '' }, 'clientId and clientSecret, or token, are needed'],
  [{ pullInterval: '30' }, "pullInterval must be a duration such as '30s', not '30'"],
  [{ maxStaleness: '0s' }, 'maxStaleness must be a duration'],
  [{ startTimeout: '1w' }, 'startTimeout must be a duration'],
  [{ onStale: 'fail' }, 'onStale must be reject or accept'],
  [{ start: 'now' }, 'start must be wait or background'],
  [{ streams: 'forever' }, 'streams must be untilEnd or untilExpiry'],
  [{ cacheMax: 0 }, 'cacheMax must be a whole number above 0'],
  [{ denylistLargeAt: 1.5 }, 'denylistLargeAt must be a whole number above 0'],
])('%o is a TypeError that names the option', (wrong, message) => {
  const options = { ...good, ...wrong } as unknown as VerifierOptions
  expect(() => readOptions(options)).toThrow(new RegExp(`^${message.replace(/[()]/g, '\\$&')}`))
})

test.each(['http://localhost:4455', 'http://127.0.0.1:4455', 'http://[::1]:4455/auth'])(
  'an issuer on loopback may do without TLS: %s',
  (issuer) => {
    expect(readOptions({ ...good, issuer }).issuer).toBe(issuer)
  },
)

test('a path of the issuer stays, and where Curfew is reached may be elsewhere', () => {
  const issuer = 'https://example.com/auth'
  expect(readOptions({ ...good, issuer }).baseUrl).toBe('https://example.com/auth')
  expect(readOptions({ ...good, issuer, url: 'http://curfew:4455/' }).baseUrl).toBe(
    'http://curfew:4455',
  )
})

test('a client id with a colon and a secret beyond ASCII are form-encoded first', async () => {
  const { authorization } = readOptions({ ...good, clientId: 'a:b', clientSecret: 'ß c' })
  expect(await authorization()).toBe(`Basic ${btoa('a%3Ab:%C3%9F+c')}`)
})
