import { type Html, html } from './html.ts'
import { linkTarget } from './link.ts'

export interface Action {
  readonly label: string | Html
  readonly url: string | null
}

/**
 * Links that look like buttons, the first of them as the one to choose. Those that lead nowhere are left
 * out; null when none remains. `plain`: none of them is the one.
 */
export function linksOf(
  actions: readonly Action[],
  first: 'first' | 'plain' = 'first',
): Html | null {
  const links = actions.flatMap(({ label, url }) => {
    const target = linkTarget(url)
    return target === null ? [] : [{ label, target }]
  })
  if (links.length === 0) return null
  const items = links.map(
    ({ label, target }, at) =>
      html`<a class="button${at === 0 && first === 'first' ? ' first' : ''}" href="${target}">${label}</a>`,
  )
  return html`<div class="actions">${items}</div>`
}
