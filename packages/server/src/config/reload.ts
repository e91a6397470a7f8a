import { isDeepStrictEqual } from 'node:util'
import { Secret } from '#domain'
import type { Config } from './config.ts'

/** What SIGHUP applies; all other settings are read once, at the start (API.md, section 1). */
export const reloadable: readonly string[] = [
  'clients',
  'users',
  'identityProviders',
  'gateway.rules',
  'gateway.headers',
  'pages',
]

export interface ReloadDiff {
  /** Changed settings that the running server takes over. */
  readonly applied: readonly string[]
  /** Changed settings that wait for a restart. */
  readonly needsRestart: readonly string[]
  /** The configuration to go on with: the old one, with what is applied taken from the new one. */
  readonly config: Config
}

export function diffReload(running: Config, read: Config): ReloadDiff {
  const changed = [...new Set(changedKeys(running, read))]
  return {
    applied: changed.filter((key) => reloadable.includes(key)),
    needsRestart: changed.filter((key) => !reloadable.includes(key)),
    config: Object.freeze({
      ...running,
      clients: read.clients,
      users: read.users,
      identityProviders: read.identityProviders,
      pages: read.pages,
      gateway: Object.freeze({
        ...running.gateway,
        rules: read.gateway.rules,
        headers: read.gateway.headers,
      }),
    }),
  }
}

/** `tokens.accessTtl` of a section, `clients` of a list: the second level of the file. */
function changedKeys(running: Config, read: Config): readonly string[] {
  return (Object.keys(running) as (keyof Config)[]).flatMap((key) => {
    const [before, after]: readonly unknown[] = [comparable(running[key]), comparable(read[key])]
    if (isDeepStrictEqual(before, after)) return []
    if (!isSection(before) || !isSection(after) || wholeKeys.has(key)) return [key]
    const inner = [...new Set([...Object.keys(before), ...Object.keys(after)])]
    return inner
      .filter((name) => !isDeepStrictEqual(before[name], after[name]))
      .map((name) => `${key}.${settingOf(name)}`)
  })
}

/** Their keys here are not keys of the file, or all of them are applied. */
const wholeKeys: ReadonlySet<keyof Config> = new Set(['store', 'redis', 'pages'])

/** The key of the file behind a value: publicUrl gives four of them, units are no part of a key. */
function settingOf(name: string): string {
  if (name === 'origin' || name === 'basePath' || name === 'secure') return 'publicUrl'
  return name.replace(/(?:Ms|Seconds)$/, '')
}

/** Two secrets are equal for node:util whatever they hold: compare what they reveal. */
function comparable(value: unknown): unknown {
  if (value instanceof Secret) return { secret: value.reveal() }
  if (Array.isArray(value)) return value.map(comparable)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, comparable(each)]))
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
