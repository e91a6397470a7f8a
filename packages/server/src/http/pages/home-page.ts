import { linksOf } from './actions.ts'
import { type Page, pageOf } from './document.ts'
import { endedNote } from './ended-note.ts'
import { foreign } from './foreign.ts'
import { html } from './html.ts'
import { type Look, plainLook } from './look.ts'

/** What stands at publicUrl itself: who is signed in, and the way in or out. */
export function homePage(
  input: {
    readonly uid: string | null
    readonly signInUrl: string
    readonly signOutUrl: string
    readonly accountUrl: string
    /** Why the session that this browser had is over. */
    readonly ended?: string | null
    /** For administrators alone. */
    readonly consoleUrl: string | null
  },
  look: Look = plainLook,
): Page {
  const { home, confirm } = look.texts
  const { uid, signInUrl, signOutUrl, accountUrl, consoleUrl, ended = null } = input
  const content =
    uid === null
      ? html`${endedNote(ended, look.texts)}<p>${home.nobody}</p>
${linksOf([{ label: home.signIn, url: signInUrl }])}`
      : html`<p>${confirm.signedInAs(foreign(uid))}</p>
${linksOf([
  { label: home.devices, url: accountUrl },
  { label: home.console, url: consoleUrl },
  { label: confirm.signOut, url: signOutUrl },
])}`
  return pageOf(look, { title: uid === null ? home.titleOut : home.titleIn, content })
}
