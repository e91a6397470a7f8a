import { Check } from 'typebox/value'
import type { Config } from './config.ts'
import { readLogo } from './logo.ts'
import type { Mistake, Reporter } from './mistakes.ts'
import { normalise } from './normalise.ts'
import { parseConfigText } from './parse-yaml.ts'
import { readValue } from './read.ts'
import { checkRules } from './rules/rules.ts'
import { configNode, configSchema } from './schema.ts'
import { type ConfigInputs, findSource } from './source.ts'
import type { Surroundings } from './substitute.ts'

export type LoadResult =
  | { readonly kind: 'loaded'; readonly source: string; readonly config: Config }
  | { readonly kind: 'invalid'; readonly source: string; readonly mistakes: readonly Mistake[] }

/** What only the rooms that use a setting can tell of it. */
export type FurtherCheck = (config: Config, report: Reporter) => void

/** Finds, reads and checks the configuration. It never throws: what is wrong is listed, all of it. */
export function loadConfig(inputs: ConfigInputs, further?: FurtherCheck): LoadResult {
  const source = findSource(inputs)
  if (source.kind === 'missing') {
    const { name, problem, fix } = source
    return { kind: 'invalid', source: name, mistakes: [{ path: '', problem, fix, line: null }] }
  }
  const result = parseConfig(source.text, inputs, further)
  return { ...result, source: source.name }
}

export type ParseConfigResult =
  | { readonly kind: 'loaded'; readonly config: Config }
  | { readonly kind: 'invalid'; readonly mistakes: readonly Mistake[] }

/** The same for a text at hand. */
export function parseConfig(
  text: string,
  surroundings: Surroundings,
  further: FurtherCheck = () => undefined,
): ParseConfigResult {
  const result = parseConfigText(text, surroundings)
  if (result.kind === 'broken') return { kind: 'invalid', mistakes: result.mistakes }
  const { value, findings, lineOf, originOf } = result.parsed
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { kind: 'invalid', mistakes: [notAFile] }
  }
  const raw = readValue(configNode, value, [], { findings, originOf })
  if (!Check(configSchema, raw)) throw new TypeError('reading left a value that its schema refuses')
  checkRules(raw, findings)
  const logo = readLogo(raw.pages.logo, surroundings, findings)
  const mistakes = findings.list(lineOf)
  if (mistakes.length > 0) return { kind: 'invalid', mistakes }
  const config = normalise(raw, { logo })
  further(config, findings)
  const more = findings.list(lineOf)
  return more.length > 0 ? { kind: 'invalid', mistakes: more } : { kind: 'loaded', config }
}

const notAFile: Mistake = {
  path: '',
  problem: 'the file holds no settings',
  fix: 'Begin with what `curfew init` prints.',
  line: null,
}
