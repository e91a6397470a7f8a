import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { type Html, html, verbatim } from './html.ts'

/** What the pages of one site share. */
export interface Look {
  /** In the browser's tab and at the top of each page. */
  readonly site: string
  /** The stylesheet, whole: no page needs a second request. */
  readonly style: string
  /** What stands on the right of the site's name. */
  readonly bar: Html
}

export interface Page {
  readonly title: string
  readonly main: Html
  readonly script?: string
  /** Of this site, by their paths. */
  readonly modules?: readonly string[]
}

/** What all sites here have in common, and then the site's own. */
export async function loadStyle(own: URL): Promise<string> {
  const files = [new URL('page.css', import.meta.url), own]
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  return texts.join('\n')
}

export function renderPage({ site, style, bar }: Look, page: Page): string {
  const { title, main, script, modules = [] } = page
  const text = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="content-security-policy" content="${policy(style, page)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title} · ${site}</title>
<style>${verbatim(style)}</style>
</head>
<body>
<header class="bar"><a class="brand" href="/">${site}</a>${bar}</header>
<main>${main}</main>
${script === undefined ? [] : html`<script type="module">${verbatim(script)}</script>`}
${modules.map((path) => html`<script type="module" src="${path}"></script>`)}
</body>
</html>
`
  return text.text
}

/**
 * Nothing from elsewhere, and of scripts in the page only the very ones that were put there. Forms are free
 * to lead away: browsers count the redirects that follow a sign-in as their doing.
 */
function policy(style: string, { script, modules = [] }: Page): string {
  const scripts = [
    ...(script === undefined ? [] : [sourceOf(script)]),
    ...(modules.length === 0 ? [] : ["'self'"]),
  ]
  return [
    "default-src 'none'; base-uri 'none'; connect-src 'self'; img-src data:",
    `style-src ${sourceOf(style)}`,
    `script-src ${scripts.length === 0 ? "'none'" : scripts.join(' ')}`,
  ].join('; ')
}

function sourceOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

export function sendPage(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    // What a page cannot say of itself: nobody shows it inside another one.
    'content-security-policy': "frame-ancestors 'none'",
  })
  response.end(text)
}
