/** Whose pages these are, as `pages` of the configuration says. */
export interface Brand {
  readonly name: string
  /** A `data:` URL of an image; null: Curfew's own mark. */
  readonly logo: string | null
  /** Null: as the stylesheet has it. */
  readonly light: Palette
  readonly dark: Palette
}

/** Colours as `#rrggbb`. The names are those of the stylesheet's variables. */
export interface Palette {
  readonly accent: string | null
  readonly ground: string | null
  readonly card: string | null
  readonly text: string | null
}

export const plainPalette: Palette = { accent: null, ground: null, card: null, text: null }

export const plainBrand: Brand = {
  name: 'Curfew',
  logo: null,
  light: plainPalette,
  dark: plainPalette,
}
