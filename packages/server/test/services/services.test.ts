import { existsSync } from 'node:fs'
import pg from 'pg'
import { expect, inject, test } from 'vitest'
import { startPostgres } from './index.ts'
import { freshDatabase } from './vitest.ts'

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end().catch(() => undefined)
  }
}

test('a fresh database belongs to a role without power over the server', async () => {
  const { url } = await freshDatabase()
  await query(url, 'create table t (n int)')
  const rows = await query(url, 'select rolsuper, rolcreatedb from pg_roles where rolname = user')
  expect(rows).toEqual([{ rolsuper: false, rolcreatedb: false }])
})

test('two fresh databases share nothing', async () => {
  const [one, two] = await Promise.all([freshDatabase(), freshDatabase()])
  await query(one.url, 'create table t (n int)')
  expect(await query(two.url, "select 1 from pg_tables where tablename = 't'")).toEqual([])
})

test('the server of the run is durable', async () => {
  const url = inject('postgresAdminUrl')
  const rows = await query(url, "select name, setting from pg_settings where name = 'fsync'")
  expect(rows).toEqual([{ name: 'fsync', setting: 'on' }])
})

test('what was committed survives a crash of the server, and a restart', async () => {
  const server = await startPostgres({ own: true })
  try {
    const { url } = await server.createDatabase()
    await query(url, 'create table t (n int); insert into t values (1)')
    await server.kill()
    await expect(query(url, 'select 1')).rejects.toThrow('ECONNREFUSED')
    await server.start()
    await server.restart()
    expect(await query(url, 'select n from t')).toEqual([{ n: 1 }])
    const [row] = await query(server.adminUrl, 'show data_directory')
    await server.stop()
    expect(existsSync(String(Object.values(row ?? {})[0]))).toBe(false)
  } finally {
    await server.stop()
  }
})
