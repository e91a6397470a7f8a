/*
 * Runs Vitest and prints, as its very last line, `N passed, N failed`. A run fails when a test failed, was
 * skipped or never ran, when a file did not load, when something went wrong outside of a test, or when
 * there was no test at all, or none in a project. Arguments: `--project NAME` (repeatable) and words that filter the file names.
 */
import { parseArgs } from 'node:util'
import type { TestModule, Vitest } from 'vitest/node'
import { startVitest } from 'vitest/node'

export type Tally = {
  readonly passed: number
  /** What failed, in words: failed tests, files that did not load, skipped tests, errors outside. */
  readonly faults: readonly string[]
}

export type TestRun = { readonly projects: readonly string[]; readonly filters: readonly string[] }

export async function runTests({ projects, filters }: TestRun): Promise<Tally> {
  const vitest = await startVitest('test', [...filters], {
    watch: false,
    run: true,
    passWithNoTests: true,
    ...(projects.length > 0 ? { project: [...projects] } : {}),
  })
  try {
    return tallyOf(vitest, filters.length > 0)
  } finally {
    await vitest.close()
    // Vitest marks the process as failed by itself; the tally alone decides.
    process.exitCode = 0
  }
}

export function closingLine({ passed, faults }: Tally): string {
  return `${passed} passed, ${faults.length} failed`
}

function tallyOf(vitest: Vitest, isFiltered: boolean): Tally {
  const modules = vitest.state.getTestModules()
  const outside = vitest.state.getUnhandledErrors().length
  const tests = modules.flatMap((module) => [...module.children.allTests()])
  const passed = tests.filter((one) => one.result().state === 'passed').length
  for (const line of modules.flatMap(secondTriesOf)) console.log(line)
  const faults = [
    ...modules.flatMap(faultsOfModule),
    ...Array.from({ length: outside }, () => 'an error outside of any test'),
  ]
  const empty = vitest.projects.filter(
    ({ name }) => !modules.some((module) => module.project.name === name),
  )
  if (modules.length === 0) faults.push('no test was found')
  else if (!isFiltered) faults.push(...empty.map(({ name }) => `project ${name} has no test`))
  return { passed, faults }
}

/** What passed only when it was tried again: no fault of this run, and a bug report. */
function secondTriesOf(module: TestModule): string[] {
  return [...module.children.allTests()].flatMap((one) => {
    if (one.diagnostic()?.flaky !== true) return []
    const [error] = one.result().errors ?? []
    const why = error?.message ?? 'no error was kept'
    return [`SECOND TRY ${module.relativeModuleId}: ${one.fullName}: ${why}`]
  })
}

function faultsOfModule(module: TestModule): string[] {
  const path = module.relativeModuleId
  const faults = [...module.children.allTests()].flatMap((one) => {
    const { state } = one.result()
    if (state === 'passed') return []
    const how = { failed: 'failed', skipped: 'was skipped', pending: 'never ended' }[state]
    return [`${path}: ${one.fullName} ${how}`]
  })
  // A file or a hook that failed may leave no failed test behind.
  const broken = module.state() === 'failed' && faults.length === 0
  return broken ? [`${path} did not load, or a hook of it failed`] : faults
}

/** Prints what went wrong, then the closing line, and ends the process with 0 or 1. */
export function finish(tally: Tally): never {
  for (const fault of tally.faults) console.log(`FAILED ${fault}`)
  console.log(closingLine(tally))
  process.exit(tally.faults.length === 0 ? 0 : 1)
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    options: { project: { type: 'string', multiple: true, default: [] } },
    allowPositionals: true,
  })
  finish(await runTests({ projects: values.project, filters: positionals }))
}
