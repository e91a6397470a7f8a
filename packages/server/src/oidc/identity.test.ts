import { describe, expect, test } from 'vitest'
import type { Claims } from '#domain'
import { isAllowed, judgeEmail, mergeClaims, rolesOf, uidOf, verifiedEmail } from './identity.ts'

describe('claims', () => {
  test('of later sources fill gaps, and no source vouches for another one’s address', () => {
    const first = { email: 'a@example.com', name: 'A' }
    const second = {
      email: 'b@example.com',
      email_verified: true,
      name: 'B',
      city: 'X',
      nonce: 'n',
    }
    expect(mergeClaims([first, second])).toEqual({ ...first, city: 'X' })
    expect(mergeClaims([first, { ...second, email: 'a@example.com' }])).toMatchObject({
      email_verified: true,
    })
  })

  test('called like what every object has are claims, not its prototype', () => {
    const merged = mergeClaims([
      JSON.parse('{"__proto__":{"roles":["x"]},"toString":"t"}') as Claims,
    ])
    expect(rolesOf(merged, ['roles'])).toEqual([])
    expect(rolesOf({}, ['toString', 'constructor'])).toEqual([])
  })
})

describe('C8: an e-mail address', () => {
  test('scenario P03: counts only when it is vouched for and is one plain address', () => {
    const judge = (email: string, email_verified: boolean | string, trust = false) =>
      verifiedEmail(judgeEmail({ email, email_verified }, trust))
    expect(judge('Alice@Example.com', true)).toBe('alice@example.com')
    expect(judge('alice@example.com', 'true')).toBe('alice@example.com')
    expect(judge('alice@example.com', false)).toBeUndefined()
    expect(judge('alice@example.com', 'yes')).toBeUndefined()
    expect(judge('alice@example.com', false, true)).toBe('alice@example.com')
    for (const odd of [
      'a@b@example.com',
      'a,b@example.com',
      'a@example.com\n',
      '"a"@x',
      '"a@example.com"@evil.example',
      'a@example.com, b@evil.example',
      'a@example.com b@evil.example',
      'a@example.com@evil.example',
      'a\uff20example.com',
      'a\ufe6bexample.com',
      'a@example.com\u0000',
      '<a@example.com>',
      'a@example.com;b@x',
      '@x',
      'a',
      // The Kelvin sign: in lower case it would be the k of somebody else.
      '\u212aate@example.com',
      'kate@\u212aite.example.com',
    ]) {
      expect(judge(odd, true), odd).toBeUndefined()
    }
  })

  test('is nobody else’s because letters beyond ASCII have small ones within it', () => {
    const judge = (email: string) =>
      verifiedEmail(judgeEmail({ email, email_verified: true }, false))
    // KELVIN SIGN, whose lower case is the k of ASCII.
    expect(judge('mar\u212a@example.com')).not.toBe('mark@example.com')
    expect(judge('mark@\u212aexample.com')).not.toBe('mark@kexample.com')
    expect(judge('MARK@EXAMPLE.COM')).toBe('mark@example.com')
  })
})

describe('roles', () => {
  test('scenarios P08, P09: are found by name and by pointer, one text is one role, reserved ones are dropped (rule 17)', () => {
    const claims = {
      roles: 'ops',
      realm_access: { roles: ['a', 'admin', 7, 'a\u0000b', ''] },
      'https://example.com/roles': ['b', 'issuer', 'service'],
    }
    expect(rolesOf(claims, ['roles'])).toEqual(['ops'])
    expect(rolesOf(claims, ['/realm_access/roles'])).toEqual(['a'])
    expect(rolesOf(claims, ['roles', 'https://example.com/roles', 'nothing', '/no/thing'])).toEqual(
      ['ops', 'b'],
    )
  })
})

describe('the uid', () => {
  const uid = (template: string, claims: Claims) =>
    uidOf({ id: 'main', uid: template }, 'https://idp.example.com', claims)

  test('scenario C12: is what the template says, or nothing when a value is missing', () => {
    expect(uid('{{ idp }}:{{ sub }}', { sub: '8f3c' })).toBe('main:8f3c')
    expect(uid('{{idp}}:{{ claims.sub | urlencode }}', { sub: 'a b' })).toBe('main:a%20b')
    expect(uid('{{ idp }}:{{ oid }}', { sub: 'x' })).toBeUndefined()
    expect(uid('{{ idp }}:{{ oid | default("none") }}', { sub: 'x' })).toBe('main:none')
    expect(uid('{{ /a/b }}', { a: { b: 'deep' } })).toBe('deep')
  })

  test('never comes from an address that nobody vouches for, nor looks like a client’s', () => {
    const email = 'a@example.com'
    expect(uid('{{ email }}', { email, email_verified: false })).toBeUndefined()
    expect(uid('{{ email }}', { email, email_verified: true })).toBe(email)
    expect(uid('{{ sub }}', { sub: 'client:backend' })).toBeUndefined()
    expect(uid('{{ sub }}', { sub: 'a\nb' })).toBeUndefined()
  })

  test('cannot be made by a claim that calls itself the provider', () => {
    expect(uid('{{ idp }}:{{ sub }}', { sub: 'x', idp: 'other' })).toBe('main:x')
  })
})

describe('who may come in', () => {
  const empty = { domains: [], users: [], roles: [], claims: {} }
  const person = {
    uid: uidOf({ id: 'main', uid: '{{ sub }}' }, '', { sub: 'alice' }) ?? ('' as never),
    roles: ['ops'],
    claims: { email: 'alice@example.com', email_verified: true, tenant: ['x', 'y'], level: 3 },
  }

  test('scenarios P04, P05: users or domains, and roles, and claims; empty lists let everyone through', () => {
    expect(isAllowed(empty, person)).toBe(true)
    expect(isAllowed({ ...empty, domains: ['other.example'], users: ['alice'] }, person)).toBe(true)
    expect(isAllowed({ ...empty, domains: ['other.example'], users: ['bob'] }, person)).toBe(false)
    expect(isAllowed({ ...empty, users: ['Alice@example.com'] }, person)).toBe(true)
    expect(isAllowed({ ...empty, domains: ['example.com'], roles: ['none'] }, person)).toBe(false)
    expect(isAllowed({ ...empty, claims: { tenant: ['y'], level: [3] } }, person)).toBe(true)
    expect(isAllowed({ ...empty, claims: { tenant: ['y'], level: ['3'] } }, person)).toBe(false)
  })

  test('scenario P01: a domain is the whole domain of a verified address', () => {
    const allow = { ...empty, domains: ['example.com'] }
    const as = (email: string, email_verified = true) =>
      isAllowed(allow, { ...person, claims: { email, email_verified } })
    expect(as('a@example.com')).toBe(true)
    expect(as('a@sub.example.com')).toBe(false)
    expect(as('a@evilexample.com')).toBe(false)
    expect(as('a@example.com', false)).toBe(false)
  })
})
