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
}

/** What all sites here have in common, and then the site's own. */
export async function loadStyle(own: URL): Promise<string> {
  const files = [new URL('page.css', import.meta.url), own]
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
  return texts.join('\n')
}

export function renderPage({ site, style, bar }: Look, { title, main, script }: Page): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
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
</body>
</html>
`
  return page.text
}

export function sendPage(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  })
  response.end(text)
}
