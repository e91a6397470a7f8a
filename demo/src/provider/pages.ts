import { type Html, html, verbatim } from '../page/html.ts'
import { type Look, loadStyle, renderPage } from '../page/page.ts'
import { type Person, people } from '../people.ts'

export async function loadPages(applicationUrl: string): Promise<Pages> {
  const style = await loadStyle(new URL('provider.css', import.meta.url))
  const bar = html`<span class="hint">a throw-away OpenID provider</span>`
  return new Pages({ site: 'Example ID', style, bar }, applicationUrl)
}

export class Pages {
  readonly #look: Look
  readonly #applicationUrl: string
  readonly #back: Html

  constructor(look: Look, applicationUrl: string) {
    this.#look = look
    this.#applicationUrl = applicationUrl
    this.#back = html`<p class="acts"><a class="button" href="${applicationUrl}">Open the application</a></p>`
  }

  /** Who is signed in here. */
  home(person: Person | undefined): string {
    if (person !== undefined) return this.#page('Home', signedIn(person, this.#applicationUrl))
    return this.#page(
      'Home',
      html`<h1>Nobody is signed in here</h1>
<p>People come here from the application, and go back there once they have said who they are.</p>
${this.#back}`,
    )
  }

  pick(): string {
    return this.#page(
      'Sign in',
      html`<h1>Who are you today?</h1>
<p>One click, no password: this provider believes everybody.</p>
<form method="post" class="people">${people.map(choice)}</form>`,
    )
  }

  /** `asked`: nobody has to confirm it. `form` is oidc-provider's, with its own protection. */
  signOut(form: string, asked: boolean): string {
    const main = html`<h1>${asked ? 'Signing you out' : 'Sign out of Example ID?'}</h1>
<p>Every application that you opened with this sign-in will be told.</p>
${verbatim(form)}
<p class="acts"><button class="button" form="op.logoutForm" name="logout" value="yes">Sign out</button></p>`
    return this.#page(
      'Sign out',
      main,
      asked ? "document.querySelector('.button').click()" : undefined,
    )
  }

  signedOut(): string {
    return this.#page(
      'Signed out',
      html`<h1>You are signed out</h1>
<p>Curfew has been told. Look at the application: its session is over.</p>
${this.#back}`,
    )
  }

  failed(detail: string): string {
    return this.#page(
      'That did not work',
      html`<h1>That did not work</h1><p>${detail}</p>${this.#back}`,
    )
  }

  #page(title: string, main: Html, script?: string): string {
    return renderPage(this.#look, {
      title,
      main: html`<section class="card narrow">${main}</section>`,
      ...(script === undefined ? {} : { script }),
    })
  }
}

function signedIn({ id, name, email }: Person, applicationUrl: string): Html {
  return html`<h1>Signed in as ${name}</h1>
<p class="hint">${id} · ${email}</p>
<p>Sign out here, and the provider tells Curfew behind the browser’s back (back-channel logout).</p>
<form class="acts" action="/session/end"><button class="button">Sign out</button>
<a href="${applicationUrl}">Open the application</a></form>`
}

function choice({ id, name, note, roles }: Person): Html {
  return html`<button name="person" value="${id}">
<span class="face">${name.slice(0, 1)}</span>
<span><b>${name}</b> <i>${id}</i>${roles.map((role) => html` <span class="tag">${role}</span>`)}
<small>${note}</small></span>
</button>`
}
