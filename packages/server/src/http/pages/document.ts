import { type Html, html } from './html.ts'
import type { Look } from './look.ts'
import { icon, mark } from './mark.ts'
import { styleOf } from './style.ts'

export interface Page {
  readonly html: string
  /** BCP 47, for Content-Language. */
  readonly lang: string
  /** Value of Content-Security-Policy. */
  readonly csp: string
}

export interface PageParts {
  /** The page's one heading, and the first words of its title. */
  readonly title: string
  readonly content: Html
  readonly foot?: Html | null
  /** Whether the content has a form. */
  readonly form?: boolean
  /** Whether it has much to show: a list instead of one question. */
  readonly wide?: boolean
}

export function pageOf({ texts: { lang }, brand }: Look, parts: PageParts): Page {
  const { title, content, foot = null, form = false, wide = false } = parts
  const style = styleOf(brand)
  const page = html`<!doctype html>
<html lang="${lang}">
<head>
<meta charset="utf-8">
<title>${title} · ${brand.name}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<meta name="format-detection" content="telephone=no">
${form ? sameOriginReferrer : null}
<link rel="icon" href="${brand.logo ?? icon}">
<style>${style.sheet}</style>
</head>
<body${wide ? wideBody : null}>
<header>${logoOf(brand)}<span>${brand.name}</span></header>
<main>
<h1>${title}</h1>
${content}
</main>
${foot === null ? null : html`<footer>${foot}</footer>`}
</body>
</html>
`
  return { html: page.toString(), lang, csp: policy(style.source, form) }
}

const wideBody = html` class="wide"`

/** As an image no script of an SVG runs (SVG Integration, section 3). The name stands beside it. */
function logoOf({ logo }: Look['brand']): Html {
  return logo === null ? mark : html`<img src="${logo}" alt="" height="44">`
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
function policy(styleSource: string, form: boolean): string {
  return [
    "default-src 'none'",
    `style-src ${styleSource}`,
    'img-src data:',
    "base-uri 'none'",
    "frame-ancestors 'none'",
    form ? "form-action 'self' https: http:" : "form-action 'none'",
  ].join('; ')
}
