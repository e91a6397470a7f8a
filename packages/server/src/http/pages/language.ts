import { english } from './english.ts'
import { german } from './german.ts'
import type { Texts } from './texts.ts'

/** Every catalogue. */
export const catalogues: readonly [Texts, ...Texts[]] = [english, german]

/** Their BCP 47 tags. */
export const languages: readonly string[] = catalogues.map(({ lang }) => lang)

const rangesMax = 20

/**
 * The words for an Accept-Language header (RFC 9110, section 12.5.4), by lookup (RFC 4647, section 3.4):
 * the person's first wish that is here, `de` also for `de-AT`. Never throws, whatever the header holds.
 * `usualLanguage` is the language for whoever asks for none of them. `uiLocales` (OpenID Connect Core, section
 * 3.1.2.1) are tags by spaces, of which the first that is here comes before the header.
 */
export function textsFor(
  acceptLanguage: string | undefined,
  usualLanguage: string,
  uiLocales = '',
): Texts {
  const tags = uiLocales.toLowerCase().split(' ', rangesMax)
  const chosen = tags.map(lookUp).find((texts) => texts !== undefined)
  if (chosen !== undefined) return chosen
  const usual = lookUp(usualLanguage) ?? catalogues[0]
  for (const { range, quality } of rangesIn(acceptLanguage ?? '')) {
    if (quality === 0) continue
    if (range === '*') return usual
    const found = lookUp(range)
    if (found !== undefined) return found
  }
  return usual
}

function rangesIn(header: string) {
  const ranges = header.split(',', rangesMax).map((part) => {
    const [range = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase())
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    return { range, quality: weight === undefined ? 1 : qualityOf(weight.slice(2)) }
  })
  // Sorting is stable: of two with one weight the first was meant first.
  return ranges.toSorted((a, b) => b.quality - a.quality)
}

function qualityOf(text: string): number {
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 0
}

/** From the end of the range one subtag after another is left out. */
function lookUp(range: string): Texts | undefined {
  for (let rest = range; rest !== ''; rest = rest.slice(0, Math.max(0, rest.lastIndexOf('-')))) {
    const found = catalogues.find(({ lang }) => lang === rest)
    if (found !== undefined) return found
  }
  return undefined
}
