/** Whose pages these are, as `pages` of the configuration says. */
export interface Brand {
  readonly name: string
  /** A `data:` URL of an image; null: Curfew's own mark. */
  readonly logo: string | null
  readonly theme: Theme
}

export interface Theme {
  /** Of the corners. */
  readonly radiusPx: number
  readonly light: GivenColours
  readonly dark: GivenColours
}

/** As `#rrggbb`; null: as it is without a brand. */
export interface GivenColours {
  readonly accent: string | null
  readonly ground: string | null
  readonly card: string | null
  readonly text: string | null
}

const plainColours: GivenColours = { accent: null, ground: null, card: null, text: null }

export const plainBrand: Brand = {
  name: 'Curfew',
  logo: null,
  theme: { radiusPx: 12, light: plainColours, dark: plainColours },
}
