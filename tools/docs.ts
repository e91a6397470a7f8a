/*
 * The documents that are generated from tables in the code. Run it to write them; with --check it fails
 * when one is stale. To add a document, add a line to `documents`.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { renderJsonSchema, renderReference } from '../packages/server/src/config/index.ts'
import { httpDocuments } from './docs-http.ts'
import { currentRulesDocument, rulesPath } from './rules.ts'
import { currentScenariosDocument, scenariosPath } from './scenarios.ts'
import type { Finding } from './source.ts'
import { listFiles, readText, report, repositoryRoot } from './tree.ts'

type GeneratedDocument = {
  readonly path: string
  readonly generate: () => string | Promise<string>
}

const documents: readonly GeneratedDocument[] = [
  { path: rulesPath, generate: currentRulesDocument },
  { path: scenariosPath, generate: currentScenariosDocument },
  { path: 'curfew.schema.json', generate: renderJsonSchema },
  { path: 'docs/reference/configuration.md', generate: renderReference },
  ...httpDocuments,
]

async function staleDocuments(): Promise<Finding[]> {
  const paths = new Set(listFiles())
  const findings: Finding[] = []
  for (const { path, generate } of documents) {
    if (paths.has(path) && readText(path) === (await generate())) continue
    findings.push({ path, line: 1, message: 'stale: run `npm run docs` and commit what it writes' })
  }
  return findings
}

async function writeDocuments(): Promise<void> {
  for (const { path, generate } of documents) {
    const target = join(repositoryRoot, path)
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, await generate())
  }
}

if (import.meta.main) {
  if (!process.argv.includes('--check')) await writeDocuments()
  report('docs', await staleDocuments())
}
