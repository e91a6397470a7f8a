/*
 * Who may import whom, and who may touch what: the one table of layers (docs/architecture.md), and its
 * check. Each message names the port or the file to use instead.
 */
import { posix } from 'node:path'
import { type Finding, importsOf, isTest, matchesIn, type Source } from './source.ts'
import { readSources, report } from './tree.ts'

const server = 'packages/server/src/'
const web = 'packages/console/src/'
const rooms = [
  'domain',
  'authority',
  'tokens',
  'stores',
  'cache',
  'feed',
  'oidc',
  'gateway',
  'effects',
  'http',
  'config',
  'cli',
  'main',
] as const
type Room = (typeof rooms)[number]

const core: readonly Room[] = ['domain', 'authority']
const adapters: readonly Room[] = [
  ...['tokens', 'stores', 'cache', 'feed', 'oidc', 'gateway', 'effects'].filter(isRoom),
]

/** The table. `main` is every file that lies beside the rooms: main.ts, bin.ts and what joins them. */
const mayImport: Readonly<Record<Room, readonly Room[]>> = {
  domain: [],
  authority: ['domain'],
  tokens: core,
  stores: core,
  cache: core,
  feed: core,
  oidc: core,
  gateway: core,
  effects: core,
  http: [...core, ...adapters],
  config: ['domain'],
  cli: [...core, ...adapters, 'http', 'config', 'main'],
  main: [...core, ...adapters, 'http', 'config', 'cli'],
}

type Reserved = {
  readonly what: string
  readonly matches: RegExp
  readonly owners: readonly string[]
  readonly instead: string
}

/** The SDK's own clock and jitter. */
const sdkTiming = 'packages/verifier/src/timing.ts'
const environmentReaders = [`${server}main.ts`, `${server}bin.ts`, `${server}cli/`]

/** Packages that only some places may import. Owners are path prefixes. */
const reservedPackages: readonly Reserved[] = [
  {
    what: 'SQL drivers',
    matches: /^(?:pg|pg-.+|node:sqlite)$/,
    owners: [`${server}stores/`, 'bench/', 'demo/', 'packages/server/test/'],
    instead: 'ask for the act that you need as a method of a store port in authority/ports.ts',
  },
  {
    what: 'Redis clients',
    matches: /^(?:redis|@redis\/.+|ioredis|cluster-key-slot)$/,
    owners: [
      ...[`${server}redis-`, 'bench/', 'demo/', 'packages/server/test/'],
      'packages/verifier/test/',
    ],
    instead:
      'declare the little that you need of RedisConnection (redis-connection.ts) and take it as an argument',
  },
  {
    what: 'openid-client',
    matches: /^openid-client$/,
    owners: [`${server}oidc/`, 'packages/server/test/', 'demo/'],
    instead: 'declare what you need of the provider in authority/ports.ts; oidc fulfils it',
  },
  {
    what: 'fastify',
    matches: /^(?:fastify|@fastify\/.+)$/,
    owners: [`${server}http/`, 'packages/verifier/', 'demo/', 'bench/', 'packages/server/test/'],
    instead: 'return a plain result and let a route in http/routes/ turn it into an answer',
  },
  {
    what: '@curfew/verifier',
    matches: /^@curfew\/verifier(?:\/.+)?$/,
    owners: [
      ...[`${server}feed/`, `${server}gateway/`, `${server}tokens/dpop`],
      ...['demo/', 'bench/', 'packages/server/test/'],
    ],
    instead:
      'feed owns the denylist; ask it through a port in authority/ports.ts, joined in main.ts',
  },
  {
    what: 'Preact',
    matches: /^(?:preact|@preact\/.+)(?:\/.+)?$/,
    owners: [web],
    instead:
      'pages of the server are plain HTML (http/pages); what needs script belongs to the console',
  },
  {
    what: 'node: modules',
    matches: /^node:/,
    owners: [
      ...['packages/server/', 'packages/verifier/test/', 'demo/', 'bench/', 'tools/', '*.ts'],
      ...['packages/console/dev/', 'packages/console/vite.config.ts'],
    ],
    instead:
      'the verifier and the console run elsewhere too: use what is there as well (WebCrypto, fetch)',
  },
]

/** Things of the outside world that only some files may touch. */
const reservedGlobals: readonly Reserved[] = [
  {
    what: 'process.env',
    matches: /\bprocess\s*\.\s*env\b|\benv\b[^\n]*\bfrom 'node:process'/,
    owners: [...environmentReaders, 'demo/', 'bench/', 'tools/', '*.ts'],
    instead: 'take a plain value as an argument; main.ts reads the environment',
  },
  {
    what: 'Date.now and new Date()',
    matches: /\bDate\s*\.\s*now\b|\bnew Date\(\s*\)/,
    owners: [
      `${server}clock.ts`,
      `${server}main.ts`,
      `${server}cli/`,
      ...[`${web}clock.ts`, 'packages/console/dev/'],
      sdkTiming,
      'demo/',
      'bench/',
      'tools/',
    ],
    instead:
      "take `now` as an argument or a clock from main.ts: now is database time (rule 6, the store's clock)",
  },
  {
    what: 'Math.random',
    matches: /\bMath\s*\.\s*random\b/,
    owners: [sdkTiming, 'bench/'],
    instead: 'use node:crypto (randomBytes, randomInt), handed in where the code must be pure',
  },
]

/** What the domain may not contain: it is a function of its arguments. */
const impure: Reserved = {
  what: 'async, await, Promise, timers and random bytes',
  matches: /\basync\b|\bawait\b|\bPromise\b|\bset(?:Timeout|Interval|Immediate)\b|\bcrypto\s*\./,
  owners: [],
  instead: 'the domain is pure: take time and random bytes as arguments, and do I/O in an adapter',
}

