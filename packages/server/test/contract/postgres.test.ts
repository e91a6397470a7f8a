import pg from 'pg'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { noEffects, type Store, StoreUnavailable } from '#authority'
import { reason } from '#domain'
import { openStore, StoreTooNew } from '#stores'
import { freshDatabase } from '#test/services/vitest.ts'
import type { RawRow, Subject } from './bench.ts'
import { dumpSchema } from './postgres-schema.ts'
import { newSid, started } from './sessions.ts'
import { storeSuite } from './store-suite.ts'

let url: string
let admin: pg.Pool
let offsetMs = 0

beforeAll(async () => {
  const database = await freshDatabase()
  url = database.url
  admin = new pg.Pool({ connectionString: url })
  admin.on('error', () => undefined)
})
afterAll(() => admin.end())

async function open(effects = noEffects): Promise<Store> {
  const options = { clockOffsetMs: () => offsetMs, effects }
  const store = await openStore({ kind: 'postgres', url }, options)
  onTestFinished(() => store.close())
  return store
}

async function raw(sql: string): Promise<readonly RawRow[]> {
  return (await admin.query<RawRow>(sql)).rows
}

async function prepare(effects = noEffects): Promise<Subject> {
  offsetMs = 0
  const store = await open(effects)
  await raw(`truncate sessions, users, feed, signing_keys, key_ids, once, provider_subjects, outbox, cursors,
      activity, replicas;
    update fence set value = 0; update feed_head set seq = 0, floor = 0, at = 0, keys_version = 1`)
  return {
    store,
    second: () => open(effects),
    shift: (milliseconds) => {
      offsetMs = milliseconds
    },
    raw,
    reopen: async () => {
      await store.close()
      return open(effects)
    },
  }
}

storeSuite('postgres', prepare)

