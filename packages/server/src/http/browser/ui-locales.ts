/*
 * `ui_locales` of OpenID Connect (Core, section 3.1.2.1; RP-Initiated Logout, section 2): in which languages an
 * application wants its person spoken to. It goes on to the identity provider, and our own pages heed it.
 */

/** So that it fits into a cookie, and into an address of the provider. */
const tagsMax = 8

/** What is no language tag (RFC 5646, section 2.1) is left out, as nothing of this may fail. Null: none. */
export function parseUiLocales(text: string | null | undefined): string | null {
  const tags = (text ?? '')
    .split(' ')
    .filter((tag) => /^[a-z]{2,8}(?:-[a-z0-9]{1,8}){0,3}$/i.test(tag))
  return tags.length === 0 ? null : tags.slice(0, tagsMax).join(' ')
}

/** Those in the query of an address. */
export function uiLocalesIn(url: string | undefined): string | null {
  const mark = url?.indexOf('?') ?? -1
  if (url === undefined || mark < 0) return null
  return parseUiLocales(new URLSearchParams(url.slice(mark + 1)).get('ui_locales'))
}
