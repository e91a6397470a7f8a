/* What the documents show has to work: people copy it. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseTemplate } from './templates.ts'

const root = join(import.meta.dirname, '../../../..')
const places = [
  'README.md',
  'curfew.schema.json',
  'docs/**/*.md',
  'examples/**/*.{conf,yaml,yml,cfg,md,Caddyfile}',
  'demo/src/**/*.ts',
  'packages/server/src/config/{init,full-example.test}.ts',
]

/** Quoted texts with `{{ … }}`, as YAML and JSON have them; uids are templates over other names. */
function templatesIn(text: string): string[] {
  const quoted = [...text.matchAll(/"((?:[^"\\\n]|\\.)*\{\{ (?:[^"\\\n]|\\.)*\}\}[^"\\\n]*)"/g)]
  return quoted
    .map(([, inner = '']) => inner.replaceAll('\\"', '"'))
    .filter((template) => !/\{\{ (?:idp|sub|NAME)\b/.test(template))
}

const found = globSync(places, { cwd: root }).flatMap((path) =>
  templatesIn(readFileSync(join(root, path), 'utf8')),
)

test('the documents show templates, among them the defaults', () => {
  expect(found).toContain('{{ claims.email }}')
  expect(found.length).toBeGreaterThan(4)
})

test.each([...new Set(found)])(
  'scenario H09: %s, as the documents show it, can be read',
  (template) => {
    expect(() => parseTemplate(template)).not.toThrow()
  },
)
