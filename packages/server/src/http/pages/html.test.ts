import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hostileText } from '#test/http/hostile-text.ts'
import { type Html, html } from './html.ts'

const textOf = (content: Html) => content.toString()

describe('C10 and C13: text becomes HTML in one way', () => {
  test.each([
    ['<script>alert(1)</script>', '&#60;script&#62;alert(1)&#60;/script&#62;'],
    ['</style><b>', '&#60;/style&#62;&#60;b&#62;'],
    [`"'\``, '&#34;&#39;&#96;'],
    ['&amp; &#60;', '&#38;amp; &#38;#60;'],
    ['größer ﷺ 🌙', 'größer ﷺ 🌙'],
    ['two\n\tlines', 'two\n\tlines'],
  ])('%j is written as text', (value, written) => {
    expect(textOf(html`<p>${value}</p>`)).toBe(`<p>${written}</p>`)
  })

  test.each([
    ...['\u0000', '\u0007', '\u000b', '\r', '\u001b', '\u007f', '\u0085', '\u009f'],
    ...['\u202a', '\u202e', '\u2066', '\u2069', '\ud800', '\udfff'],
  ])('%j is seen to have been there', (character) => {
    expect(textOf(html`${`a${character}b`}`)).toBe('a\ufffdb')
  })

  test('whatever the text is, it opens no tag and closes no attribute', () => {
    fc.assert(
      fc.property(hostileText(), (text) => {
        const [, inside] = /^<i title="([^"]*)">$/.exec(textOf(html`<i title="${text}">`)) ?? []
        expect(inside).toBeDefined()
        expect(inside).not.toMatch(/[<>"'`]|&(?!#\d+;)/)
      }),
    )
  })
})

test('what the template has written is not escaped again', () => {
  const name = html`<b>${'R&D'}</b>`
  expect(textOf(html`<p>${name}</p>`)).toBe('<p><b>R&#38;D</b></p>')
})

test('a list is its members one after another, and null is nothing', () => {
  expect(textOf(html`<ul>${[html`<li>${1}</li>`, html`<li>${2}</li>`]}${null}</ul>`)).toBe(
    '<ul><li>1</li><li>2</li></ul>',
  )
})

test('what only looks like HTML is text', () => {
  const alike = { toString: () => '<script>' } as unknown as Html
  expect(textOf(html`${alike}`)).toBe('&#60;script&#62;')
  expect(textOf(html`${['<b>'] as unknown as readonly Html[]}`)).toBe('&#60;b&#62;')
})