describe('postgres: the server', () => {
  test('rule 7 restored: a database that goes on in another history gets a new epoch', async () => {
    const { store, reopen } = await prepare()
    const { head } = await store.tail(0)
    const same = await reopen()
    expect((await same.tail(0)).head).toEqual(head)
    await raw("update feed_head set history = '1/2/0000000A'")
    const restored = await open()
    const renewed = (await restored.tail(0)).head
    expect(renewed.epoch).not.toBe(head.epoch)
    expect((await (await open()).tail(0)).head).toEqual(renewed)
  })

  test('a hint reaches other stores after an end, and the subscriber after it has connected', async () => {
    const { store, second } = await prepare()
    const other = await second()
    let hint: () => void = () => undefined
    const next = (): Promise<void> =>
      new Promise((resolve) => {
        hint = resolve
      })
    const connected = next()
    const stop = other.onHint(() => hint())
    await connected
    const told = next()
    const { origin } = await started(store)
    await store.end({ sid: origin.sid, reason: reason('userLogout'), by: null, guard: 'live' })
    await told
    stop()
  })

  test('a hint about a session reaches the other stores, many in one, and never the store that gave it', async () => {
    const { store, second } = await prepare()
    const other = await second()
    const heard: { readonly by: string; readonly sid: string | undefined }[] = []
    store.onSessionHint((sid) => heard.push({ by: 'itself', sid }))
    other.onSessionHint((sid) => heard.push({ by: 'other', sid }))
    // Each begins with what it may have missed.
    const missed = ['itself', 'other'].map((by) => ({ by, sid: undefined }))
    await expect.poll(() => heard).toEqual(expect.arrayContaining(missed))
    heard.length = 0
    const sids = Array.from({ length: 450 }, () => newSid())
    for (const sid of [...sids, ...sids]) store.announceSession(sid)
    await expect.poll(() => new Set(heard.map(({ sid }) => sid))).toEqual(new Set(sids))
    // The first one had left before it was said again.
    expect(heard.length).toBeLessThanOrEqual(sids.length + 1)
    expect(new Set(heard.map(({ by }) => by))).toEqual(new Set(['other']))
    heard.length = 0
    for (let index = 0; index < 5000; index++) store.announceSession(newSid())
    await expect.poll(() => heard.some(({ sid }) => sid === undefined)).toBe(true)
    expect(heard.length).toBeLessThan(5000)
  })

  test('a listener whose connection breaks listens again, and reads what it may have missed', async () => {
    const { store } = await prepare()
    let hint: () => void = () => undefined
    const next = (): Promise<void> =>
      new Promise((resolve) => {
        hint = resolve
      })
    const connected = next()
    store.onHint(() => hint())
    await connected
    const again = next()
    await raw(`select pg_terminate_backend(pid) from pg_stat_activity
      where query like 'listen%' and datname = current_database()`)
    await again
    const told = next()
    await raw('notify curfew_feed')
    await told
  })

  test('rule 37 limits: scenario K03: a lock that is held for longer than two seconds is StoreUnavailable, and nothing is written', async () => {
    const { store } = await prepare()
    const [blocked, free] = [await started(store), await started(store)]
    const client = await admin.connect()
    await client.query('begin')
    await client.query('select 1 from sessions where sid = $1 for update', [blocked.origin.sid])
    const end = (sid: typeof blocked.origin.sid) =>
      store.end({ sid, reason: reason('userLogout'), by: null, guard: 'live' })
    const results = await Promise.allSettled([end(blocked.origin.sid), end(free.origin.sid)])
    await client.query('rollback')
    client.release()
    expect(results[0]).toMatchObject({ status: 'rejected', reason: { code: 'store_unavailable' } })
    expect(results[1]).toMatchObject({ status: 'fulfilled', value: { kind: 'ended' } })
    expect((await store.read(blocked.origin.sid))?.session.kind).toBe('live')
  })

  test('a server that is not there is StoreUnavailable', async () => {
    const nowhere = 'postgres://curfew@127.0.0.1:1/none'
    await expect(openStore({ kind: 'postgres', url: nowhere })).rejects.toBeInstanceOf(
      StoreUnavailable,
    )
  })

  test('a broken connection is StoreUnavailable once, and replaced', async () => {
    const { store } = await prepare()
    const cut = raw(`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'curfew' and datname = current_database()`)
    const reads = Array.from({ length: 8 }, () => store.fence())
    const results = await Promise.allSettled([...reads, cut])
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(StoreUnavailable)
    }
    expect(await store.fence()).toBe(0)
  })

  test('replicas that start at once on an empty database migrate it once', async () => {
    const database = await freshDatabase()
    const stores = await Promise.all(
      [1, 2, 3].map(() => openStore({ kind: 'postgres', url: database.url })),
    )
    const epochs = await Promise.all(stores.map(async (store) => (await store.tail(0)).head.epoch))
    expect(new Set(epochs).size).toBe(1)
    await Promise.all(stores.map((store) => store.close()))
  })

  test('a database of a newer version is used, if it says that this one can live with it', async () => {
    const database = await freshDatabase()
    await (await openStore({ kind: 'postgres', url: database.url })).close()
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    await client.query("insert into schema_migrations values (999, 'from the future', 0)")
    await client.query('insert into schema_compatibility values (999, 1)')
    await client.end()
    const store = await openStore({ kind: 'postgres', url: database.url })
    expect(await store.fence()).toBe(0)
    await store.close()
  })

  test('a database of a newer version is refused', async () => {
    const database = await freshDatabase()
    await (await openStore({ kind: 'postgres', url: database.url })).close()
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    await client.query("insert into schema_migrations values (999, 'from the future', 0)")
    await client.end()
    await expect(openStore({ kind: 'postgres', url: database.url })).rejects.toBeInstanceOf(
      StoreTooNew,
    )
  })

  test('the schema is the one that is written down', async () => {
    await prepare()
    const dump = await dumpSchema(raw)
    await expect(dump).toMatchFileSnapshot('../../src/stores/schema/postgres.sql')
  })
})
