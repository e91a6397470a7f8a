import type { EndOrder, EndResult, UserEndOrder, UserEndResult } from '#authority'
import { reason, type SessionId, type Uid } from '#domain'
import { type Act, ask, askOne, type Row, type Statement, statement } from '../act.ts'
import type { Dialect } from '../dialect.ts'
import { text, toEnd, whole } from '../row.ts'
import { lockUser, type StartStatements, startStatements } from './start.ts'

/** A row inserted while a statement ran is seen by the next one; so often at the most. */
const endAttemptsMax = 3

export interface EndStatements extends Pick<StartStatements, 'lockUser' | 'addUser'> {
  readonly dialect: Dialect
  readonly ends: Statement
  readonly isLive: Statement
  readonly raiseFence: Statement
  readonly fenceUser: Statement
  readonly disableUser: Statement
  readonly userRows: Statement
  readonly family: FamilyStatements
}

interface FamilyStatements {
  readonly owner: Statement
  readonly live: Statement
}

export function endStatements(dialect: Dialect): EndStatements {
  const { now } = dialect
  const runOut = `${dialect.least}(absolute_expires_at, idle_expires_at) <= ${now}`
  return {
    dialect,
    lockUser: startStatements(dialect).lockUser,
    addUser: startStatements(dialect).addUser,
    ends: statement(
      'ends',
      `select sid, revoked_at, revoked_reason, revoked_by_user_id, feed_seq
      from sessions where sid ${dialect.inList(1)}`,
    ),
    isLive: statement(
      'is_live',
      `select sid from sessions
      where sid = $1 and uid = $2 and revoked_at is null and not (${runOut})`,
    ),
    raiseFence: statement(
      'raise_fence',
      'update fence set value = value + 1 where id = 1 returning value',
    ),
    fenceUser: statement(
      'fence_user',
      `update users set fence = $2, signed_out_at = ${dialect.now} where uid = $1`,
    ),
    disableUser: statement(
      'disable_user',
      `update users set disabled_at = coalesce(disabled_at, ${now}) where uid = $1`,
    ),
    userRows: statement(
      'user_rows',
      `select sid, case when ${runOut} then 1 else 0 end as run_out from sessions
      where uid = $1 and revoked_at is null order by sid${dialect.forUpdate}`,
    ),
    family: familyStatements(dialect, runOut),
  }
}

/** A child that lives may have an ancestor between that ended by itself: such rows are not pruned. */
function familyStatements(dialect: Dialect, runOut: string): FamilyStatements {
  return {
    owner: statement('owner', 'select uid from sessions where sid = $1'),
    live: statement(
      'family',
      `with recursive family(sid) as (
        select sid from sessions where sid ${dialect.inList(1)}
        union select c.sid from sessions c join family f on c.parent_sid = f.sid
      )
      select s.sid, case when ${runOut} then 1 else 0 end as run_out
      from sessions s join family f on f.sid = s.sid where s.revoked_at is null order by s.sid`,
    ),
  }
}

/** What became of each order, by sid. One order for each sid. */
export function* endSessions(
  sql: EndStatements,
  orders: readonly EndOrder[],
): Act<ReadonlyMap<SessionId, EndResult>> {
  const results = new Map<SessionId, EndResult>()
  let open = orders
  for (let attempt = 0; attempt < endAttemptsMax && open.length > 0; attempt++) {
    for (const recorded of yield* sql.dialect.endRows(open)) {
      results.set(recorded.sid, { kind: 'ended', recorded })
    }
    open = yield* settleRest(
      sql,
      open.filter(({ sid }) => !results.has(sid)),
      results,
    )
  }
  if (open.length > 0) throw new Error(`${open.length} sessions neither ended nor stayed`)
  return results
}

/** Why the orders that ended nothing did not. Answers those that another attempt would end. */
function* settleRest(
  sql: EndStatements,
  rest: readonly EndOrder[],
  results: Map<SessionId, EndResult>,
): Act<readonly EndOrder[]> {
  if (rest.length === 0) return []
  const rows = yield* ask(sql.ends, sql.dialect.list(rest.map(({ sid }) => sid)))
  const bySid = new Map(rows.map((row) => [text(row, 'sid'), row]))
  const again: EndOrder[] = []
  for (const order of rest) {
    const result = unendedResult(order, bySid.get(order.sid))
    if (result === undefined) again.push(order)
    else results.set(order.sid, result)
  }
  return again
}

function unendedResult(order: EndOrder, row: Row | undefined): EndResult | undefined {
  if (row === undefined) return { kind: 'unknown' }
  if (row['revoked_at'] !== null) return { kind: 'already', end: toEnd(row) }
  return order.guard === 'expired' ? { kind: 'not-expired' } : undefined
}

/**
 * With the sessions that it approved (rule 31). The user's row is locked first, as by every start: so no
 * child starts once its parent's end has looked for children.
 */
export function* endFamily(sql: EndStatements, order: EndOrder): Act<EndResult> {
  const [owner] = yield* ask(sql.family.owner, order.sid)
  if (owner === undefined) return { kind: 'unknown' }
  yield* lockUser(sql, text(owner, 'uid') as Uid)
  const children = yield* childOrders(sql, [order])
  const results = yield* endSessions(sql, [order, ...children])
  const ended = children.flatMap(({ sid }) => {
    const result = results.get(sid)
    return result?.kind === 'ended' ? [result.recorded] : []
  })
  const result = results.get(order.sid) ?? { kind: 'unknown' }
  const alone = ended.length === 0 || result.kind === 'unknown' || result.kind === 'not-expired'
  return alone ? result : { ...result, children: ended }
}

/** The live descendants of those that are to end, each for its ancestor's reason. */
export function* childOrders(
  sql: Pick<EndStatements, 'dialect' | 'family'>,
  orders: readonly EndOrder[],
): Act<readonly EndOrder[]> {
  const [first] = orders
  if (first === undefined) return []
  const named = new Set(orders.map(({ sid }) => sid))
  const rows = yield* ask(sql.family.live, sql.dialect.list([...named]))
  const cause = { reason: first.reason, by: first.by }
  return rows.map((row) => orderOf(cause, row)).filter(({ sid }) => !named.has(sid))
}

/** Rule 1: the user's row first, then the fence, and only then the sessions; the head last. */
export function* endUser(sql: EndStatements, order: UserEndOrder): Act<UserEndResult> {
  yield* lockUser(sql, order.uid)
  if (order.requireLive !== null) {
    const live = yield* ask(sql.isLive, order.requireLive, order.uid)
    if (live.length === 0) return { kind: 'caller-ended' }
  }
  const fence = whole(yield* askOne(sql.raiseFence), 'value')
  yield* ask(sql.fenceUser, order.uid, fence)
  if (order.disable) yield* ask(sql.disableUser, order.uid)
  const rows = yield* ask(sql.userRows, order.uid)
  const orders = rows.map((row) => orderOf(order, row)).filter(({ sid }) => sid !== order.except)
  return { kind: 'done', ended: orders.length === 0 ? [] : yield* sql.dialect.endRows(orders) }
}

/** A session that has run out ended of itself, whoever comes after. */
function orderOf({ reason: asked, by }: Pick<EndOrder, 'reason' | 'by'>, row: Row): EndOrder {
  const sid = text(row, 'sid') as SessionId
  if (whole(row, 'run_out') === 0) return { sid, reason: asked, by, guard: 'live' }
  return { sid, reason: reason('expired'), by: null, guard: 'expired' }
}
