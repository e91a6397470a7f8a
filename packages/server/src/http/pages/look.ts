import { type Brand, plainBrand } from './brand.ts'
import { english } from './english.ts'
import type { Texts } from './texts.ts'

/** How a page looks and speaks: whose it is, and in which language. */
export interface Look {
  readonly texts: Texts
  readonly brand: Brand
}

export const plainLook: Look = { texts: english, brand: plainBrand }
