import type { Page } from './document.ts'
import { html } from './html.ts'
import { type Look, plainLook } from './look.ts'

/**
 * What a provider's hidden frame shows after it has ended the session (OpenID Connect Front-Channel Logout
 * 1.0, section 2): nothing. Of all pages only this one may be framed, by whoever the provider is.
 */
export function frontChannelDonePage({ texts }: Look = plainLook): Page {
  const { lang, frontChannelDone } = texts
  const page = html`<!doctype html>
<html lang="${lang}">
<head>
<meta charset="utf-8">
<title>${frontChannelDone.title}</title>
<meta name="robots" content="noindex">
</head>
<body></body>
</html>
`
  return {
    html: page.toString(),
    lang,
    csp: "default-src 'none'; base-uri 'none'; form-action 'none'",
  }
}
