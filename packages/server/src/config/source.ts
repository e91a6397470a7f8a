import type { Surroundings } from './substitute.ts'

export interface ConfigInputs extends Surroundings {
  /** The value of `--config`. */
  readonly file?: string | undefined
}

export type ConfigSource =
  | { readonly kind: 'found'; readonly name: string; readonly text: string }
  | {
      readonly kind: 'missing'
      readonly name: string
      readonly problem: string
      readonly fix: string
    }

const ordinary = './curfew.yaml'

/** `--config`, CURFEW_CONFIG (a path), CURFEW_CONFIG_YAML (the text), ./curfew.yaml, in this order. */
export function findSource({ file, env, readFile }: ConfigInputs): ConfigSource {
  const named = file ?? nonEmpty(env['CURFEW_CONFIG'])
  if (named !== undefined) {
    const fix = `Mend the path in ${file === undefined ? 'CURFEW_CONFIG' : '--config'}, or create the file with: curfew init > ${named}`
    return readSource(named, readFile, fix)
  }
  const text = nonEmpty(env['CURFEW_CONFIG_YAML'])
  if (text !== undefined) return { kind: 'found', name: 'CURFEW_CONFIG_YAML', text }
  const fix = `Create it with: curfew init > curfew.yaml, or name another with --config FILE, CURFEW_CONFIG (a path) or CURFEW_CONFIG_YAML (the text).`
  return readSource(ordinary, readFile, fix)
}

function readSource(name: string, readFile: Surroundings['readFile'], fix: string): ConfigSource {
  try {
    return { kind: 'found', name, text: readFile(name) }
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    return { kind: 'missing', name, problem: `the file cannot be read${why}`, fix }
  }
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value
}
