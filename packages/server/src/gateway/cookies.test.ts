import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clearCookie, cookieValues, ownValuesMax, readCookies, setCookie } from './cookies.ts'

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

  test('H03: what browsers send keeps every byte of the others, wherever ours stands', () => {
    const others = ['a=1', 'b="x  y"', 'c=%7B%22', 'd=\u00e4', 'e', '=f', 'g==']
    for (let at = 0; at <= others.length; at++) {
      const header = [...others.slice(0, at), `${name}=${token}`, ...others.slice(at)].join('; ')
      expect(readCookies([header], name)).toEqual({ own: [token], rest: others.join('; ') })
    }
  })

  test.each([
    [`a=1 ; ${name}=v`, ['v'], 'a=1'],
    [`${name}= v `, ['v'], ''],
    [`${name}=v;`, ['v'], ''],
    [`a=1; ${name}=v; `, ['v'], 'a=1'],
    [`a=${name}=v; b=2`, [], `a=${name}=v; b=2`],
    [`a=1; x${name}=v`, [], `a=1; x${name}=v`],
    ['a=1; __Secure-curfew=w', [], 'a=1'],
    [`${name}=; a=1`, [''], 'a=1'],
  ])('nearly what browsers send: %j', (header, own, rest) => {
    expect(readCookies([header], name)).toEqual({ own, rest })
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

  test('C9: a no-break space before the name is another cookie, which any sibling host may set', () => {
    const planted = `\u00a0${name}=v`
    expect(readCookies([`${planted}; a=1`], name)).toEqual({ own: [], rest: `${planted}; a=1` })
    expect(cookieValues([planted], name)).toEqual([])
  })

  test('H03: the last byte of a cookie is its own, whatever character it looks like', () => {
    const header = 'a=voil\u00c3\u00a0'
    expect(readCookies([`${header}; curfew=1`], name).rest).toBe(header)
    expect(readCookies([header], name).rest).toBe(header)
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
