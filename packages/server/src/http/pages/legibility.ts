import type { Theme } from './brand.ts'
import { contrast } from './contrast.ts'
import { type Palette, palettesOf } from './palette.ts'

/** One colour that is hard to read on another. */
export interface Illegible {
  readonly scheme: 'light' | 'dark'
  readonly text: string
  readonly ground: string
  /** Rounded down: what is missed is not shown as met. */
  readonly ratio: number
}

/** WCAG 2.2, success criterion 1.4.3 (AA), for text of the size that these pages have. */
export const leastContrast = 4.5

/** What is written on the accent is chosen for it. */
type Pair = readonly [text: keyof Palette, ground: keyof Palette]

const pairs: readonly Pair[] = [
  ['text', 'card'],
  ['text', 'ground'],
  ['quiet', 'card'],
  ['quiet', 'ground'],
  ['accent', 'card'],
]

/** Where a theme misses what people with weak eyes need. */
export function illegibleIn(theme: Theme): readonly Illegible[] {
  const { light, dark } = palettesOf(theme)
  return [...missedBy('light', light), ...missedBy('dark', dark)]
}

function missedBy(scheme: Illegible['scheme'], palette: Palette): readonly Illegible[] {
  return pairs.flatMap(([text, ground]) => {
    const ratio = contrast(palette[text], palette[ground])
    if (ratio >= leastContrast) return []
    return [{ scheme, text, ground, ratio: Math.floor(ratio * 10) / 10 }]
  })
}
