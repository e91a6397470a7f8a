import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sid } from '#test/gateway/requests.ts'
import {
  noValues,
  parseTemplate,
  render,
  TemplateSyntaxError,
  type TemplateValues,
} from './templates.ts'

const values: TemplateValues = {
  ...noValues,
  uid: 'main:ann',
  sid,
  device: 'web',
  roles: ['pilot', 'ops'],
  claims: {
    email: 'ann@example.com',
    age: 42,
    staff: true,
    empty: '',
    nothing: null,
    groups: ['a', 'b,admin', 'c'],
    name: 'Zoë 😀',
    evil: 'x\r\nX-Admin: 1',
    long: 'x'.repeat(5000),
    address: { city: 'Wien' },
    'https://example.com/roles': ['x'],
  },
  accessToken: 'a.b.c',
  providerAccessToken: 'provider-at',
  providerIdToken: 'provider-idt',
  cookies: 'a=1; b=\u00e4',
}

function said(template: string, parts: Partial<TemplateValues> = {}): string {
  return render(parseTemplate(template), { ...values, ...parts }).bytes
}

describe('names', () => {
  test.each([
    ['{{ uid }}', 'main:ann'],
    ['{{uid}}', 'main:ann'],
    ['{{ device }}', 'web'],
    ['{{ roles }}', 'pilot,ops'],
    ['{{ claims.email }}', 'ann@example.com'],
    ['{{ claims.age }}', '42'],
    ['{{ claims.staff }}', 'true'],
    ['{{ claims.address.city }}', 'Wien'],
    ['{{ claims.https://example.com/roles }}', 'x'],
    ['Bearer {{ accessToken }}', 'Bearer a.b.c'],
    ['{{ provider.accessToken }} {{ provider.idToken }}', 'provider-at provider-idt'],
    ['plain', 'plain'],
    ['', ''],
    ['{ {{ uid }} }', '{ main:ann }'],
  ])('scenario H05: %s is %j', (template, text) => {
    expect(said(template)).toBe(text)
  })
})

describe('filters', () => {
  test.each([
    ['{{ claims.none | default("nobody") }}', 'nobody'],
    ["{{ claims.none | default('a | b }} c') }}", 'a | b }} c'],
    ['{{ claims.none | default: nobody }}', 'nobody'],
    ['{{ claims.empty | default("x") }}', 'x'],
    ['{{ uid | default("x") }}', 'main:ann'],
    ['{{ roles | json }}', '["pilot","ops"]'],
    ['{{ claims.address | json }}', '{"city":"Wien"}'],
    ['{{ claims.name | json }}', '"Zo\\u00eb \\ud83d\\ude00"'],
    ['{{ roles | join(" ") }}', 'pilot ops'],
    ['{{ roles | join: ";" }}', 'pilot;ops'],
    ['{{ roles | join }}', 'pilot,ops'],
    ["{{ roles | join ' | ' }}", 'pilot | ops'],
    ['{{ claims.none | default "x" | json }}', '"x"'],
    ['{{ claims.email | urlencode }}', 'ann%40example.com'],
    ['{{ claims.evil | urlencode }}', 'x%0D%0AX-Admin%3A%201'],
    ['{{ claims.none | json | default("{}") }}', '{}'],
  ])('%s is %j', (template, text) => {
    expect(said(template)).toBe(text)
  })
})

describe('rule 25 every header, always: what cannot be said is empty as a whole', () => {
  test.each([
    'claims.none',
    'claims.nothing',
    'claims.empty',
    'claims.toString',
    'claims.__proto__',
  ])('scenario H04: a missing %s empties the whole template, and is not counted', (name) => {
    const template = parseTemplate(`user={{ uid }} {{ ${name} }}`)
    expect(render(template, values)).toEqual({ bytes: '', dropped: false })
  })

  test.each(['claims.evil', 'claims.long', 'claims.address'])(
    'scenario H06: {{ %s }} is counted',
    (name) => {
      const template = parseTemplate(`x{{ ${name} }}`)
      expect(render(template, values)).toEqual({ bytes: '', dropped: true })
    },
  )

  test.each(['\u0000', '\t', '\n', '\u007f', '\u0085', '\u2028', '\u202e', '\u2066', '\ud800'])(
    'a value with %j is not sent',
    (character) => {
      expect(said('{{ uid }}', { uid: `a${character}b` })).toBe('')
    },
  )

  test('values over 4 KB together are not sent either', () => {
    expect(said('{{ uid }}{{ device }}', { uid: 'x'.repeat(4000), device: 'y'.repeat(200) })).toBe(
      '',
    )
    expect(said('{{ uid }}', { uid: 'x'.repeat(4096) })).toHaveLength(4096)
  })
})

test('scenario H07: a group whose name holds the separator is left out and counted, never read as two', () => {
  expect(render(parseTemplate('{{ claims.groups }}'), values)).toEqual({
    bytes: 'a,c',
    dropped: true,
  })
  expect(said('{{ claims.groups | join(";") }}')).toBe('a;b,admin;c')
  expect(said('{{ claims.groups | json }}')).toBe('["a","b,admin","c"]')
})

test('scenario P13: text beyond ASCII is sent as UTF-8', () => {
  expect(Buffer.from(said('{{ claims.name }}'), 'latin1').toString('utf8')).toBe('Zoë 😀')
})

test('scenario H03: cookies pass byte for byte, whatever their length', () => {
  const cookies = `a=${'x'.repeat(6000)}; b=\u00e4\u00ff`
  expect(said('{{ cookies }}', { cookies })).toBe(cookies)
})

describe('scenario H08: a mistake in a template is found when it is read, with its place', () => {
  test.each([
    ['a {{ uid', 2],
    ['{{ }}', 3],
    ['{{ nobody }}', 3],
    ['{{ claims. }}', 3],
    ['{{ uid | upper }}', 9],
    ['{{ uid | }}', 9],
    ['{{ uid uid }}', 7],
    ['{{ uid | default("x }}', 17],
    ['{{ uid | default("x" }}', 16],
    ['{{ uid | json("x") }}', 9],
    ['{{ uid | default "x }}', 17],
    ['uid }}', 4],
    ['a\nb', 1],
  ])('%j at %i', (template, position) => {
    let mistake: unknown
    try {
      parseTemplate(template)
    } catch (error) {
      mistake = error
    }
    expect(mistake).toBeInstanceOf(TemplateSyntaxError)
    expect(mistake).toMatchObject({ position })
  })
})

test('C10: no value injects a header, scenario H06: what is sent has neither line breaks nor other controls', () => {
  const text = fc.string({
    unit: fc.constantFrom(...'a,;"\\é😀', '\r', '\n', '\u0000', '\u0085', '\ud800'),
  })
  const filter = fc.constantFrom('', '| json', '| urlencode', '| join(" ")', '| default("x")')
  fc.assert(
    fc.property(text, fc.array(text), filter, (uid, roles, applied) => {
      for (const name of ['uid', 'roles', 'claims.c', 'cookies']) {
        const template = parseTemplate(`<{{ ${name} ${applied} }}>`)
        const { bytes } = render(template, {
          ...values,
          uid,
          roles,
          claims: { c: { uid } },
          cookies: uid,
        })
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
        expect(/[\u0000-\u001f\u007f]/.test(bytes)).toBe(false)
      }
    }),
  )
})
