import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clearCookie, ownValuesMax, readCookies, setCookie } from './cookies.ts'

const name = '__Host-curfew'
const token = `cfc_${'A'.repeat(76)}`
const order = { name, domain: null, sameSite: 'lax', secure: true, hostOnly: false } as const

describe('reading', () => {
  test.each([
    ['__Host-curfew=v', ['v'], ''],
    ['a=1; __Host-curfew=v; b=2', ['v'], 'a=1; b=2'],
    ['a=1;__Host-curfew = v ;b=2', ['v'], 'a=1; b=2'],
    ['__Host-curfew=v; __Host-curfew=v', ['v'], ''],
    ['__Host-curfew=v; __Host-curfew=w', ['v', 'w'], ''],
    ['__host-curfew=v', [], '__host-curfew=v'],
    ['__Host-curfewx=v', [], '__Host-curfewx=v'],
    ['__Host-curfew', [], '__Host-curfew'],
    ['x=__Host-curfew=v', [], 'x=__Host-curfew=v'],
    ['', [], ''],
    [';;; =; ==', [], ';;; =; =='],
  ])('%j', (header, own, rest) => {
    expect(readCookies([header], name)).toEqual({ own, rest })
  })

  test('scenario H03: without one of ours the header is passed on untouched', () => {
    const header = 'a="x;  y" ;b=%;c=\u00e4;;d'
    expect(readCookies([header], name).rest).toBe(header)
  })

  test('scenarios H03, S13: all cookies of Curfew are taken out, whatever name is configured', () => {
    const header = 'curfew=1; __Secure-curfew=2; __Host-curfew-flow-x=3; curfew-console=4; a=5'
    expect(readCookies([header], name)).toEqual({ own: [], rest: 'a=5' })
  })

  test('several headers, as HTTP/2 splits them, are one', () => {
    expect(readCookies(['a=1', '__Host-curfew=v', 'b=2'], name)).toEqual({
      ...{ own: ['v'], rest: 'a=1; b=2' },
    })
  })

  test('C15: more values than anybody needs are not collected', () => {
    const header = Array.from({ length: 500 }, (_, at) => `${name}=${at}`).join(';')
    expect(readCookies([header], name).own.length).toBe(ownValuesMax + 1)
  })

  test('C14: it never throws, and never lets ours through', () => {
    const unit = fc.constantFrom('__Host-curfew', 'curfew', '=', ';', ' ', 'a', '"', '\u00ff', ',')
    fc.assert(
      fc.property(fc.array(fc.array(unit).map((parts) => parts.join(''))), (headers) => {
        const { rest } = readCookies(headers, name)
        expect(readCookies([rest], name).own).toEqual([])
      }),
    )
  })
})

describe('setting', () => {
  test('scenario S01: host-only, for the whole host, out of reach of scripts', () => {
    expect(setCookie(order, token, 3600)).toBe(
      `__Host-curfew=${token}; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax`,
    )
  })

  test('scenario S03: name and value stay under 200 bytes', () => {
    expect(`__Secure-curfew=${token}`.length).toBeLessThan(200)
  })

  test('scenario S11: with a domain, and without it for a host that the domain does not cover', () => {
    const wide = { ...order, name: '__Secure-curfew', domain: 'example.com' }
    expect(setCookie(wide, token, 1)).toContain('; Domain=example.com;')
    expect(setCookie({ ...wide, hostOnly: true }, token, 1)).not.toContain('Domain')
  })

  test('without https neither Secure nor a prefix', () => {
    const plain = { ...order, name: 'curfew', secure: false }
    expect(setCookie(plain, token, 1)).not.toContain('Secure')
    expect(() => setCookie({ ...plain, name }, token, 1)).toThrow(TypeError)
  })

  test('clearing names the same place', () => {
    expect(clearCookie({ ...order, sameSite: 'strict' })).toBe(
      '__Host-curfew=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict',
    )
  })

  test.each(['a b', 'a;b', 'a\r\nb', '', 'ä'])('C10: %j is no value', (value) => {
    expect(() => setCookie(order, value, 1)).toThrow(TypeError)
  })
})
