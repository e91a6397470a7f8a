import { expect, test } from 'vitest'
import { html } from './html.ts'
import { renderPage } from './page.ts'

const look = { site: 'Site', style: 'a{}', bar: html`` }

function policyOf(page: { script?: string; modules?: string[] }): string {
  const text = renderPage(look, { title: 'T', main: html``, ...page })
  const [, policy = ''] = /security-policy" content="([^"]+)"/.exec(text) ?? []
  return policy.replaceAll('&#39;', "'")
}

test('a page lets in nothing but its own style and the scripts that were put into it', () => {
  expect(policyOf({})).toContain("default-src 'none'")
  expect(policyOf({})).toContain("script-src 'none'")
  // printf 'a{}' | openssl dgst -sha256 -binary | base64
  expect(policyOf({})).toContain("style-src 'sha256-X1RutGBrXCt9KkSaXMK7tHftWiRscFHOhxsS8tv8hBk='")
  expect(policyOf({ script: 'go()' })).toMatch(/script-src 'sha256-[\w+/]{43}='$/)
  expect(policyOf({ modules: ['/a.js'] })).toMatch(/script-src 'self'$/)
})
