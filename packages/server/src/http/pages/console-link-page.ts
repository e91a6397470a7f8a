import { type Page, pageOf } from './document.ts'
import { foreign } from './foreign.ts'
import { html } from './html.ts'
import { type Look, plainLook } from './look.ts'

/** One button: a program that only looks at the link leaves it as it is. */
export function consoleLinkPage(
  input: { readonly action: string; readonly uid: string; readonly token: string },
  look: Look = plainLook,
): Page {
  const { action, uid, token } = input
  const { consoleLink } = look.texts
  const content = html`<p>${consoleLink.text(foreign(uid))}</p>
<p class="quiet">${consoleLink.once}</p>
<form method="post" action="${action}">
<input type="hidden" name="token" value="${token}">
<div class="actions"><button class="button first">${consoleLink.signIn}</button></div>
</form>`
  return pageOf(look, { title: consoleLink.title, content, form: true })
}
