import fc from 'fast-check'
import { expect, test } from 'vitest'
import { catalogues, textsFor } from './language.ts'

test.each([
  [undefined, 'en'],
  ['', 'en'],
  ['de', 'de'],
  ['de-AT', 'de'],
  ['DE-de;q=0.9', 'de'],
  ['fr, de;q=0.7, en;q=0.3', 'de'],
  ['en;q=0.5, de;q=0.8', 'de'],
  ['en-US,en;q=0.9,de;q=0.8', 'en'],
  ['de;q=0, en', 'en'],
  ['fr, *;q=0.5', 'en'],
  ['den', 'en'],
  ['de;q=2, en;q=0.1', 'en'],
] as const)('%s is answered in %s', (header, lang) => {
  expect(textsFor(header, 'en').lang).toBe(lang)
})

test('whatever stands in the header, there is a language', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (header) => {
      expect(catalogues).toContain(textsFor(header, 'en'))
    }),
  )
})

test('numbers and times are in the words of the language', () => {
  const [english, german] = [textsFor('en', 'en'), textsFor('de', 'en')]
  expect([0, 90_000, 86_400_000, 260_000_000].map(english.times.ago)).toEqual([
    ...['just now', '1 minute ago', '1 day ago', '3 days ago'],
  ])
  expect([0, 90_000, 86_400_000, 260_000_000].map(german.times.ago)).toEqual([
    ...['gerade eben', 'vor 1 Minute', 'vor 1 Tag', 'vor 3 Tagen'],
  ])
  expect(english.times.at(0)).toBe('1 Jan 1970, 00:00 UTC')
  expect(german.times.at(0)).toBe('01.01.1970, 00:00 UTC')
  expect([0, 1, 2].map(german.account.endedOthers)).toEqual([
    'Es war kein anderes Gerät angemeldet.',
    'Ein anderes Gerät ist abgemeldet.',
    '2 andere Geräte sind abgemeldet.',
  ])
})

test.each([
  [undefined, 'de'],
  ['fr, *;q=0.5', 'de'],
  ['en', 'en'],
])('who asks with %j has the usual language, unless it is here', (header, lang) => {
  expect(textsFor(header, 'de').lang).toBe(lang)
})

test.each([
  ['de-AT fr', 'en', 'de'],
  ['fr en de', 'de', 'en'],
  ['fr', 'de', 'de'],
  ['', 'de', 'de'],
  ['*', 'de', 'de'],
])(
  'an application asks with ui_locales %j and comes before the header %j',
  (asked, header, lang) => {
    expect(textsFor(header, 'en', asked).lang).toBe(lang)
  },
)
