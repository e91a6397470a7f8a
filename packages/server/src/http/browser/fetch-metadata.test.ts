import { describe, expect, test } from 'vitest'
import { isNoVisit, isOwnNavigation, isSameOrigin } from './fetch-metadata.ts'

const typed = {
  ...{ 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
}

describe('rule 29 CSRF: who may sign a person out by opening an address', () => {
  test('the person, and a page of ours', () => {
    expect(isOwnNavigation(typed)).toBe(true)
    expect(isOwnNavigation({ ...typed, 'sec-fetch-site': 'same-origin' })).toBe(true)
  })

  test.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['another host of the same site', { 'sec-fetch-site': 'same-site' }],
    ['an image', { 'sec-fetch-dest': 'image' }],
    ['a frame', { 'sec-fetch-dest': 'iframe' }],
    ['a script', { 'sec-fetch-mode': 'cors' }],
    ['a prefetch', { 'sec-purpose': 'prefetch' }],
    ['a prefetch in older words', { purpose: 'prefetch' }],
    ['a client that says nothing', { 'sec-fetch-site': undefined }],
  ])('never %s', (_who, headers) => {
    expect(isOwnNavigation({ ...typed, ...headers })).toBe(false)
  })
})

describe('rule 37 limits: what counts as a visit', () => {
  test.each([
    ['a page that a person opens', typed],
    ['a link of another site', { ...typed, 'sec-fetch-site': 'cross-site' }],
    ['a client that says nothing', {}],
    ['a program that is no browser', { 'sec-fetch-mode': 'cors' }],
  ])('%s', (_what, headers) => {
    expect(isNoVisit(headers)).toBe(false)
  })

  test.each([
    ['an image', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
    ['a frame', { 'sec-fetch-dest': 'iframe' }],
    ['a script', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['a prefetch', { 'sec-purpose': 'prefetch;prerender' }],
  ])('not %s', (_what, headers) => {
    expect(isNoVisit({ ...typed, ...headers })).toBe(true)
  })
})

describe('rule 29 CSRF: an unsafe request with a cookie', () => {
  const own = 'https://auth.example.com'

  test('comes from our own origin, by either header', () => {
    expect(isSameOrigin({ origin: own }, own)).toBe(true)
    expect(isSameOrigin({ origin: 'null', 'sec-fetch-site': 'same-origin' }, own)).toBe(true)
  })

  test.each([
    ['nothing', {}],
    ['another origin', { origin: 'https://evil.example' }],
    ['one that begins alike', { origin: `${own}.evil.example` }],
    ['another port', { origin: `${own}:8443` }],
    ['no origin', { origin: 'null' }],
    ['another host of the site', { 'sec-fetch-site': 'same-site' }],
  ])('not from %s', (_from, headers) => {
    expect(isSameOrigin(headers, own)).toBe(false)
  })
})
