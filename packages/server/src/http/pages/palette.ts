import type { GivenColours, Theme } from './brand.ts'
import { inkOn } from './contrast.ts'

/** Every colour of the stylesheet, as `#rrggbb`, under the name of its variable. */
export interface Palette {
  /** Behind the card, and of fields in it. */
  readonly ground: string
  readonly card: string
  readonly text: string
  readonly quiet: string
  /** Between things; nobody has to see it. */
  readonly line: string
  /** Of buttons and fields. */
  readonly edge: string
  readonly accent: string
  readonly accentOver: string
  readonly onAccent: string
  readonly focus: string
}

const day: Palette = {
  ground: '#eceef6',
  card: '#ffffff',
  text: '#1a2040',
  quiet: '#565e7d',
  line: '#d5daea',
  edge: '#858db0',
  accent: '#3545a3',
  accentOver: '#28368a',
  onAccent: '#ffffff',
  focus: '#b8630a',
}

const night: Palette = {
  ground: '#0d1122',
  card: '#171c33',
  text: '#eceefa',
  quiet: '#a4acca',
  line: '#323a5c',
  edge: '#6b75a3',
  accent: '#aab5ff',
  accentOver: '#c6ceff',
  onAccent: '#12183a',
  focus: '#f6c85f',
}

export function palettesOf({ light, dark }: Theme): {
  readonly light: Palette
  readonly dark: Palette
} {
  return { light: over(day, light), dark: over(night, dark) }
}

/** What follows from a colour that is given is mixed of it: a brand need not name every shade. */
function over(base: Palette, { accent, ground, card, text }: GivenColours): Palette {
  const given = { ground: ground ?? base.ground, card: card ?? base.card, text: text ?? base.text }
  return {
    ...base,
    ...given,
    ...(card === null && text === null ? {} : shadesOf(given)),
    ...(accent === null ? {} : accentOf(accent)),
  }
}

function shadesOf({ card, text }: Pick<Palette, 'card' | 'text'>) {
  return { quiet: mix(text, card, 0.75), line: mix(text, card, 0.18), edge: mix(text, card, 0.5) }
}

/** Under the pointer away from what is written on it, which so stays as legible as it was. */
function accentOf(accent: string) {
  const onAccent = inkOn(accent)
  const accentOver = mix(accent, onAccent === '#ffffff' ? '#000000' : '#ffffff', 0.8)
  return { accent, accentOver, onAccent }
}

/** `share` of the one, the rest of the other, channel by channel as CSS does in sRGB. */
function mix(one: string, other: string, share: number): string {
  const channels = [1, 3, 5].map((at) => {
    const [a, b] = [one, other].map((colour) => Number.parseInt(colour.slice(at, at + 2), 16))
    return Math.round((a ?? 0) * share + (b ?? 0) * (1 - share))
  })
  return `#${channels.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`
}
