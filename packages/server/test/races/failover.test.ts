/*
 * A replica whose address of the store comes to lead to a standby, which is then promoted (rules 3, 5, 7):
 * what a floating address or a proxy does in a failover. PostgreSQL keeps connections over a promotion.
 */
import { execFileSync } from 'node:child_process'
import { createServer, Socket } from 'node:net'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Curfew, eventually, freshUid, type Login, startCurfew } from '#test/harness/index.ts'
import { launch, type Service } from '#test/services/child.ts'
import { freePort, serviceIdentity, tempFolder } from '#test/services/places.ts'
import { type OwnStage, ownPostgres } from './rig/own-postgres.ts'
import { production } from './rig/pair.ts'

let stage: OwnStage
let standby: { readonly service: Service; readonly port: number; readonly remove: () => void }
let address: { readonly url: string; lead(to: number): void; close(): void }
let a: Curfew
let b: Curfew

/** One address that leads now to one server, now to another; whoever is connected is cut off. */
async function floating(url: string): Promise<typeof address> {
  let target = Number(new URL(url).port)
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const store = new Socket()
    for (const one of [client, store]) {
      sockets.add(one)
      one
        .on('error', () => undefined)
        .on('close', () => {
          sockets.delete(one)
          client.destroy()
          store.destroy()
        })
    }
    store.connect(target, '127.0.0.1')
    client.pipe(store).pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const own = server.address()
  const mine = new URL(url)
  mine.port = String(own !== null && typeof own === 'object' ? own.port : 0)
  return {
    url: mine.href,
    lead: (to) => {
      target = to
      for (const one of sockets) one.destroy()
    },
    close: () => {
      for (const one of sockets) one.destroy()
      server.close()
    },
  }
}

async function openStandby(primary: URL): Promise<typeof standby> {
  const programs = stage.postgres.programs ?? ''
  const identity = serviceIdentity('postgres')
  const folder = tempFolder('curfew-standby-', identity)
  const data = join(folder.path, 'data')
  const from = [
    '-h',
    '127.0.0.1',
    '-p',
    primary.port,
    '-U',
    'postgres',
    '-D',
    data,
    '-R',
    '-c',
    'fast',
  ]
  execFileSync(join(programs, 'pg_basebackup'), from, { stdio: 'pipe', cwd: '/', ...identity })
  const port = await freePort()
  const flags = [
    'max_connections=200',
    'listen_addresses=127.0.0.1',
    `port=${port}`,
    'unix_socket_directories=',
  ]
  const service = await launch({
    program: join(programs, 'postgres'),
    args: ['-D', data, ...flags.flatMap((flag) => ['-c', flag])],
    identity,
    folder: folder.path,
    logFile: join(folder.path, 'server.log'),
    isReady: () =>
      ask(port, 'select 1').then(
        () => true,
        () => false,
      ),
  })
  return { service, port, remove: () => folder.remove() }
}

async function ask(port: number, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({
    connectionString: `postgres://postgres@127.0.0.1:${port}/postgres`,
  })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

beforeAll(async () => {
  stage = await ownPostgres()
  address = await floating(stage.storeUrl)
  const revocation = { pullInterval: '200ms' }
  a = await startCurfew({ store: stage, env: production, config: { revocation } })
  b = await a.twin({ config: { store: address.url } })
  standby = await openStandby(new URL(stage.storeUrl))
})

afterAll(async () => {
  await Promise.all([a.kill(), b.kill()])
  address.close()
  await standby.service.end('SIGQUIT')
  standby.service.dismiss()
  standby.remove()
  await stage.stop()
})

let cursor = ''
/** Ended at the primary, in the last second before it was lost. */
let revoked: Login

/** What the promoted server holds of it. */
async function endOf(sid: string): Promise<unknown> {
  const url = new URL(stage.storeUrl)
  url.port = String(standby.port)
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  try {
    const { rows } = await client.query('select revoked_at from sessions where sid = $1', [sid])
    return rows[0]?.revoked_at
  } finally {
    await client.end()
  }
}

test('rule 3 cache proposes: a standby is not asked about a session; 503, never 200', async () => {
  const login = await a.api.start({ uid: freshUid(), device: 'web' })
  revoked = await b.api.start({ uid: freshUid(), device: 'web' })
  expect(await b.api.works(revoked.accessToken)).toBe(true)
  const primary = Number(new URL(stage.storeUrl).port)
  const [written] = await ask(primary, 'select pg_current_wal_lsn()::text as lsn')
  const lsn = String(written?.['lsn'])
  const caughtUp = async () => {
    const [row] = await ask(
      standby.port,
      `select pg_last_wal_replay_lsn() >= '${lsn}'::pg_lsn as yes`,
    )
    return row?.['yes'] === true ? true : undefined
  }
  await eventually(caughtUp, { what: 'the standby has caught up' })
  // From here on it hears nothing of the primary any more: what it lacks is lost when it is promoted.
  await ask(standby.port, "alter system set primary_conninfo = ''")
  await ask(standby.port, 'select pg_reload_conf()')
  await eventually(
    async () => {
      const [row] = await ask(standby.port, 'select count(*)::int as n from pg_stat_wal_receiver')
      return row?.['n'] === 0 ? true : undefined
    },
    { what: 'the standby is cut off' },
  )
  expect((await b.api.logout(revoked.accessToken)).status).toBe(200)
  address.lead(standby.port)
  expect((await a.api.logout(login.accessToken)).status).toBe(200)
  cursor = await a.api.head()
  await eventually(async () => ((await b.api.get('/healthz')).status === 200 ? true : undefined))
  // The first requests meet the connections that broke.
  for (let i = 0; i < 15; i++) await b.api.get('/sessions', { as: login.accessToken })
  const used = await b.api.get('/sessions', { as: login.accessToken })
  const shown = await b.api.introspect(login.accessToken)
  expect.soft(used.status, used.brief).not.toBe(200)
  expect.soft(shown.text).not.toContain('"active":true')
})

test('rule 7 restored: a standby that is promoted under a running replica gets a new epoch', async () => {
  await stage.postgres.kill()
  await a.kill()
  await ask(standby.port, 'select pg_promote(true, 30)')
  const later = await eventually(
    async () => {
      const answer = await b.api.tryStart({ uid: freshUid(), device: 'web' })
      return answer.status === 201 ? answer : undefined
    },
    { what: 'a sign-in after the failover' },
  )
  const token = String(later.body['session_token'])
  const sid = later.body['sid']
  expect((await b.api.logout(token)).status).toBe(200)
  const answer = await b.api.feed({ since: cursor })
  expect(answer.list.map((entry) => entry['sid'])).toContain(sid)
})

test('scenario S120: a fail-over that lost the last second: what was just revoked stays dead', async () => {
  const refreshed = await b.api.refresh(revoked.refreshToken)
  expect(refreshed.status, refreshed.brief).toBe(400)
  expect(await b.api.works(revoked.accessToken)).toBe(false)
  expect(await b.api.works(revoked.sessionToken)).toBe(false)
  const endedAgain = async () => ((await endOf(revoked.sid)) === null ? undefined : true)
  await eventually(endedAgain, { what: 'the end in the store that had lost it' })
  expect(b.log()).toContain('came-back')
  // So a replica that never knew of it agrees.
  const c = await b.twin({ config: { store: address.url } })
  expect(await c.api.works(revoked.accessToken)).toBe(false)
  await c.kill()
})
