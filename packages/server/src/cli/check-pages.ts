import type { Config } from '#config'
import { type Illegible, illegibleIn, leastContrast } from '#http'

/** A line for each colour of the theme that people with weak eyes cannot read. */
export function pageWarnings({ pages }: Config): readonly string[] {
  return illegibleIn(pages.theme).map(warningOf)
}

function warningOf({ scheme, text, ground, ratio }: Illegible): string {
  const one = text === 'quiet' ? 'the quieter text' : text
  const contrast = `${ratio.toFixed(1)}:1, where WCAG AA asks for ${leastContrast}:1`
  return `pages.theme: ${one} on ${ground} has a contrast of ${contrast} (${scheme})`
}
