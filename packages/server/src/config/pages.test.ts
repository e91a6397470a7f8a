import { describe, expect, test } from 'vitest'
import { newSecret } from './init.ts'
import { parseConfig } from './load.ts'
import { diffReload } from './reload.ts'

const secret = newSecret()
const svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>'
const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0xff])

function parsed(pages: string, files: Readonly<Record<string, string | Buffer>> = {}) {
  const text = `server: {publicUrl: "https://auth.example.com"}\nsecrets: [${secret}]\npages: ${pages}`
  return parseConfig(text, {
    env: {},
    readFile: (path, as = 'utf8') => {
      const content = files[path]
      if (content !== undefined) return Buffer.from(content).toString(as)
      throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' })
    },
  })
}

function load(pages: string, files: Readonly<Record<string, string | Buffer>> = {}) {
  const result = parsed(pages, files)
  if (result.kind === 'invalid') throw new Error(JSON.stringify(result.mistakes))
  return result.config
}

function mistakeOf(pages: string, files: Readonly<Record<string, string | Buffer>> = {}): string {
  const result = parsed(pages, files)
  if (result.kind === 'loaded') return ''
  return result.mistakes.map(({ path, problem, fix }) => `${path}: ${problem}. ${fix}`).join('\n')
}

describe('pages', () => {
  test('unless given they are Curfew, in English, with no colour of their own', () => {
    const none = { accent: null, ground: null, card: null, text: null }
    expect(load('{}').pages).toEqual({
      name: 'Curfew',
      logo: null,
      theme: { radiusPx: 12, light: none, dark: none },
      defaultLanguage: 'en',
    })
  })

  test('colours are taken in either length, by day and in the dark', () => {
    const theme =
      '{accent: "#ABC", accentDark: "#aabbcd", text: "#000", textDark: "#fff", card: "#eee", cardDark: "#111", ground: "#ddd", groundDark: "#222", radius: 4px}'
    const { pages } = load(`{name: Moon, theme: ${theme}, defaultLanguage: de}`)
    expect(pages).toMatchObject({ name: 'Moon', defaultLanguage: 'de' })
    expect(pages.theme).toEqual({
      radiusPx: 4,
      light: { accent: '#aabbcc', ground: '#dddddd', card: '#eeeeee', text: '#000000' },
      dark: { accent: '#aabbcd', ground: '#222222', card: '#111111', text: '#ffffff' },
    })
  })

  test.each([
    ['{theme: {accent: red}}', 'pages.theme.accent: "red" is not a colour such as #3545a3'],
    ['{theme: {accent: "#12345g"}}', 'pages.theme.accent'],
    ['{theme: {textDark: "#fff;}"}}', 'pages.theme.textDark'],
    ['{theme: {radius: 40px}}', 'pages.theme.radius'],
    ['{theme: {radius: 1em}}', 'pages.theme.radius'],
    ['{theme: {acent: "#fff"}}', 'Did you mean accent?'],
    ['{name: ""}', 'pages.name'],
    ['{defaultLanguage: fr}', 'pages.defaultLanguage: "fr" is not one of en, de'],
  ])('%s is refused', (pages, says) => {
    expect(mistakeOf(pages)).toContain(says)
  })

  test('a reload takes them over', () => {
    const diff = diffReload(load('{}'), load('{name: Moon}'))
    expect([diff.applied, diff.needsRestart]).toEqual([['pages'], []])
    expect(diff.config.pages.name).toBe('Moon')
  })
})

describe('the logo', () => {
  test.each([
    ['a PNG', png, 'image/png'],
    ['an SVG', svg, 'image/svg+xml'],
    [
      'an SVG with a head',
      `\uFEFF<?xml version="1.0"?>\n<!-- a - b -->\n<!DOCTYPE svg PUBLIC "a" "b">\n${svg}`,
      'image/svg+xml',
    ],
  ])('%s becomes a part of the page', (_what, content, type) => {
    const { logo } = load('{logo: ./logo}', { './logo': content }).pages
    expect(logo).toBe(`data:${type};base64,${Buffer.from(content).toString('base64')}`)
  })

  test.each([
    ['missing', {}, /^pages\.logo: the file \.\/logo cannot be read \(ENOENT\)\. Create it/],
    ['of another kind', { './logo': 'GIF89a' }, /^pages\.logo: .* is neither a PNG nor an SVG/],
    ['a page', { './logo': `<html><body>${svg}` }, /neither a PNG nor an SVG/],
    [
      'an SVG that no browser shows',
      { './logo': '<svg viewBox="0 0 1 1"/>' },
      /root is <svg xmlns/,
    ],
    ['empty', { './logo': '' }, /neither a PNG nor an SVG/],
    ['too large', { './logo': svg + ' '.repeat(65_536) }, /^pages\.logo: it has 65595 bytes, more/],
  ])('one that is %s is a mistake, with the path of the setting', (_what, files, says) => {
    expect(mistakeOf('{logo: ./logo}', files)).toMatch(says)
  })

  test('it is named beside the other mistakes', () => {
    const said = mistakeOf('{logo: ./logo, defaultLanguage: fr}')
    for (const path of ['pages.logo: ', 'pages.defaultLanguage: ']) expect(said).toContain(path)
  })

  test('much that looks like a head is looked through at once', () => {
    expect(mistakeOf('{logo: ./logo}', { './logo': '<!--'.repeat(16_000) })).toMatch(/neither/)
    expect(mistakeOf('{logo: ./logo}', { './logo': ' \n'.repeat(32_000) })).toMatch(/neither/)
  })
})
