import type { CursorStore } from '#authority'
import type { Epoch } from '#domain'
import { type Act, ask, type Statement, statement } from '../act.ts'
import type { Dialect } from '../dialect.ts'
import { text, whole } from '../row.ts'

/** No feed has it: an epoch begins with a letter. */
const nowhere = ''

export interface CursorStatements {
  readonly lease: Statement
  readonly move: Statement
}

export function cursorStatements({ now }: Dialect): CursorStatements {
  return {
    lease: statement(
      'lease_cursor',
      `insert into cursors (name, epoch, seq, lease_owner, lease_until)
      values ($1, '${nowhere}', 0, $2, ${now} + $3)
      on conflict (name) do update
        set lease_owner = excluded.lease_owner, lease_until = excluded.lease_until
        where cursors.lease_owner = excluded.lease_owner or cursors.lease_until <= ${now}
      returning epoch, seq`,
    ),
    move: statement(
      'move_cursor',
      'update cursors set epoch = $3, seq = $4 where name = $1 and lease_owner = $2',
    ),
  }
}

type Lease = Awaited<ReturnType<CursorStore['leaseCursor']>>

export function* leaseCursor(
  sql: CursorStatements,
  name: string,
  { owner, leaseMs }: Parameters<CursorStore['leaseCursor']>[1],
): Act<Lease> {
  const [row] = yield* ask(sql.lease, name, owner, leaseMs)
  if (row === undefined) return undefined
  const epoch = text(row, 'epoch')
  return { epoch: epoch === nowhere ? null : (epoch as Epoch), seq: whole(row, 'seq') }
}

export function* moveCursor(
  sql: CursorStatements,
  name: string,
  { owner, epoch, seq }: Parameters<CursorStore['moveCursor']>[1],
): Act<void> {
  yield* ask(sql.move, name, owner, epoch, seq)
}
