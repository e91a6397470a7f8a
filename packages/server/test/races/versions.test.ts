/*
 * A roll-out to a version with a newer schema, and back again (scenario S125). There is no older release
 * yet: the program of this tree is the older version, and with one more migration the newer one.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Api,
  type Curfew,
  eventually,
  freshUid,
  type Login,
  publicClient,
  runCommand,
  sourceProgram,
  startCurfew,
} from '#test/harness/index.ts'
import { production } from './rig/pair.ts'

const next = new URL('./rig/newer-schema.ts', import.meta.url).href
const newer = { env: { NODE_OPTIONS: `--import=${next}` }, program: sourceProgram }
const older = { env: { NODE_OPTIONS: '' }, program: sourceProgram }

let a: Curfew
let b: Curfew

beforeAll(async () => {
  const server = { logLevel: 'warn' }
  a = await startCurfew({ store: 'postgres', env: production, config: { server } })
  b = await a.twin()
})

afterAll(() => a?.close())

function begin(api: Api): Promise<Login> {
  return api.start({ uid: freshUid(), device: 'web', client_id: publicClient })
}

async function schemaVersion(): Promise<number> {
  const [row] = await a.stage.execute('select max(version) as version from schema_migrations')
  return Number(row?.['version'])
}

/** Sign-ins, refreshes, checks and sign-outs at one replica; answers what it should not have. */
async function use(api: Api, until: () => boolean): Promise<readonly string[]> {
  const wrong: string[] = []
  while (!until()) {
    const login = await begin(api)
    const refreshed = await api.refresh(login.refreshToken, publicClient)
    const checked = await api.get('/sessions', { as: login.accessToken })
    const ended = await api.logout(login.accessToken)
    for (const { status, brief } of [refreshed, checked, ended]) {
      if (status !== 200) wrong.push(brief)
    }
    const dead = await api.get('/sessions', { as: login.accessToken })
    if (dead.status !== 401) wrong.push(`it has ended: ${dead.brief}`)
  }
  return wrong
}

/** What one ends is dead at the other, with every token that it has. */
async function expectDeadElsewhere(at: Api, elsewhere: Api): Promise<readonly Login[]> {
  const logins = [await begin(at), await begin(elsewhere)]
  for (const login of logins) {
    expect(await elsewhere.works(login.accessToken)).toBe(true)
    expect((await at.logout(login.accessToken)).status).toBe(200)
    await expectDead(elsewhere, login)
  }
  return logins
}

async function expectDead(api: Api, login: Login): Promise<void> {
  expect(await api.works(login.accessToken)).toBe(false)
  expect(await api.works(login.sessionToken)).toBe(false)
  expect((await api.refresh(login.refreshToken, publicClient)).status).toBe(400)
  expect((await api.logout(login.accessToken)).body).toMatchObject({ already_revoked: true })
}

test('scenario S125: a newer version migrates under load of an older one, neither revives what the other killed, and back', async () => {
  const before = await schemaVersion()
  const dead: Login[] = []
  let over = false
  const load = Array.from({ length: 4 }, () => use(a.api, () => over))
  await sleep(300)
  await b.stop()
  b = await b.restart(newer)
  expect(await schemaVersion()).toBe(before + 1)
  dead.push(...(await expectDeadElsewhere(a.api, b.api)))
  dead.push(...(await expectDeadElsewhere(b.api, a.api)))
  over = true
  expect((await Promise.all(load)).flat()).toEqual([])
  // The older version begins on the newer schema, as one does whose machine was restarted meanwhile.
  await a.stop()
  a = await a.restart(older)
  for (const login of dead) await expectDead(a.api, login)
  dead.push(...(await expectDeadElsewhere(b.api, a.api)))
  // Rolled back: all are of the older version again.
  await b.stop()
  b = await b.restart(older)
  for (const login of dead) await expectDead(b.api, login)
  await expectDeadElsewhere(a.api, b.api)
  expect(await use(b.api, once())).toEqual([])
})

function once(): () => boolean {
  let asked = 0
  return () => ++asked > 1
}

/** As if the newer version had never been there. */
async function takeBack(): Promise<void> {
  const { stage } = a
  await stage.execute('alter table sessions drop column next_colour')
  await stage.execute('drop table next_colours')
  for (const table of ['schema_migrations', 'schema_compatibility']) {
    await stage.execute(`delete from ${table} where version = (select max(version) from ${table})`)
  }
}

async function waitsForSessions(): Promise<true | undefined> {
  const waiting = await a.stage.execute(`select 1 from pg_locks
    where relation = 'sessions'::regclass and mode = 'AccessExclusiveLock' and not granted`)
  return waiting.length > 0 ? true : undefined
}

test('a step waits for a table only briefly: those who come behind it are served', async () => {
  await b.stop()
  await takeBack()
  const letGo = await a.stage.hold('select count(*) from sessions')
  let over = false
  const load = Array.from({ length: 4 }, () => use(a.api, () => over))
  const migrated = b.restart(newer)
  await eventually(waitsForSessions, { what: 'a step that waits for the table' })
  // Whoever waits for a lock for two seconds gives up: longer than that.
  await sleep(3500)
  over = true
  expect((await Promise.all(load)).flat()).toEqual([])
  await letGo()
  b = await migrated
  await expectDeadElsewhere(a.api, b.api)
})

test('a version that the schema has left behind is refused, and told what to do', async () => {
  await b.stop()
  await a.stage.execute('update schema_compatibility set compatible_from = version')
  const { configFile, stage } = b
  const cwd = stage.folder
  const refused = await runCommand(['serve', '--config', configFile], { cwd, env: production })
  expect(refused.code).toBe(1)
  expect(refused.stderr).toMatch(
    /schema version \d+.*this one knows \d+: start the newer version again/,
  )
  const live = async () => ((await a.api.get('/readyz')).status === 200 ? true : undefined)
  await eventually(live)
})
