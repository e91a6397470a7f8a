import type { IncomingHttpHeaders } from 'node:http'
import { type Brand, type Look, textsFor } from '../pages/index.ts'
import { uiLocalesIn } from './ui-locales.ts'

/** `pages` of the configuration. */
export interface PageSettings extends Brand {
  /** For whoever asks for no language that is here. */
  readonly defaultLanguage: string
}

interface Looking {
  readonly settings: { readonly pages: () => PageSettings }
}

/**
 * How a page for this person looks and speaks, by the configuration in force. `uiLocales` came in another way
 * than in the query of the address.
 */
export function lookOf(
  { settings }: Looking,
  { headers, url }: { readonly headers: IncomingHttpHeaders; readonly url?: string },
  uiLocales: string | null = uiLocalesIn(url),
): Look {
  const brand = settings.pages()
  const accepted = headers['accept-language']
  return { texts: textsFor(accepted, brand.defaultLanguage, uiLocales ?? undefined), brand }
}
