/*
 * PostgreSQL for tests, bench and demo: a server of our own in a fresh folder, durable (fsync on), on
 * 127.0.0.1 only. The product connects as `curfew`, which is no superuser and owns its databases.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import pg from 'pg'
import { postgresPrograms } from './binaries.ts'
import { launch, type Service } from './child.ts'
import { freePort, type Identity, serviceIdentity, tempFolder } from './places.ts'

export type Database = {
  readonly name: string
  /** As the role that the product uses: no superuser, owner of this database. */
  readonly url: string
  drop(): Promise<void>
}

export type Postgres = {
  /** As a superuser, on the database `postgres`. */
  readonly adminUrl: string
  /** The folder of pg_dump, psql and the rest; undefined for a server that DATABASE_URL names. */
  readonly programs: string | undefined
  createDatabase(): Promise<Database>
  /** An orderly stop and a start on the same port and data. */
  restart(): Promise<void>
  /** A crash: nothing is flushed, every connection breaks. `start` recovers from the log. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Stands still with all of its connections open, until `resume`. */
  pause(): void
  resume(): void
  /** The end: the server stops and its data are removed. */
  stop(): Promise<void>
}

export type PostgresOptions = {
  /** Start a server even when DATABASE_URL names one: for tests that crash it. */
  readonly own?: boolean
}

const role = 'curfew'

export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const given = process.env['DATABASE_URL']
  return given && !options.own ? connectTo(given) : ownServer()
}

/** A fresh database on the server of `adminUrl`, whose user must be allowed to create databases. */
export async function createDatabase(adminUrl: string): Promise<Database> {
  const name = `curfew_${randomBytes(8).toString('hex')}`
  const admin = new URL(adminUrl)
  // Our own server trusts everyone on 127.0.0.1; one that DATABASE_URL names knows only its user.
  const owner = admin.password === '' ? role : decodeURIComponent(admin.username)
  await asAdmin(adminUrl, async (client) => {
    if (owner === role) await ensureRole(client)
    await client.query(`create database ${name} owner "${owner}"`)
  })
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  if (owner === role) url.username = role
  const drop = (): Promise<void> =>
    asAdmin(adminUrl, async (client) => {
      await client.query(`drop database if exists ${name} with (force)`)
    })
  return { name, url: url.href, drop }
}

async function ensureRole(client: pg.Client): Promise<void> {
  const known = await client.query('select 1 from pg_roles where rolname = $1', [role])
  if (known.rows.length === 0) await client.query(`create role ${role} login`)
}

function connectTo(adminUrl: string): Postgres {
  const notOurs = (): Error =>
    new Error('DATABASE_URL names a server that is not ours: ask for { own: true } to crash one')
  const refuse = (): Promise<never> => Promise.reject(notOurs())
  return {
    adminUrl,
    programs: undefined,
    createDatabase: () => createDatabase(adminUrl),
    restart: refuse,
    kill: refuse,
    start: refuse,
    pause: () => {
      throw notOurs()
    },
    resume: () => undefined,
    stop: () => Promise.resolve(),
  }
}

async function ownServer(): Promise<Postgres> {
  const programs = postgresPrograms()
  const identity = serviceIdentity('postgres')
  const folder = tempFolder('curfew-postgres-', identity)
  const data = join(folder.path, 'data')
  try {
    initialise(programs, data, identity)
    const { service: first, port } = await runOnFreePort(programs, folder.path, identity)
    let service: Service | undefined = first
    const adminUrl = urlOf(port)
    await asAdmin(adminUrl, ensureRole)
    const end = async (signal: NodeJS.Signals): Promise<void> => {
      await service?.end(signal)
      service?.dismiss()
      service = undefined
    }
    const start = async (): Promise<void> => {
      service ??= await run(programs, folder.path, port, identity)
    }
    return {
      adminUrl,
      programs,
      createDatabase: () => createDatabase(adminUrl),
      start,
      restart: async () => {
        await end('SIGINT')
        await start()
      },
      kill: () => end('SIGQUIT'),
      pause: () => service?.pause(),
      resume: () => service?.resume(),
      stop: async () => {
        await end('SIGINT')
        folder.remove()
      },
    }
  } catch (error) {
    folder.remove()
    throw error
  }
}

function initialise(programs: string, data: string, identity: Identity | undefined): void {
  const args = [
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C',
    '--no-sync',
  ]
  try {
    execFileSync(join(programs, 'initdb'), args, { stdio: 'pipe', cwd: '/', ...identity })
  } catch (error) {
    throw new Error(`initdb of ${programs} failed: ${outputOf(error)}`, { cause: error })
  }
}

function outputOf(error: unknown): string {
  return error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error)
}

async function runOnFreePort(
  programs: string,
  folder: string,
  identity: Identity | undefined,
): Promise<{ service: Service; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort()
    try {
      return { port, service: await run(programs, folder, port, identity) }
    } catch (error) {
      // Someone else may have taken the port in between.
      if (attempt === 3) throw error
    }
  }
}

function run(
  programs: string,
  folder: string,
  port: number,
  identity: Identity | undefined,
): Promise<Service> {
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: '',
    max_connections: 200,
    // Durability is what the tests are about: these are the defaults, said aloud.
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return launch({
    program: join(programs, 'postgres'),
    args: ['-D', join(folder, 'data'), ...flags],
    identity,
    folder,
    logFile: join(folder, 'server.log'),
    isReady: () => answers(urlOf(port)),
  })
}

function urlOf(port: number): string {
  return `postgres://postgres@127.0.0.1:${port}/postgres`
}

async function answers(url: string): Promise<boolean> {
  try {
    await asAdmin(url, (client) => client.query('select 1'))
    return true
  } catch {
    return false
  }
}

async function asAdmin<T>(url: string, act: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 })
  // A server that is shut down says so on idle connections; the query in flight reports it.
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await act(client)
  } finally {
    await client.end().catch(() => undefined)
  }
}
