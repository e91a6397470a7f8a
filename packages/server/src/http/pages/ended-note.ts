import { type Html, html } from './html.ts'
import { reasonText } from './reason-text.ts'
import type { Texts } from './texts.ts'

/** Why the person is asked to sign in, on the device that was signed out. */
export function endedNote(reason: string | null, texts: Texts): Html | null {
  if (reason === null) return null
  return html`<p class="warning" role="status">${reasonText(reason, texts)}</p>
`
}
