import {
  type EndOrder,
  type StartRequest,
  type StartResult,
  startPayload,
  toldOf,
} from '#authority'
import type { Epoch, FeedCursor, LiveSession, PlacedEnd, Uid } from '#domain'
import { place } from '#domain'
import { type Act, ask, askOne, type Row, type Statement, statement } from '../act.ts'
import { insertedColumns, insertedValues, sessionColumns } from '../columns.ts'
import type { Dialect } from '../dialect.ts'
import { text, time, timeOrNull, toSession, whole } from '../row.ts'
import { type AdmissionStatements, admissionStatements, admit } from './provider-admission.ts'
import { backVoucher, takeVoucher, type VoucherStatements, voucherStatements } from './vouchers.ts'

export interface StartStatements {
  readonly dialect: Dialect
  readonly lockUser: Statement
  readonly addUser: Statement
  readonly classRows: Statement
  readonly insert: Statement
  readonly admission: AdmissionStatements
  readonly vouchers: VoucherStatements
  readonly effects: Statement
}

export function startStatements(dialect: Dialect): StartStatements {
  const marks = insertedColumns.map((_, index) => `$${index + 1}`).join(', ')
  return {
    dialect,
    lockUser: statement(
      'lock_user',
      `select u.disabled_at, u.fence, u.signed_out_at, ${dialect.now} as store_now,
        (select value from fence where id = 1) as global_fence
      from users u where u.uid = $1${dialect.forUpdate === '' ? '' : ' for update of u'}`,
    ),
    addUser: statement(
      'add_user',
      `insert into users (uid, fence) values ($1, 0) on conflict (uid) do nothing
      returning disabled_at, fence, signed_out_at, ${dialect.now} as store_now,
        (select value from fence where id = 1) as global_fence`,
    ),
    classRows: statement(
      'class_rows',
      `select ${sessionColumns.join(', ')}, ${dialect.now} as store_now from sessions
      where uid = $1 and device = $2 and revoked_at is null order by sid${dialect.forUpdate}`,
    ),
    insert: statement(
      'insert',
      `insert into sessions (${insertedColumns.join(', ')}) values (${marks})
      returning (select epoch from feed_head where id = 1) as epoch,
        (select seq from feed_head where id = 1) as seq`,
    ),
    admission: admissionStatements(dialect),
    vouchers: voucherStatements(dialect),
    effects: statement(
      'start_effects',
      `insert into outbox (sid, kind, target, event, payload, created_at, open_since, due_at)
      select $2, 'webhook', t.value, 'session.started', $3, ${dialect.now}, ${dialect.now},
        ${dialect.now} from ${dialect.rowsOf(1)}`,
    ),
  }
}

/**
 * One transaction, in the order of locks of rule 1: the voucher, the user, the provider's names of the session, the
 * sessions of the class by sid, the feed's head. Only `started` has written anything; every other answer is rolled back.
 */
export function* startSession(sql: StartStatements, request: StartRequest): Act<StartResult> {
  const { candidate, applicant, policy } = request
  const spent = yield* takeVoucher(sql.vouchers, request)
  if (spent !== undefined) return spent
  const user = yield* lockUser(sql, candidate.origin.uid)
  const refusal = refuse(user, request)
  if (refusal !== undefined) return refusal
  const kept = yield* admit(sql.admission, candidate.provider, request.fence)
  if (kept !== undefined) return kept
  // Under the user's and the provider's locks: no end that takes children comes between here and the insert.
  const unbacked = yield* backVoucher(sql.vouchers, request)
  if (unbacked !== undefined) return unbacked
  const rows = yield* ask(sql.classRows, candidate.origin.uid, candidate.origin.device)
  const now = time(rows[0] ?? user, 'store_now')
  const placement = place(policy, rows.map(toSession) as readonly LiveSession[], applicant, now)
  if (placement.join !== null) return { kind: 'join', sid: placement.join }
  const orders = placement.ends.map(orderOf)
  const ended = orders.length === 0 ? [] : yield* sql.dialect.endRows(orders)
  const asOf = yield* insert(sql, candidate)
  yield* tell(sql, candidate)
  return { kind: 'started', ended, asOf }
}

/** The user's row, locked until the end of the transaction and created if absent (rule 1). */
export function* lockUser(sql: Pick<StartStatements, 'lockUser' | 'addUser'>, uid: Uid): Act<Row> {
  const [row] = yield* ask(sql.lockUser, uid)
  if (row !== undefined) return row
  const [added] = yield* ask(sql.addUser, uid)
  // Nothing was added: somebody else was faster.
  return added ?? (yield* askOne(sql.lockUser, uid))
}

/** A fence beyond the global one was captured in a history that a restore has taken back. */
function refuse(user: Row, { fence, vouchedAt }: StartRequest): StartResult | undefined {
  if (user['disabled_at'] !== null) return { kind: 'user-disabled' }
  const moved = fence < whole(user, 'fence') || fence > whole(user, 'global_fence')
  const signedOutAt = timeOrNull(user, 'signed_out_at')
  const overtaken = vouchedAt !== undefined && signedOutAt !== null && vouchedAt < signedOutAt
  return moved || overtaken ? { kind: 'fence-moved' } : undefined
}

function orderOf({ sid, reason, guard }: PlacedEnd): EndOrder {
  return { sid, reason, guard, by: null }
}

function* insert(sql: StartStatements, candidate: LiveSession): Act<FeedCursor> {
  const row = yield* askOne(sql.insert, ...insertedValues(candidate))
  return { epoch: text(row, 'epoch') as Epoch, seq: whole(row, 'seq') }
}

function* tell(sql: StartStatements, candidate: LiveSession): Act<void> {
  const told = toldOf(sql.dialect.effects, 'session.started')
  if (told.length === 0) return
  const { sid } = candidate.origin
  yield* ask(sql.effects, sql.dialect.list(told), sid, startPayload(candidate))
}
