import { randomBytes } from 'node:crypto'
import type { Epoch } from '#domain'
import { type Act, ask, askOne, type Statement, statement } from './act.ts'
import { textOrNull } from './row.ts'

/** It begins with a letter, so that no epoch looks like a time (API.md, section 6). */
export function freshEpoch(): Epoch {
  return `e${randomBytes(10).toString('hex')}` as Epoch
}

export interface HistoryStatements {
  readonly foundHead: Statement
  readonly foundFence: Statement
  readonly history: Statement
  readonly noteHistory: Statement
}

export function historyStatements(): HistoryStatements {
  return {
    foundHead: statement(
      'found_head',
      `insert into feed_head (id, epoch, seq, floor, at, keys_version) values (1, $1, 0, 0, 0, 1)
      on conflict (id) do nothing`,
    ),
    foundFence: statement(
      'found_fence',
      'insert into fence (id, value) values (1, 0) on conflict (id) do nothing',
    ),
    history: statement('history', 'select history from feed_head where id = 1'),
    noteHistory: statement(
      'note_history',
      `update feed_head set history = $1,
        epoch = case when history is null then epoch else $2 end
      where id = 1 and history is not distinct from $3`,
    ),
  }
}

/** The rows that must be there, once the tables are. */
export function* found(sql: HistoryStatements): Act<void> {
  yield* ask(sql.foundHead, freshEpoch())
  yield* ask(sql.foundFence)
}

/**
 * Rule 7: a database that goes on in another history (a promoted replica, a point in time, another
 * server) gets a new epoch, so that no cursor or cache of the lost time is believed.
 */
export function* noteHistory(sql: HistoryStatements, current: string): Act<void> {
  const known = textOrNull(yield* askOne(sql.history), 'history')
  if (known !== current) yield* ask(sql.noteHistory, current, freshEpoch(), known)
}