export function checkLayers(sources: readonly Source[]): Finding[] {
  return sources
    .filter((source) => !isTest(source.path))
    .flatMap((source) => [...checkImports(source), ...checkGlobals(source)])
}

function checkImports(source: Source): Finding[] {
  const from = roomOf(source.path)
  return importsOf(source).flatMap(({ specifier, line }) => {
    const problem = specifier.startsWith('.')
      ? relativeProblem(source.path, from, specifier)
      : (consoleProblem(source.path, specifier) ??
        aliasProblem(from, specifier) ??
        packageProblem(source.path, from, specifier))
    return problem ? [{ path: source.path, line, message: problem }] : []
  })
}

function relativeProblem(
  path: string,
  from: Room | undefined,
  specifier: string,
): string | undefined {
  const target = posix.join(posix.dirname(path), specifier)
  const to = roomOf(target)
  if (from && to === from) return undefined
  if (from && to === 'main') return edgeProblem(from, to)
  if (from && to) return `import ${to} through its door: '#${to}', not '${specifier}'`
  if (to && !target.endsWith('/index.ts') && to !== 'main') {
    return `import ${to} through its door: ${server}${to}/index.ts exports what outsiders may use`
  }
  const home = packageOf(path)
  if (home === packageOf(target) || isWorkshop(path)) return undefined
  return `'${specifier}' leaves ${home}: import the package by its name, as users do`
}

// bench/ measures single stores and tools/ print tables of the code: both may use a room's door.
function isWorkshop(path: string): boolean {
  return /^(?:bench|demo|tools)\/|^[^/]+\.ts$/.test(path)
}

// What it knows of the server is the public API, and each package is bytes on somebody's poor line.
function consoleProblem(path: string, specifier: string): string | undefined {
  if (!path.startsWith(web) || /^(?:preact|@preact\/signals)(?:\/hooks)?$/.test(specifier)) {
    return undefined
  }
  return `the console may not import ${specifier}: ask the public API, or write the few lines that you need`
}

function aliasProblem(from: Room | undefined, specifier: string): string | undefined {
  if (!specifier.startsWith('#')) return undefined
  const name = specifier.slice(1)
  if (name.startsWith('test/')) return 'what runs in production may not import the tests'
  if (!isRoom(name))
    return `${specifier} is no door: the doors are ${rooms.map((r) => `#${r}`).join(' ')}`
  if (from === name) return `inside ${from} import the file itself ('./…'), not its own door`
  return from && edgeProblem(from, name)
}

function edgeProblem(from: Room, to: Room): string | undefined {
  if (mayImport[from].includes(to)) return undefined
  return `${from} may not import ${to}: ${insteadOfEdge(from, to)}`
}

function insteadOfEdge(from: Room, to: Room): string {
  if (from === 'domain') return 'domain imports nothing but itself; take the value as an argument'
  if (to === 'config') return 'take plain values as arguments; main.ts reads the configuration'
  if (to === 'main')
    return 'main.ts joins the rooms and hands each what it needs; take it as an argument'
  if (to === 'cli')
    return 'commands are the outermost layer; move what is shared to the room that owns it'
  if (to === 'http') return 'return a plain result and let http turn it into an answer'
  return `declare what ${from} needs as a port in authority/ports.ts and let main.ts join them`
}

function packageProblem(
  path: string,
  from: Room | undefined,
  specifier: string,
): string | undefined {
  if (from === 'domain') {
    return `domain may not import ${specifier}: ${insteadOfEdge(from, 'stores')}`
  }
  const rule = reservedPackages.find((one) => one.matches.test(specifier))
  if (!rule || owns(rule, path)) return undefined
  return `${specifier} is not for this file (${rule.what} belong to ${ownersOf(rule)}): ${rule.instead}`
}

function checkGlobals(source: Source): Finding[] {
  const rules = roomOf(source.path) === 'domain' ? [impure, ...reservedGlobals] : reservedGlobals
  return rules
    .filter((rule) => !owns(rule, source.path))
    .flatMap((rule) =>
      matchesIn(source.code, rule.matches).map(({ line, text }) => ({
        path: source.path,
        line,
        message: `'${text}' is not for this file: ${rule.instead}`,
      })),
    )
}

function owns(rule: Reserved, path: string): boolean {
  return rule.owners.some((owner) =>
    owner === '*.ts' ? !path.includes('/') : path === owner || path.startsWith(owner),
  )
}

function ownersOf(rule: Reserved): string {
  return rule.owners.map((owner) => owner.replace(server, '')).join(', ')
}

function roomOf(path: string): Room | undefined {
  if (!path.startsWith(server)) return undefined
  const [first = '', ...rest] = path.slice(server.length).split('/')
  if (rest.length === 0) return 'main'
  return isRoom(first) ? first : undefined
}

function packageOf(path: string): string {
  const [first = '', second = ''] = path.split('/')
  return first === 'packages' ? `${first}/${second}` : first
}

function isRoom(name: string): name is Room {
  return rooms.some((room) => room === name)
}

/** A folder beside the rooms that the table does not know has no layer: that is an error, not freedom. */
export function checkRooms(sources: readonly Source[]): Finding[] {
  return sources
    .filter(({ path }) => path.startsWith(server) && roomOf(path) === undefined)
    .map(({ path }) => ({
      path,
      line: 1,
      message: `${path.slice(server.length).split('/')[0]} is no room: add it to the table in tools/layers.ts, with a record in docs/decisions/`,
    }))
}

if (import.meta.main) {
  const sources = readSources()
  report('layers', [...checkLayers(sources), ...checkRooms(sources)])
}
