import { type Page, pageOf } from './document.ts'
import { english } from './english.ts'
import { foreign } from './foreign.ts'
import { html } from './html.ts'
import type { Texts } from './texts.ts'

/** One button: a program that only looks at the link leaves it as it is. */
export function consoleLinkPage(
  input: { readonly action: string; readonly uid: string; readonly token: string },
  { lang, consoleLink }: Texts = english,
): Page {
  const { action, uid, token } = input
  const content = html`<p>${consoleLink.text(foreign(uid))}</p>
<p class="quiet">${consoleLink.once}</p>
<form method="post" action="${action}">
<input type="hidden" name="token" value="${token}">
<div class="actions"><button class="first" type="submit">${consoleLink.signIn}</button></div>
</form>`
  return pageOf({ lang, title: consoleLink.title, content, form: true })
}
