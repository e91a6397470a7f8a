import { linksOf } from './actions.ts'
import { type Page, pageOf } from './document.ts'
import { english } from './english.ts'
import { foreign } from './foreign.ts'
import { html } from './html.ts'
import type { Texts } from './texts.ts'

/** What stands at publicUrl itself: who is signed in, and the way in or out. */
export function homePage(
  input: { readonly uid: string | null; readonly signInUrl: string; readonly signOutUrl: string },
  { lang, home, confirm }: Texts = english,
): Page {
  const { uid, signInUrl, signOutUrl } = input
  const content =
    uid === null
      ? html`<p>${home.nobody}</p>
${linksOf([{ label: home.signIn, url: signInUrl }])}`
      : html`<p>${confirm.signedInAs(foreign(uid))}</p>
${linksOf([{ label: confirm.signOut, url: signOutUrl }])}`
  return pageOf({ lang, title: uid === null ? home.titleOut : home.titleIn, content })
}
