import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { defaultHeaders } from '#test/gateway/requests.ts'
import {
  compileHeaders,
  HeaderAliases,
  HeaderError,
  renderHeaders,
  withCookies,
} from './headers.ts'
import { noValues } from './templates.ts'

const someone = { ...noValues, uid: 'main:ann', claims: {}, roles: ['ops'] }

describe('rule 25 every header, always: an application never sees what a client invented', () => {
  test('scenario E04 (C25): nobody is signed in: each header is there and empty', () => {
    const { flat } = renderHeaders(compileHeaders(defaultHeaders), noValues)
    expect(flat).toEqual([
      ...['X-Auth-Request-User', '', 'X-Auth-Request-Email', ''],
      ...['X-Auth-Request-Groups', '', 'Cookie', ''],
    ])
  })

  test('scenario E05: a header without a value is there and empty beside those that have one', () => {
    const { flat } = renderHeaders(compileHeaders(defaultHeaders), someone)
    expect(flat).toEqual([
      ...['X-Auth-Request-User', 'main:ann', 'X-Auth-Request-Email', ''],
      ...['X-Auth-Request-Groups', 'ops', 'Cookie', ''],
    ])
  })

  test('C8: a name that ends with an à keeps it: without it, it may be the name of somebody else', () => {
    const headers = compileHeaders([{ name: 'X-User', template: ' {{ uid }} ' }])
    const { flat } = renderHeaders(headers, { ...noValues, uid: 'rootà' })
    expect(Buffer.from(flat[1] ?? '', 'latin1').toString()).toBe('rootà')
  })

  test('scenario H10: Authorization is left out instead of empty', () => {
    const headers = compileHeaders([
      { name: 'authorization', template: 'Bearer {{ accessToken }}' },
      { name: 'X-User', template: '{{ uid }}' },
    ])
    expect(renderHeaders(headers, noValues).flat).toEqual(['X-User', ''])
    expect(renderHeaders(headers, { ...noValues, accessToken: 't' }).flat).toEqual([
      ...['authorization', 'Bearer t', 'X-User', ''],
    ])
  })

  test('the number of headers never depends on the values', () => {
    const headers = compileHeaders(defaultHeaders)
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(fc.string()), (uid, roles) => {
        const { flat } = renderHeaders(headers, { ...noValues, uid, roles, claims: { email: uid } })
        expect(flat.length).toBe(defaultHeaders.length * 2)
      }),
    )
  })
})

describe('rule 25 every header, always: C5: names that servers take for a configured one', () => {
  const aliases = new HeaderAliases(['X-Auth-Request-User', 'X-User'])

  test.each([
    'X_Auth_Request_User',
    'x-auth_request-user',
    'X.User',
    'x_user',
    'X-Auth-Request_User',
  ])('scenario E06: %s', (name) => {
    expect(aliases.find(['Host', 'x', name, 'admin'])).toBe(name)
  })

  test('the name itself is no alias: its value is replaced by ours', () => {
    expect(aliases.find(['X-Auth-Request-User', 'admin', 'x-user', 'admin'])).toBeUndefined()
  })

  test('other names with underscores are the application’s', () => {
    expect(aliases.find(['X_Request_Id', '1', '__proto__', '2'])).toBeUndefined()
  })
})

test('only cookies are rendered anew for the next request of a session', () => {
  const { flat, slots } = renderHeaders(compileHeaders(defaultHeaders), someone)
  expect(withCookies(flat, slots, { ...someone, cookies: 'a=1' }).slice(-2)).toEqual([
    'Cookie',
    'a=1',
  ])
  expect(flat.slice(-2)).toEqual(['Cookie', ''])
})

test.each(['Location', 'set-cookie', 'Curfew-Verdict', 'Content-Length', 'X_User', 'a b', ''])(
  '%j cannot be configured',
  (name) => {
    expect(() => compileHeaders([{ name, template: '' }])).toThrow(HeaderError)
  },
)

test('a mistake names its header', () => {
  expect(() => compileHeaders([{ name: 'X-User', template: '{{ who }}' }])).toThrow(
    /^X-User: .*who/,
  )
})
