/*
 * What a session costs in memory once the gateway has answered for it: rows are copied into the store,
 * each gets its cookie, each cookie is asked about, and the process says what it holds before and after.
 */
import { once } from 'node:events'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ScriptableProvider } from '../../../packages/server/test/oidc/scriptable-provider.ts'
import { Connection } from '../http/connection.ts'
import type { CurfewProcess } from '../http/curfew-process.ts'
import type { Report, Table } from '../report/report.ts'
import type { Row } from '../report/table.ts'
import { Copies } from '../store/copies.ts'
import { type CurfewGate, newSecret, sessionCookie, startCurfewGate } from './curfew-gate.ts'
import type { MemoryAnswer } from './memory-probe.ts'

/** As many as the caches of one process hold with their default limits. */
const sessionsMax = 40_000
const per = 100_000
const connections = 32

export async function measureMemory(provider: ScriptableProvider, folder: string): Promise<Report> {
  const store = `sqlite:${join(folder, 'memory.db')}`
  const secret = newSecret()
  const probe = fileURLToPath(new URL('memory-probe.ts', import.meta.url))
  const gate = await startCurfewGate({
    ...{ provider, folder, store, secrets: [secret] },
    nodeOptions: ['--expose-gc', '--import', probe],
  })
  try {
    const cookies = await copyCookies(store, secret, sessionsMax)
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

/** Cookies of copies of the one session that signed in. */
async function copyCookies(store: string, secret: string, count: number) {
  const copies = await Copies.open(store, secret)
  const sids = await copies.make(count)
  await copies.close()
  return sids.map((sid) => copies.token('cookie', sid))
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
