/*
 * The gate: every check that needs no service, two at a time, and then the unit tests. `--ci` runs all of
 * the tests instead. The last line is `N passed, N failed`, in which a check that fails counts as one.
 */
import { spawn } from 'node:child_process'
import { finish, runTests } from './test.ts'
import { repositoryRoot } from './tree.ts'

type Part = { readonly name: string; readonly command: readonly [string, ...string[]] }

const node = process.execPath
const parts: readonly Part[] = [
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'lint', command: ['biome', 'check', '--error-on-warnings', '.'] },
  { name: 'layers', command: [node, 'tools/layers.ts'] },
  { name: 'tidy', command: [node, 'tools/tidy.ts'] },
  { name: 'rules', command: [node, 'tools/rules.ts', '--check'] },
  { name: 'attacks', command: [node, 'tools/attacks.ts'] },
  { name: 'rfc9700', command: [node, 'tools/rfc9700.ts'] },
  { name: 'scenarios', command: [node, 'tools/scenarios.ts', '--check'] },
  { name: 'docs', command: [node, 'tools/docs.ts', '--check'] },
  { name: 'dead code', command: ['knip', '--no-progress', '--no-config-hints'] },
]
const partsAtOnce = 2

async function runParts(): Promise<string[]> {
  const waiting = [...parts]
  const failed: string[] = []
  const worker = async (): Promise<void> => {
    for (let part = waiting.shift(); part; part = waiting.shift()) {
      if (!(await runPart(part))) failed.push(`check: ${part.name}`)
    }
  }
  await Promise.all(Array.from({ length: partsAtOnce }, worker))
  return failed
}

async function runPart({ name, command }: Part): Promise<boolean> {
  const began = performance.now()
  const [program, ...args] = command
  const child = spawn(program, args, { cwd: repositoryRoot, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (chunk) => (output += String(chunk)))
  child.stderr.on('data', (chunk) => (output += String(chunk)))
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      output += `${program} could not be started (${error.message}): run npm ci\n`
      resolve(1)
    })
    child.once('close', resolve)
  })
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`)
  if (code !== 0) console.log(output.trimEnd())
  return code === 0
}

const failedParts = await runParts()
const everything = process.argv.includes('--ci')
if (everything) process.env['CURFEW_SECOND_TRY'] = 'yes'
const projects = everything ? [] : ['unit']
const { passed, faults } = await runTests({ projects, filters: [] })
finish({ passed, faults: [...failedParts, ...faults] })
