import { type Page, pageOf } from './document.ts'
import { foreign } from './foreign.ts'
import { html } from './html.ts'
import { type Look, plainLook } from './look.ts'

/**
 * The click before an application on the person's own device is told (rule 33): where a page of the web
 * began the sign-in unasked, nobody goes on.
 *
 * @throws TypeError for an address that only a script could mean: a mistake of the caller
 */
export function continuePage(
  input: {
    readonly clientId: string
    /** The application's registered address with the answer in it. */
    readonly url: string
    readonly redirectUri: string
    readonly outcome: 'done' | 'failed' | 'signedOut'
  },
  look: Look = plainLook,
): Page {
  const { goOn } = look.texts
  const { clientId, url, redirectUri, outcome } = input
  if (!isApplication(redirectUri) || !url.startsWith(redirectUri)) {
    throw new TypeError('the address is none of an application')
  }
  const said = goOn[outcome]
  const where = foreign(/^http:\/\/[^/?]*|^[^?]*/.exec(redirectUri)?.[0] ?? redirectUri)
  const content = html`<p>${said.text(foreign(clientId))}</p>
<p class="quiet">${goOn.stranger(where)}</p>
<div class="actions"><a class="button first" href="${url}">${said.button}</a></div>`
  return pageOf(look, { title: said.title, content })
}

/** http, or a scheme of its own, which has a dot in it (RFC 8252, section 7.1): never `javascript:` or `data:`. */
function isApplication(uri: string): boolean {
  return /^(?:http:\/\/|[a-z][a-z0-9+-]*\.[a-z0-9+.-]*:)/i.test(uri)
}
