/*
 * The only way in which text becomes HTML (attack classes C10 and C13). Whatever stands between `${` and
 * `}` is escaped, unless this template has written it; there is no way around it, not even for constants.
 * Values may stand in text and in quoted attributes, never in a tag's name, a style or a script.
 */

class Html {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }
}

// The type alone: who has the class can make markup of anything.
export type { Html }

type Value = string | number | Html | readonly Html[] | null

/** Null stands for nothing, a list for its members one after another. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(String.raw({ raw: strings }, ...values.map(written)))
}

function written(value: Value): string {
  if (value === null) return ''
  if (value instanceof Html) return value.toString()
  return Array.isArray(value) ? value.map(written).join('') : escaped(String(value))
}

function escaped(text: string): string {
  return text
    .toWellFormed()
    .replace(unsayable, '\ufffd')
    .replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** What a parser changes or drops, and what turns the text after it round: one sees that it was there. */
const unsayable =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g
