import { linksOf } from './actions.ts'
import { type Page, pageOf } from './document.ts'
import { endedNote } from './ended-note.ts'
import { html } from './html.ts'
import { type Look, plainLook } from './look.ts'

/** Before the way to the one provider, which may let the person in again without a word. */
export function endedPage(
  input: { readonly reason: string; readonly signInUrl: string },
  look: Look = plainLook,
): Page {
  const { ended, signedOut } = look.texts
  const content = html`${endedNote(input.reason, look.texts)}<p>${ended.text}</p>
${linksOf([{ label: signedOut.signIn, url: input.signInUrl }])}`
  return pageOf(look, { title: ended.title, content })
}
