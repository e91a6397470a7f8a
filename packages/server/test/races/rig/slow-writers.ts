/*
 * Writers that end sessions by the product's own statements, inside transactions that are held open.
 * Beside each end they write what a naive feed would have: a row stamped when the statement ran, and
 * numbered by a sequence. Both tell of the same ends, committed by the same transactions.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { parseReason, parseSessionId } from '#domain'
import { endSessions, endStatements } from '../../../src/stores/acts/ends.ts'
import { clientConfig } from '../../../src/stores/postgres/connection.ts'
import { postgresDialect } from '../../../src/stores/postgres/dialect.ts'
import { drive, sendTo } from '../../../src/stores/postgres/wire.ts'
import { Chance } from './chance.ts'

export const naiveTable = `create table naive_ends (
  sid text primary key,
  seq bigserial,
  began bigint not null default (extract(epoch from now()) * 1000000)::bigint,
  stamped bigint not null default (extract(epoch from clock_timestamp()) * 1000000)::bigint)`

/** The naive cursors: what a poller would ask for, and how it moves on. */
export const naiveCursors = {
  'sequence number': 'seq',
  'time of the statement': 'stamped',
  'time of the transaction': 'began',
} as const

const statements = endStatements(postgresDialect(undefined))

export type SlowWriter = {
  readonly storeUrl: string
  readonly seed: number
  readonly holdMsMax: number
  /** The next ones to end; empty: done. */
  readonly next: () => readonly string[]
  /** After the commit. */
  readonly committed: (sids: readonly string[]) => void
}

export async function writeSlowly(writer: SlowWriter): Promise<void> {
  const client = new pg.Client(clientConfig({ url: writer.storeUrl, statementMsMax: 3000 }))
  await client.connect()
  const chance = new Chance(writer.seed)
  try {
    for (let sids = writer.next(); sids.length > 0; sids = writer.next()) {
      await endInOne(client, sids, writer.holdMsMax * chance.next(), chance)
      writer.committed(sids)
    }
  } finally {
    await client.end()
  }
}

async function endInOne(
  client: pg.Client,
  sids: readonly string[],
  holdMs: number,
  chance: Chance,
): Promise<void> {
  await client.query('begin')
  await client.query('insert into naive_ends (sid) select unnest($1::text[])', [[...sids]])
  await sleep(holdMs)
  await drive(endSessions(statements, sids.map(order)), sendTo(client, undefined))
  // Some hold even the feed's head for a moment: nobody else ends anything meanwhile.
  if (chance.maybe(0.1)) await sleep(chance.below(15))
  await client.query('commit')
}

function order(text: string) {
  const sid = parseSessionId(text)
  const reason = parseReason('races')
  if (sid === undefined || reason === undefined) throw new Error(`not a session: ${text}`)
  return { sid, reason, by: null, guard: 'live' as const }
}

/** Follows the naive table by one of its columns, as the last value that it saw. */
export class NaivePoller {
  readonly seen = new Set<string>()
  readonly #client: pg.Client
  readonly #column: string
  #last = 0

  constructor(client: pg.Client, column: string) {
    this.#client = client
    this.#column = column
  }

  async poll(): Promise<void> {
    const { rows } = await this.#client.query<{ sid: string; position: string }>(
      `select sid, ${this.#column} as position from naive_ends
        where ${this.#column} > $1 order by ${this.#column}`,
      [this.#last],
    )
    for (const { sid, position } of rows) {
      this.seen.add(sid)
      this.#last = Math.max(this.#last, Number(position))
    }
  }
}

/** Asks again and again, `everyMs` apart, while the work is done, and once more when it is. */
export async function whilePolling(
  { everyMs, poll }: { readonly everyMs: number; readonly poll: () => Promise<void> },
  work: Promise<unknown>,
): Promise<void> {
  let over = false
  const polling = async (): Promise<void> => {
    while (!over) {
      await poll()
      await sleep(everyMs)
    }
  }
  const ended = work.finally(() => {
    over = true
  })
  await Promise.all([ended, polling()])
  await poll()
}
