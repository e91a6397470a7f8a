import { type Html, html } from './html.ts'

/** Text of others within ours: a name written from right to left does not turn our words round. */
export function foreign(text: string): Html {
  return html`<bdi>${text}</bdi>`
}
