import type { PagesConfig } from './config.ts'
import type { RawConfig } from './schema.ts'

/** `logo` is the image that was read. */
export function normalisePages(raw: RawConfig['pages'], logo: string | null): PagesConfig {
  const { name, theme, defaultLanguage } = raw
  const { accent, ground, card, text } = theme
  const { accentDark, groundDark, cardDark, textDark } = theme
  const dark = { accent: accentDark, ground: groundDark, card: cardDark, text: textDark }
  return {
    name,
    logo,
    theme: {
      radiusPx: Number.parseInt(theme.radius, 10),
      light: coloursOf({ accent, ground, card, text }),
      dark: coloursOf(dark),
    },
    defaultLanguage,
  }
}

type Colours = PagesConfig['theme']['light']

function coloursOf({ accent, ground, card, text }: Colours): Colours {
  return { accent: hex(accent), ground: hex(ground), card: hex(card), text: hex(text) }
}

/** `#ABC` is `#aabbcc`. */
function hex(colour: string | null): string | null {
  if (colour === null) return null
  const digits = colour.slice(1).toLowerCase()
  return `#${digits.length === 3 ? digits.replace(/./g, '$&$&') : digits}`
}
