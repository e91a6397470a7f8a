/*
 * What a session costs in memory once the gateway has answered for it: rows are copied into the store,
 * each gets its cookie, each cookie is asked about, and the process says what it holds before and after.
 */
import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { instant, type LiveSession, Secret } from '../../../packages/server/src/domain/index.ts'
import { openStore } from '../../../packages/server/src/stores/index.ts'
import { createOpaqueTokens, KeyRing } from '../../../packages/server/src/tokens/index.ts'
import type { ScriptableProvider } from '../../../packages/server/test/oidc/scriptable-provider.ts'
import { Connection } from '../http/connection.ts'
import type { CurfewProcess } from '../http/curfew-process.ts'
import type { Report, Table } from '../report/report.ts'
import type { Row } from '../report/table.ts'
import { cloneText } from '../store/raw-row.ts'
import { clock, random } from '../tokens/keys.ts'
import { type CurfewGate, newSecret, sessionCookie, startCurfewGate } from './curfew-gate.ts'
import type { MemoryAnswer } from './memory-probe.ts'

/** As many as the caches of one process hold with their default limits. */
const sessionsMax = 40_000
const per = 100_000
const connections = 32

export async function measureMemory(provider: ScriptableProvider, folder: string): Promise<Report> {
  const path = join(folder, 'memory.db')
  const secret = newSecret()
  const probe = fileURLToPath(new URL('memory-probe.ts', import.meta.url))
  const gate = await startCurfewGate({
    ...{ provider, folder, store: `sqlite:${path}`, secrets: [secret] },
    nodeOptions: ['--expose-gc', '--import', probe],
  })
  try {
    const cookies = await copySessions(path, secret, sessionsMax)
    // What the first requests compile and open counts for nobody's session.
    await askAll(gate, cookies.slice(0, 1000))
    const before = await memoryOf(gate.server)
    await askAll(gate, cookies.slice(1000))
    const after = await memoryOf(gate.server)
    return { tables: [tableOf(cookies.length - 1000, before, after)], goals: [] }
  } finally {
    await gate.server.stop()
  }
}

/** Copies of the one session that signed in, each with a sid and a user of its own; their cookies. */
async function copySessions(path: string, secret: string, count: number) {
  const sids = Array.from({ length: count }, () => random.sessionId(clock.now()))
  const template = await onlySession(path)
  const database = new DatabaseSync(path)
  const columns = database.prepare('select name from pragma_table_info(?)').all('sessions')
  const list = 'select value as sid from json_each($1)'
  const text = cloneText({
    ...{ from: 'sessions', to: 'sessions', list, template: '$2' },
    columns: columns.map(({ name }) => String(name)),
  })
  database.prepare(text).run({ 1: JSON.stringify(sids), 2: template.origin.sid })
  database.close()
  const ring = new KeyRing([new Secret(secret)])
  ring.update(ring.ids.map((keyId) => ({ keyId, activatesAt: instant(0) })))
  const opaque = createOpaqueTokens(ring, clock)
  const { generation, keyId } = template.sessionToken
  const { salt } = template.origin
  return sids.map((sid) => opaque.issue('cookie', { sid, generation, keyId }, salt))
}

async function onlySession(path: string): Promise<LiveSession> {
  const database = new DatabaseSync(path, { readOnly: true })
  const sid = database.prepare('select sid from sessions').get()?.['sid']
  database.close()
  const store = await openStore({ kind: 'sqlite', path })
  const read = await store.read(sid as LiveSession['origin']['sid'])
  await store.close()
  if (read?.session.kind !== 'live') throw new Error('nobody has signed in')
  return read.session
}

async function askAll(gate: CurfewGate, cookies: readonly string[]): Promise<void> {
  const waiting = cookies.values()
  const call = async (): Promise<void> => {
    const connection = await Connection.open(gate.gatekeeper.port)
    for (const cookie of waiting) {
      const reply = await connection.send(gate.asking(new Map([[sessionCookie, cookie]])))
      if (reply.status !== 200) throw new Error(`a copied session is answered ${reply.head}`)
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: connections }, call))
}

async function memoryOf({ child }: CurfewProcess): Promise<MemoryAnswer> {
  const answer = once(child, 'message')
  child.send('memory')
  const [memory] = await answer
  return memory
}

function tableOf(sessions: number, before: MemoryAnswer, after: MemoryAnswer): Table {
  const row = (what: string, key: keyof MemoryAnswer): Row => {
    const grown = after[key] - before[key]
    return [
      what,
      megabytes(before[key]),
      megabytes(after[key]),
      (grown / sessions).toFixed(0),
      megabytes((grown / sessions) * per),
    ]
  }
  return {
    title: `Memory of ${sessions} sessions that the gateway has answered for`,
    head: ['what', 'before, MB', 'after, MB', 'bytes a session', `MB for ${per}`],
    rows: [row('resident', 'rssBytes'), row('heap after collection', 'heapBytes')],
  }
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1)
}
