import { type Html, html } from './html.ts'
import { icon, mark } from './mark.ts'
import { sheet, styleSource } from './style.ts'

export interface Page {
  readonly html: string
  /** Value of Content-Security-Policy. */
  readonly csp: string
}

export interface PageParts {
  readonly lang: string
  /** The page's one heading, and the first words of its title. */
  readonly title: string
  readonly content: Html
  readonly foot?: Html | null
  /** Whether the content has a form. */
  readonly form?: boolean
}

export function pageOf(parts: PageParts): Page {
  const { lang, title, content, foot = null, form = false } = parts
  const page = html`<!doctype html>
<html lang="${lang}">
<head>
<meta charset="utf-8">
<title>${title} · Curfew</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<meta name="format-detection" content="telephone=no">
${form ? sameOriginReferrer : null}
<link rel="icon" href="${icon}">
<style>${sheet}</style>
</head>
<body>
<header>${mark}<span>Curfew</span></header>
<main>
<h1>${title}</h1>
${content}
</main>
${foot === null ? null : html`<footer>${foot}</footer>`}
</body>
</html>
`
  return { html: page.toString(), csp: policy(form) }
}

/**
 * Under `Referrer-Policy: no-referrer` browsers send `Origin: null` with a form (Fetch, section 3.1), and
 * the form would be refused as foreign (rule 29).
 */
const sameOriginReferrer = html`<meta name="referrer" content="same-origin">`

/**
 * Browsers apply form-action to the redirects after a form as well (w3c/webappsec-csp, issue 8), and
 * sign-out leads on to the identity provider and to applications, whose origins are not known here.
 */
function policy(form: boolean): string {
  return [
    "default-src 'none'",
    `style-src ${styleSource()}`,
    'img-src data:',
    "base-uri 'none'",
    "frame-ancestors 'none'",
    form ? "form-action 'self' https: http:" : "form-action 'none'",
  ].join('; ')
}
