/*
 * Writes curfew.schema.json and docs/reference/configuration.md from the configuration's schema;
 * with --check it compares instead, and fails when they are out of date.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { renderJsonSchema, renderReference } from '../packages/server/src/config/index.ts'

const root = join(import.meta.dirname, '..')
const files: readonly (readonly [string, string])[] = [
  ['curfew.schema.json', renderJsonSchema()],
  ['docs/reference/configuration.md', renderReference()],
]

function isCurrent([name, text]: readonly [string, string]): boolean {
  try {
    return readFileSync(join(root, name), 'utf8') === text
  } catch {
    // A file that cannot be read is out of date, whatever the cause: writing it will tell.
    return false
  }
}

const outdated = files.filter((file) => !isCurrent(file))
if (process.argv.includes('--check')) {
  for (const [name] of outdated) {
    console.error(`${name} is out of date. Run: node tools/docs-config.ts`)
  }
  process.exitCode = outdated.length > 0 ? 1 : 0
} else {
  for (const [name, text] of outdated) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
    console.log(`wrote ${name}`)
  }
}
