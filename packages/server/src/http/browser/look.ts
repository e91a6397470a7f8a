import type { IncomingHttpHeaders } from 'node:http'
import { type Brand, type Look, textsFor } from '../pages/index.ts'

/** `pages` of the configuration. */
export interface PageSettings extends Brand {
  /** For whoever asks for no language that is here. */
  readonly defaultLanguage: string
}

interface Looking {
  readonly settings: { readonly pages: () => PageSettings }
}

/** How a page for this person looks and speaks, by the configuration in force. */
export function lookOf(
  { settings }: Looking,
  { headers }: { readonly headers: IncomingHttpHeaders },
): Look {
  const brand = settings.pages()
  return { texts: textsFor(headers['accept-language'], brand.defaultLanguage), brand }
}
