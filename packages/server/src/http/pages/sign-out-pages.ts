import { linksOf } from './actions.ts'
import { type Page, pageOf } from './document.ts'
import { foreign } from './foreign.ts'
import { html } from './html.ts'
import { hostOf, linkTarget } from './link.ts'
import { type Look, plainLook } from './look.ts'

/**
 * Asks before a sign-out that somebody else may have asked for (rule 29). `fields` are sent with the form
 * as they are.
 *
 * @throws TypeError when the form would lead nowhere: a mistake of the caller, not of the input
 */
export function confirmSignOutPage(
  input: {
    readonly action: string
    readonly fields: Readonly<Record<string, string>>
    readonly uid: string | null
  },
  look: Look = plainLook,
): Page {
  const { confirm } = look.texts
  const action = linkTarget(input.action)
  if (action === null) throw new TypeError('the action of the sign-out form is no address')
  const fields = Object.entries(input.fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )
  const who = input.uid === null ? null : html`<p>${confirm.signedInAs(foreign(input.uid))}</p>`
  // Without autocomplete="off" Firefox puts back the fields of an earlier visit.
  const content = html`${who}
<p>${confirm.text}</p>
<form class="actions" method="post" action="${action}" autocomplete="off">
${fields}
<button class="button first">${confirm.signOut}</button>
</form>`
  return pageOf(look, { title: confirm.title, content, form: true })
}

export function signedOutPage(
  input: { readonly returnTo: string | null; readonly signInUrl: string | null },
  look: Look = plainLook,
): Page {
  const { signedOut } = look.texts
  const host = hostOf(linkTarget(input.returnTo) ?? '')
  const back = host === null ? signedOut.goBack : signedOut.goTo(foreign(host))
  const content = html`<p>${signedOut.text}</p>
<p class="quiet">${signedOut.shared}</p>
${linksOf([
  { label: signedOut.signIn, url: input.signInUrl },
  { label: back, url: input.returnTo },
])}`
  return pageOf(look, { title: signedOut.title, content })
}
