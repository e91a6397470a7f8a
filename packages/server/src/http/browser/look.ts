import type { IncomingHttpHeaders } from 'node:http'
import { type Look, plainBrand, textsFor } from '../pages/index.ts'

/** How a page for this person looks and speaks. */
export function lookOf({ headers }: { readonly headers: IncomingHttpHeaders }): Look {
  return { texts: textsFor(headers['accept-language']), brand: plainBrand }
}
