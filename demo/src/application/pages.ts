import type { IncomingMessage } from 'node:http'
import { type Html, html } from '../page/html.ts'
import { loadStyle, type Page, renderPage } from '../page/page.ts'
import { missionCard } from './mission-card.ts'
import { identityNames, type Visitor } from './visitor.ts'

export async function loadPages(curfew: string): Promise<Pages> {
  return new Pages(curfew, await loadStyle(new URL('application.css', import.meta.url)))
}

export class Pages {
  readonly #curfew: string
  readonly #style: string

  constructor(curfew: string, style: string) {
    this.#curfew = curfew
    this.#style = style
  }

  home(visitor: Visitor, { headers, rawHeaders }: IncomingMessage): string {
    const here = encodeURIComponent(`http://${headers.host}/`)
    // Without a prompt the provider would say the same name again, and ask nobody.
    const another = `${this.#curfew}/login?prompt=login&return_to=${here}`
    const main = html`${whoCard(visitor, another)}${watchCard(visitor)}${headersCard(rawHeaders)}`
    return this.#page(visitor, { title: 'Home', main, modules: ['/scripts/watch.js'] })
  }

  operations(visitor: Visitor): string {
    const main = html`<section class="card"><h1>Operations</h1>
<p>You have the role <span class="tag">ops</span>, so Curfew let you through. Whoever has not is told so by
Curfew; this application never hears of it.</p></section>${watchCard(visitor)}`
    return this.#page(visitor, { title: 'Operations', main, modules: ['/scripts/watch.js'] })
  }

  mission(visitor: Visitor): string {
    const main = missionCard(visitor)
    return this.#page(visitor, { title: 'Mission', main, modules: ['/scripts/mission.js'] })
  }

  missing(visitor: Visitor): string {
    const main = html`<section class="card"><h1>There is no such page</h1>
<p><a href="/">Back to the beginning</a></p></section>`
    return this.#page(visitor, { title: 'Not found', main })
  }

  #page({ id }: Visitor, page: Page): string {
    const bar = html`<nav><a href="/">Home</a><a href="/mission">Mission</a>
<a href="/admin">Operations</a></nav>
<span class="me"><a href="${this.#curfew}/account">${id}</a><a href="/.curfew/signout">Sign out</a></span>`
    return renderPage({ site: 'Hangar', style: this.#style, bar }, page)
  }
}

function whoCard({ id, name, email, roles }: Visitor, another: string): Html {
  const tags = roles.map((role) => html` <span class="tag">${role}</span>`)
  return html`<section class="card who">
<span class="face" aria-hidden="true">${name.slice(0, 1)}</span>
<div><h1>Hello, ${name}</h1>
<p class="hint">${id} · ${email}${tags.length === 0 ? ' · no role' : tags}</p></div>
<p>This application has no sign-in of its own. Curfew vouches for each request, and says who it is in the
headers below.</p>
<p><a href="${another}">Sign in as somebody else</a></p>
</section>`
}

/** watch.js fills it. */
function watchCard({ id }: Visitor): Html {
  return html`<section class="card" id="watch" data-user="${id}">
<h2>Your session <span class="state" role="status">…</span></h2>
<div class="dots" aria-hidden="true"></div>
<p class="hint">Each dot is one request to <code>/api/ping</code>, one a second. <span class="last"></span></p>
<p class="ended" hidden><span class="why"></span><a class="button" href="">Sign in again</a></p>
</section>`
}

function headersCard(rawHeaders: readonly string[]): Html {
  const rows = Array.from({ length: rawHeaders.length / 2 }, (_, index) => {
    const [name = '', value = ''] = rawHeaders.slice(2 * index)
    return { name, value, isIdentity: identityNames.includes(name.toLowerCase()) }
  })
  const others = rows.filter(({ isIdentity }) => !isIdentity)
  return html`<section class="card">
<h2>What this application received</h2>
<p class="hint">The marked headers are Curfew’s word: what a browser sends under those names never gets here.
Among the cookies there is none of Curfew’s.</p>
<table><tbody>${[...rows.filter(({ isIdentity }) => isIdentity), ...others].map(row)}</tbody></table>
</section>`
}

interface Header {
  readonly name: string
  readonly value: string
  readonly isIdentity: boolean
}

function row({ name, value, isIdentity }: Header): Html {
  const shown = value === '' ? html`<span class="hint">empty</span>` : value
  return html`<tr class="${isIdentity ? 'own' : ''}"><th scope="row">${name}</th><td>${shown}</td></tr>`
}
