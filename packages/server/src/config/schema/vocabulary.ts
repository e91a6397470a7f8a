import { type TProperties, type TSchema, Type } from 'typebox'

/**
 * What a schema tells a person beyond JSON Schema. `expects` completes "is not …"; `secret` keeps the
 * value out of messages; `sample` stands in for a missing or wrong value, so that the rules
 * between settings can still be checked and every mistake is reported at once.
 */
export interface Notes {
  readonly description: string
  readonly default?: unknown
  readonly expects?: string
  readonly secret?: boolean
  readonly sample?: unknown
}

const seconds = '[1-9][0-9]{0,8}(?:s|m)|[1-9][0-9]{0,5}(?:h|d)'
const ratePattern = '^[1-9][0-9]{0,6}/(?:s|m|h)$'

/** An object that refuses keys it doesn't know. Only keys without default are required in the file. */
export function section<T extends TProperties>(properties: T, notes: Notes) {
  return Type.Object(properties, { ...notes, additionalProperties: false })
}

/** Whole seconds, never zero: what ends up in a token or a header. */
export function secondsDuration(notes: Notes) {
  return durationOf(`^(?:${seconds})$`, '5m', notes)
}

/** Never zero, down to milliseconds. */
export function duration(notes: Notes) {
  return durationOf(`^(?:[1-9][0-9]{0,8}ms|${seconds})$`, '5m', notes)
}

/** As `duration`, or 0 with or without a unit. */
export function durationOrZero(notes: Notes) {
  const { description } = notes
  const text = durationOf(`^(?:0(?:ms|s|m|h|d)?|[1-9][0-9]{0,8}ms|${seconds})$`, '0s', {
    description,
  })
  return Type.Union([text, Type.Literal(0)], {
    expects: 'a duration such as 90s, 5m or 30d, or 0',
    sample: '0s',
    ...notes,
  })
}

function durationOf(pattern: string, sample: string, notes: Notes) {
  const expects = 'a duration such as 90s, 5m or 30d'
  return Type.String({ pattern, expects, sample, ...notes })
}

export function text(notes: Notes) {
  return Type.String({ minLength: 1, expects: 'a text', sample: 'text', ...notes })
}

export function secretText(notes: Notes) {
  return text({ expects: 'a text that is not empty', ...notes, secret: true })
}

export function pattern(source: string, notes: Notes & { expects: string }) {
  return Type.String({ pattern: source, ...notes })
}

/** Any URL; the rules say which schemes and parts a setting allows. */
export function url(notes: Notes) {
  const expects = 'a URL such as https://host.example.com'
  return Type.String({ minLength: 1, expects, sample: 'https://sample.invalid', ...notes })
}

export function flag(notes: Notes) {
  return Type.Boolean({ expects: 'true or false', sample: false, ...notes })
}

export function count(notes: Notes & { minimum?: number; maximum?: number }) {
  return Type.Integer({ minimum: 1, expects: 'a whole number', sample: 1, ...notes })
}

export function oneOf<const T extends readonly string[]>(values: T, notes: Notes) {
  const expects = `one of ${values.join(', ')}`
  return Type.Unsafe<T[number]>(
    Type.String({ enum: [...values], expects, sample: values[0], ...notes }),
  )
}

/** Empty unless given; one with `minItems` has only the default that its notes name. */
export function list<T extends TSchema>(items: T, notes: Notes & { minItems?: number }) {
  const unlessGiven = notes.minItems === undefined ? { default: [] } : {}
  return Type.Array(items, { ...unlessGiven, ...notes })
}

/** One text or a list of them, as people write scopes and audiences. */
export function textOrList(notes: Notes) {
  const item = text({ description: 'One of them.' })
  return Type.Union([item, Type.Array(item, { minItems: 1 })], {
    expects: 'a text or a list of texts',
    sample: 'text',
    ...notes,
  })
}

/** A setting that may be left out; `default: null` says so in the reference. */
export function nullable<T extends TSchema>(inner: T, notes: Notes) {
  return Type.Union([inner, Type.Null()], { default: null, sample: null, ...notes })
}

/** Keys of the person's own choosing, all of one shape. */
export function mapOf<T extends TSchema>(
  keys: string,
  value: T,
  notes: Notes & { keyExpects: string },
) {
  return Type.Record(Type.String({ pattern: keys }), value, { ...notes })
}

export const roleName = pattern('^[^\\s,]{1,128}$', {
  description: 'A role.',
  expects: 'a role name (no spaces, no commas)',
  sample: 'role',
})

export const rate = Type.Union(
  [
    Type.Literal('off'),
    section(
      {
        rate: pattern(ratePattern, {
          description: 'How many are allowed in the long run, per second, minute or hour.',
          expects: 'a rate such as 10/s, 600/m or 20/h',
          sample: '1/s',
        }),
        burst: nullable(count({ description: 'A whole number.', maximum: 10_000_000 }), {
          description: 'How many may come at once; the number in `rate` unless given.',
        }),
      },
      { description: 'A token bucket.' },
    ),
  ],
  { expects: 'off or {rate: 600/m, burst: 100}', sample: 'off' },
)
