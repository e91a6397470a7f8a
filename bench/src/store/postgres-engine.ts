import pg from 'pg'
import type { SessionId } from '../../../packages/server/src/domain/index.ts'
import { openStore } from '../../../packages/server/src/stores/index.ts'
import { familyOf } from '../measure/processor-time.ts'
import type { Engine } from './engine.ts'
import { postmasterOf } from './postmaster.ts'
import {
  cloneText,
  insertText,
  insertValues,
  type RawRow,
  type RawTable,
  rawTableName,
  revokeText,
  revokeValues,
  updateText,
  updateValues,
  type Value,
} from './raw-row.ts'

/** As many connections as the raw statements have callers: nobody waits in this process. */
const rawConnections = 64
const list = 'select unnest(cast($1 as text[])) as sid'

export async function openPostgres(url: string): Promise<Engine> {
  const store = await openStore({ kind: 'postgres', url })
  const pool = new pg.Pool({ connectionString: url, max: rawConnections, idleTimeoutMillis: 0 })
  // Idle connections hear of the server's stop before they are closed.
  pool.on('error', () => undefined)
  const postmaster = await postmasterOf(pool)
  let template: RawRow = {}
  return {
    kind: 'postgres',
    description: await describe(pool),
    store,
    raw: rawTable(pool, () => template),
    prepare: async (sid) => {
      template = await makeRawTable(pool, sid)
    },
    multiply: async (sid, sids) => {
      const columns = Object.keys(template)
      for (const to of ['sessions', rawTableName]) {
        const text = cloneText({ from: 'sessions', to, columns, list, template: '$2' })
        await pool.query(text, [sids, sid])
      }
      await pool.query('analyze')
    },
    databasePids: () => (postmaster === undefined ? [] : familyOf(postmaster)),
    close: async () => {
      await pool.end()
      await store.close()
    },
  }
}

async function makeRawTable(pool: pg.Pool, sid: SessionId): Promise<RawRow> {
  const options = await pool.query<{ reloptions: string[] | null }>(
    `select reloptions from pg_class where oid = 'sessions'::regclass`,
  )
  const settings = options.rows[0]?.reloptions?.join(', ') ?? ''
  const withSettings = settings === '' ? '' : ` with (${settings})`
  // `including all` copies columns, checks and indexes, and no trigger.
  await pool.query(`create table ${rawTableName} (like sessions including all)${withSettings}`)
  const found = await pool.query<Record<string, Value>>('select * from sessions where sid = $1', [
    sid,
  ])
  const [row] = found.rows
  if (row === undefined) throw new Error('the template session is not in the store')
  return row
}

function rawTable(pool: pg.Pool, template: () => RawRow): RawTable {
  let turn = 0
  let insert: string | undefined
  async function run(name: string, text: string, values: readonly Value[]): Promise<void> {
    const { rowCount } = await pool.query({ name: `bench_${name}`, text, values: [...values] })
    if (rowCount !== 1) throw new Error(`raw ${name} met ${rowCount} rows`)
  }
  return {
    insert: (sid) => {
      insert ??= insertText(template())
      return run('insert', insert, insertValues(template(), sid))
    },
    update: (sid) => run('update', updateText, updateValues(template(), sid, ++turn)),
    revoke: (sid) => run('revoke', revokeText, revokeValues(sid, ++turn)),
  }
}

async function describe(pool: pg.Pool): Promise<string> {
  const names = ['server_version', 'fsync', 'synchronous_commit', 'shared_buffers']
  const shown = await Promise.all(
    names.map(async (name) => {
      const { rows } = await pool.query<{ value: string }>('select current_setting($1) as value', [
        name,
      ])
      return `${name} ${rows[0]?.value ?? '?'}`
    }),
  )
  return `PostgreSQL: ${shown.join(', ')}`
}
