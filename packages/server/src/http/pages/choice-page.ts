import { type Page, pageOf } from './document.ts'
import { endedNote } from './ended-note.ts'
import { foreign } from './foreign.ts'
import { type Html, html } from './html.ts'
import { linkTarget } from './link.ts'
import { type Look, plainLook } from './look.ts'

interface ProviderLink {
  readonly name: string
  readonly url: string
}

/** Which identity provider to sign in with. One whose `url` is no link is left out. */
export function choicePage(
  {
    providers,
    ended = null,
  }: {
    readonly providers: readonly ProviderLink[]
    /** Why the session that this browser had is over. */
    readonly ended?: string | null
  },
  look: Look = plainLook,
): Page {
  const { choice } = look.texts
  const items = providers.flatMap(({ name, url }) => {
    const target = linkTarget(url)
    const label = choice.signInWith(foreign(name))
    return target === null ? [] : [html`<li><a class="button" href="${target}">${label}</a></li>`]
  })
  const list = items.length === 0 ? html`<p>${choice.none}</p>` : listOf(choice.text, items)
  const content = html`${endedNote(ended, look.texts)}${list}`
  return pageOf(look, { title: choice.title, content })
}

/** `role`, since Safari takes a list without bullets for none. */
function listOf(text: string, items: readonly Html[]): Html {
  return html`<p>${text}</p>
<ul class="actions" role="list">${items}</ul>`
}
