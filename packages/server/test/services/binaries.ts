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
  rmSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

export type Wanted = {
  readonly name: string
  readonly programs: readonly string[]
  readonly folders: readonly string[]
  readonly apt: string
  /** Missing: only what Debian packages will do. */
  readonly brew?: string
  /** What dnf and apk call it, where that differs from `apt`. */
  readonly dnf?: string
  readonly apk?: string
  readonly beforeInstall?: () => void
  /** What the package would start by itself, at once and at every boot: kept from both. */
  readonly units?: readonly string[]
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
  dnf: 'postgresql-server',
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
  dnf: 'redis',
  apk: 'redis',
}
const redisAlias: Wanted = { ...redis, programs: ['redis-check-rdb'] }

// The module brings apache2-bin along, and with it no service that would listen.
const apache: Wanted = {
  name: 'Apache with mod_auth_openidc',
  programs: ['apache2'],
  folders: [],
  apt: 'libapache2-mod-auth-openidc',
}
const apacheModules = '/usr/lib/apache2/modules'

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

export type ApacheProgram = { readonly path: string; readonly modules: string }

/** As Debian has it: the module lies where that Apache looks for it. */
export function apacheProgram(): ApacheProgram {
  return findApache() ?? install(apache, findApache)
}

function findApache(): ApacheProgram | undefined {
  const folder = find(apache)
  const complete = folder && existsSync(join(apacheModules, 'mod_auth_openidc.so'))
  return complete ? { path: join(folder, 'apache2'), modules: apacheModules } : undefined
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
    updateLists()
    keepingStill(wanted.units ?? [], () =>
      aptGet('install', '-y', '--no-install-recommends', wanted.apt),
    )
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

let listsAreFresh = false

function updateLists(): void {
  if (!listsAreFresh) aptGet('update')
  listsAreFresh = true
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
  const { apt, brew } = wanted
  const sudo = process.getuid?.() === 0 ? '' : 'sudo '
  const { dnf = apt, apk = apt } = wanted
  if (process.platform === 'darwin' && brew !== undefined) return `brew install ${brew}`
  if (existsSync('/usr/bin/dnf')) return `${sudo}dnf install -y ${dnf}`
  if (existsSync('/sbin/apk')) return `${sudo}apk add ${apk}`
  return `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${apt}`
}

/** Debian starts what it installs, and again at every boot, unless it is told otherwise. */
function keepingStill(units: readonly string[], act: () => void): void {
  const policy = '/usr/sbin/policy-rc.d'
  // One that stands there already is the machine's own, as in Debian's images for containers.
  const isOurs = units.length > 0 && !existsSync(policy)
  if (isOurs) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  try {
    act()
  } finally {
    if (isOurs) rmSync(policy)
  }
  if (units.length === 0 || !existsSync('/usr/bin/systemctl')) return
  execFileSync('systemctl', ['disable', '--no-reload', ...units], { stdio: ['ignore', 2, 2] })
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
