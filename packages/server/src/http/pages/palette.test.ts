import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Brand, plainBrand, type Theme } from './brand.ts'
import { contrast } from './contrast.ts'
import { homePage } from './home-page.ts'
import { illegibleIn, leastContrast } from './legibility.ts'
import { plainLook } from './look.ts'
import { palettesOf } from './palette.ts'
import { styleOf } from './style.ts'

const colour = fc
  .integer({ min: 0, max: 0xffffff })
  .map((value) => `#${value.toString(16).padStart(6, '0')}`)

function themeOf(light: Partial<Theme['light']>, more: Partial<Theme> = {}): Theme {
  const { theme } = plainBrand
  return { ...theme, light: { ...theme.light, ...light }, ...more }
}

function sheetOf(brand: Brand): string {
  return styleOf(brand).sheet.toString()
}

const somebody = {
  uid: 'alice',
  signInUrl: 'https://auth.example.com/login',
  signOutUrl: 'https://auth.example.com/signout',
  accountUrl: 'https://auth.example.com/account',
  consoleUrl: null,
}

describe('the brand of the pages', () => {
  test('a given colour is taken as it is, and what follows from it is mixed of it', () => {
    const { light, dark } = palettesOf(themeOf({ text: '#000000', accent: '#ff0000' }))
    expect(light).toMatchObject({ text: '#000000', quiet: '#404040', edge: '#808080' })
    expect(light).toMatchObject({ accent: '#ff0000', accentOver: '#ff3333', onAccent: '#000000' })
    expect(light).toMatchObject({ card: '#ffffff', ground: '#eceef6' })
    expect(dark).toEqual(palettesOf(plainBrand.theme).dark)
  })

  test('what is written on a button is legible on whatever colour it has', () => {
    fc.assert(
      fc.property(colour, (accent) => {
        const { light } = palettesOf(themeOf({ accent }))
        expect(contrast(light.onAccent, light.accent)).toBeGreaterThanOrEqual(leastContrast)
        expect(contrast(light.onAccent, light.accentOver)).toBeGreaterThanOrEqual(leastContrast)
      }),
    )
  })

  test('every option changes the stylesheet, and the policy lets in that sheet alone', () => {
    const brands: readonly Brand[] = [
      plainBrand,
      ...(['accent', 'text', 'card', 'ground'] as const).flatMap((name) => [
        { ...plainBrand, theme: themeOf({ [name]: '#123456' }) },
        {
          ...plainBrand,
          theme: { ...plainBrand.theme, dark: themeOf({ [name]: '#123456' }).light },
        },
      ]),
      { ...plainBrand, theme: themeOf({}, { radiusPx: 3 }) },
    ]
    expect(new Set(brands.map(sheetOf)).size).toBe(brands.length)
    const policies = brands.map((brand) => homePage(somebody, { ...plainLook, brand }).csp)
    expect(new Set(policies).size).toBe(brands.length)
    for (const brand of brands) {
      expect(homePage(somebody, { ...plainLook, brand }).csp).toContain(styleOf(brand).source)
    }
  })

  test('nothing but a colour gets into the sheet', () => {
    const brand = { ...plainBrand, theme: themeOf({ accent: 'red;} body{display:none' }) }
    expect(sheetOf(brand)).not.toContain('display:none')
  })

  test('the logo is an image, which runs no script, and the name stands beside it', () => {
    const brand = { ...plainBrand, name: 'Moon & Co', logo: 'data:image/png;base64,AAAA' }
    const page = homePage(somebody, { ...plainLook, brand })
    expect(page.html).toContain('<img src="data:image/png;base64,AAAA" alt="" height="44">')
    expect(page.html).toContain('<link rel="icon" href="data:image/png;base64,AAAA">')
    expect(page.html).toContain('<span>Moon &#38; Co</span>')
    expect(page.html).not.toContain('Curfew')
    expect(page.html).not.toContain('<svg')
    expect(page.csp).toContain("default-src 'none'")
    expect(page.csp).toContain('img-src data:;')
  })
})

describe('legibility', () => {
  test('of Curfew as it is nothing is hard to read', () => {
    expect(illegibleIn(plainBrand.theme)).toEqual([])
  })

  test('each pair that misses 4.5 is named, in its scheme', () => {
    expect(illegibleIn(themeOf({ accent: '#ffcc00' }))).toEqual([
      { scheme: 'light', text: 'accent', ground: 'card', ratio: 1.5 },
    ])
    const dark = { ...plainBrand.theme.dark, text: '#333333' }
    const missed = illegibleIn({ ...plainBrand.theme, dark })
    expect(new Set(missed.map(({ scheme }) => scheme))).toEqual(new Set(['dark']))
    expect(missed.map(({ text, ground }) => `${text} ${ground}`)).toEqual([
      ...['text card', 'text ground', 'quiet card', 'quiet ground'],
    ])
  })
})
