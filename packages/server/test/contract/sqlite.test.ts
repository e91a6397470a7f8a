import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { noEffects, StoreUnavailable } from '#authority'
import { reason } from '#domain'
import { acquireServeLock, openStore, StoreInUse, StoreTooNew } from '#stores'
import { tempFolder } from '#test/services/index.ts'
import type { RawRow, Subject } from './bench.ts'
import { started } from './sessions.ts'
import { storeSuite } from './store-suite.ts'

const folder = tempFolder()
afterAll(() => folder.remove())
let files = 0

function freshPath(): string {
  return join(folder.path, `store-${files++}.db`)
}

async function prepare(path = freshPath(), effects = noEffects): Promise<Subject> {
  let offsetMs = 0
  const open = async () => {
    const options = { clockOffsetMs: () => offsetMs, effects }
    const store = await openStore({ kind: 'sqlite', path }, options)
    onTestFinished(() => store.close())
    return store
  }
  const store = await open()
  const raw = async (sql: string): Promise<readonly RawRow[]> => {
    const db = new DatabaseSync(path)
    try {
      return db.prepare(sql).all()
    } finally {
      db.close()
    }
  }
  return {
    store,
    second: open,
    shift: (milliseconds) => {
      offsetMs = milliseconds
    },
    raw,
    reopen: async () => {
      await store.close()
      return open()
    },
  }
}

storeSuite('sqlite', (effects) => prepare(freshPath(), effects))

describe('sqlite: the file', () => {
  test('every answer waits for a commit that is flushed', async () => {
    const path = freshPath()
    const store = await openStore({ kind: 'sqlite', path })
    const { origin } = await started(store)
    const order = {
      sid: origin.sid,
      reason: reason('userLogout'),
      by: null,
      guard: 'live',
    } as const
    const ending = store.end(order)
    const other = new DatabaseSync(path)
    const count = (): unknown => other.prepare('select count(*) as n from feed').get()?.['n']
    expect(count()).toBe(0)
    await ending
    expect(count()).toBe(1)
    other.close()
    await store.close()
  })

  test('one write that fails leaves the others of its transaction alone', async () => {
    const { store } = await prepare()
    const [a, b] = [await started(store), await started(store)]
    const broken = { ...a, profile: { ...a.profile, ip: { not: 'a text' } as unknown as string } }
    const results = await Promise.allSettled([
      store.swap(b, { ...b, life: { ...b.life } }),
      store.swap(a, broken),
      store.end({ sid: a.origin.sid, reason: reason('userLogout'), by: null, guard: 'live' }),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect((await store.read(a.origin.sid))?.session.kind).toBe('ended')
    expect((await store.read(b.origin.sid))?.session.version).toBe(2)
  })

  test('scenario K03: a file that somebody else keeps locked is StoreUnavailable, and works again afterwards', async () => {
    const path = freshPath()
    const { store } = await prepare(path)
    const { origin } = await started(store)
    const order = {
      sid: origin.sid,
      reason: reason('userLogout'),
      by: null,
      guard: 'live',
    } as const
    const other = new DatabaseSync(path)
    other.exec('begin immediate')
    await expect(store.end(order)).rejects.toBeInstanceOf(StoreUnavailable)
    expect((await store.read(origin.sid))?.session.kind).toBe('live')
    other.exec('rollback')
    other.close()
    expect(await store.end(order)).toMatchObject({ kind: 'ended' })
  })

  test('a file that cannot be opened is StoreUnavailable', async () => {
    const config = { kind: 'sqlite', path: join(folder.path, 'no', 'such', 'folder.db') } as const
    await expect(openStore(config)).rejects.toBeInstanceOf(StoreUnavailable)
  })

  test('a closed store is StoreUnavailable', async () => {
    const { store } = await prepare()
    await store.close()
    await expect(store.fence()).rejects.toBeInstanceOf(StoreUnavailable)
  })

  test('a file of a newer version is used, if it says that this one can live with it', async () => {
    const path = freshPath()
    const { raw, store } = await prepare(path)
    await store.close()
    await raw("insert into schema_migrations values (999, 'from the future', 0)")
    await raw('insert into schema_compatibility values (999, 1)')
    const again = await openStore({ kind: 'sqlite', path })
    expect(await again.fence()).toBe(0)
    await again.close()
  })

  test('a file of a newer version is refused', async () => {
    const path = freshPath()
    const { raw, store } = await prepare(path)
    await store.close()
    await raw("insert into schema_migrations values (999, 'from the future', 0)")
    await expect(openStore({ kind: 'sqlite', path })).rejects.toBeInstanceOf(StoreTooNew)
  })

  test('the schema is the one that is written down', async () => {
    const { raw } = await prepare()
    const rows = await raw(
      "select sql from sqlite_schema where sql is not null order by type = 'trigger', type = 'index', name",
    )
    const dump = `${rows.map(({ sql }) => `${String(sql)};`).join('\n\n')}\n`
    await expect(dump).toMatchFileSnapshot('../../src/stores/schema/sqlite.sql')
  })
})

describe('sqlite: one server', () => {
  test('rule 36 one writer of SQLite: a second server is refused, the command line is not', async () => {
    const path = freshPath()
    const lock = acquireServeLock(path)
    expect(() => acquireServeLock(path)).toThrow(StoreInUse)
    const { store } = await prepare(path)
    await started(store)
    lock.release()
    acquireServeLock(path).release()
  })

  test('rule 36 one writer of SQLite: the lock dies with its process, also by kill -9', async () => {
    const path = freshPath()
    const script = `
      const { DatabaseSync } = require('node:sqlite')
      const db = new DatabaseSync(${JSON.stringify(`${path}-serve`)})
      db.exec('begin exclusive')
      console.log('locked')
      setInterval(() => db.isOpen, 1000)`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    expect(() => acquireServeLock(path)).toThrow(StoreInUse)
    child.kill('SIGKILL')
    await once(child, 'exit')
    acquireServeLock(path).release()
  })
})
