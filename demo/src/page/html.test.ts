import { expect, test } from 'vitest'
import { html } from './html.ts'

test('what is put into a template is text, and what was made by one is markup', () => {
  const rows = ['<b>', "o'clock"].map((text) => html`<td title="${text}">${text}</td>`)
  expect(html`<tr>${rows}</tr>${3}`.text).toBe(
    '<tr><td title="&lt;b&gt;">&lt;b&gt;</td><td title="o&#39;clock">o&#39;clock</td></tr>3',
  )
})
