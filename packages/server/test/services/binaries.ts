/*
 * The programs that the tests need: found where they usually lie, else installed with apt by root, else
 * an error with the command that installs them. Nothing is skipped because something is missing.
 */
import { execFileSync } from 'node:child_process'
import {
  accessSync,
  appendFileSync,
  constants,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  realpathSync,
} from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

export type Wanted = {
  readonly name: string
  readonly programs: readonly string[]
  readonly folders: readonly string[]
  readonly apt: string
  readonly brew: string
  readonly beforeInstall?: () => void
}

const anywhere = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/opt/homebrew/bin']

const postgres: Wanted = {
  name: 'PostgreSQL',
  programs: ['postgres', 'initdb'],
  folders: [
    '/usr/lib/postgresql/*/bin',
    '/usr/pgsql-*/bin',
    '/usr/local/pgsql/bin',
    '/usr/local/opt/postgresql*/bin',
    '/opt/homebrew/opt/postgresql*/bin',
  ],
  apt: 'postgresql',
  brew: 'postgresql@17',
  beforeInstall: keepDebianFromStartingACluster,
}

// Debian keeps the server's program in redis-tools too, as redis-check-rdb: which of the two it is, it
// reads from its own name. So this package suffices, and it brings no service that would listen.
const redis: Wanted = {
  name: 'Redis',
  programs: ['redis-server'],
  folders: [],
  apt: 'redis-tools',
  brew: 'redis',
}
const redisAlias: Wanted = { ...redis, programs: ['redis-check-rdb'] }

export type RedisProgram = { readonly path: string; readonly argv0: string }

/** The folder with PostgreSQL's programs: postgres, initdb, and usually pg_dump and psql. */
export function postgresPrograms(): string {
  return programsOf(postgres)
}

/** The folder that has all of its programs. */
export function programsOf(wanted: Wanted): string {
  return find(wanted) ?? install(wanted, find)
}

export function redisProgram(): RedisProgram {
  const program = findRedis() ?? install(redis, findRedis)
  return program
}

function findRedis(): RedisProgram | undefined {
  const real = find(redis)
  if (real) return { path: join(real, 'redis-server'), argv0: 'redis-server' }
  const alias = process.platform === 'linux' ? find(redisAlias) : undefined
  return alias ? { path: join(alias, 'redis-check-rdb'), argv0: 'redis-server' } : undefined
}

/** The newest folder that has all of the programs. What is on the PATH goes first. */
function find(wanted: Wanted): string | undefined {
  const path = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  const byVersion = new Intl.Collator('en', { numeric: true })
  const usual = wanted.folders.flatMap((pattern) => globSync(pattern)).sort(byVersion.compare)
  const folders = [...path, ...usual.reverse(), ...anywhere]
  const folder = folders.find((one) => wanted.programs.every((name) => isProgram(join(one, name))))
  if (!folder) return undefined
  const first = wanted.programs[0] ?? ''
  // A link on the PATH leads to the folder where the other programs lie beside it.
  const real = dirname(realpathSync(join(folder, first)))
  return wanted.programs.every((name) => isProgram(join(real, name))) ? real : folder
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function install<T>(wanted: Wanted, look: (wanted: Wanted) => T | undefined): T {
  const mayInstall = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')
  if (!mayInstall) throw new Error(`the tests need ${wanted.name}: ${installCommand(wanted)}`)
  wanted.beforeInstall?.()
  try {
    aptGet('update')
    aptGet('install', '-y', '--no-install-recommends', wanted.apt)
  } catch (error) {
    const why = `apt-get could not install ${wanted.apt}`
    throw new Error(`${why}; do it by hand, then run again: ${installCommand(wanted)}`, {
      cause: error,
    })
  }
  const found = look(wanted)
  if (!found) throw new Error(`${wanted.apt} is installed, but its programs were not found`)
  return found
}

function aptGet(...args: readonly string[]): void {
  const keepConfiguration = [
    '-o',
    'Dpkg::Options::=--force-confold',
    '-o',
    'DPkg::Lock::Timeout=120',
  ]
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  execFileSync('apt-get', ['-q', ...keepConfiguration, ...args], { env, stdio: ['ignore', 2, 2] })
}

function installCommand(wanted: Wanted): string {
  if (process.platform === 'darwin') return `brew install ${wanted.brew}`
  const sudo = process.getuid?.() === 0 ? '' : 'sudo '
  if (existsSync('/usr/bin/dnf')) {
    return `${sudo}dnf install -y ${wanted === postgres ? 'postgresql-server' : 'redis'}`
  }
  if (existsSync('/sbin/apk'))
    return `${sudo}apk add ${wanted === postgres ? 'postgresql' : 'redis'}`
  return `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${wanted.apt}`
}

function keepDebianFromStartingACluster(): void {
  const file = '/etc/postgresql-common/createcluster.conf'
  const setting = 'create_main_cluster = false'
  if (existsSync(file) && readFileSync(file, 'utf8').includes(`\n${setting}`)) return
  mkdirSync(dirname(file), { recursive: true })
  appendFileSync(
    file,
    `\n# written by Curfew's tests: no cluster that listens by itself\n${setting}\n`,
  )
}
