/* The files of the repository as the tools see them: what git tracks, and what it does not ignore. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeFinding, type Finding, parseSource, type Source } from './source.ts'

export const repositoryRoot = join(import.meta.dirname, '..')

export function listFiles(root: string = repositoryRoot): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z']
  const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 64_000_000 })
  const paths = listed.split('\0').filter((path) => path !== '' && existsSync(join(root, path)))
  return [...new Set(paths)].sort()
}

export function readText(path: string, root: string = repositoryRoot): string {
  return readFileSync(join(root, path), 'utf8')
}

export function readSources(root: string = repositoryRoot): Source[] {
  return listFiles(root)
    .filter((path) => /\.tsx?$/.test(path))
    .map((path) => parseSource(path, readText(path, root)))
}

/** Prints what was found and sets the exit code: 0 when there is nothing. */
export function report(name: string, findings: readonly Finding[]): void {
  for (const finding of findings) console.error(describeFinding(finding))
  if (findings.length === 0) return
  console.error(`${name}: ${findings.length} to mend`)
  process.exitCode = 1
}
