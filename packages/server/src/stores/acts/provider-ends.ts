import type { EndOrder, ProviderLogoutOrder, ProviderLogoutResult, RecordedEnd } from '#authority'
import { reason, type SessionId, type Uid } from '#domain'
import { type Act, ask, askOne, type Row, type Statement, statement } from '../act.ts'
import type { Dialect } from '../dialect.ts'
import { text, whole } from '../row.ts'
import { childOrders, type EndStatements, endStatements } from './ends.ts'
import { type OnceStatements, onceStatements, useOnce } from './once.ts'
import {
  type AdmissionStatements,
  admissionStatements,
  lockSubject,
  rememberSid,
} from './provider-admission.ts'
import { lockUser } from './start.ts'

export interface ProviderEndStatements {
  readonly ends: EndStatements
  readonly once: OnceStatements
  readonly admission: AdmissionStatements
  readonly rowsOfSid: Statement
  readonly uidsOfSubject: Statement
  readonly rowsOfSubject: Statement
  readonly rowsWithoutSid: Statement
  readonly count: Statement
}

export function providerEndStatements(dialect: Dialect): ProviderEndStatements {
  const { now, forUpdate } = dialect
  const runOut = `${dialect.least}(absolute_expires_at, idle_expires_at) <= ${now}`
  const rows = `select sid, case when ${runOut} then 1 else 0 end as run_out from sessions`
  const ofSubject = 'provider_issuer = $1 and provider_subject = $2 and revoked_at is null'
  return {
    ends: endStatements(dialect),
    once: onceStatements(dialect),
    admission: admissionStatements(dialect),
    rowsOfSid: statement(
      'rows_of_provider_sid',
      `${rows} where provider_issuer = $1 and provider_sid = $2 and revoked_at is null
      order by sid${forUpdate}`,
    ),
    uidsOfSubject: statement(
      'uids_of_subject',
      `select distinct uid from sessions where ${ofSubject} order by uid`,
    ),
    rowsOfSubject: statement(
      'rows_of_subject',
      `${rows} where ${ofSubject} and created_at <= $3 order by sid${forUpdate}`,
    ),
    rowsWithoutSid: statement(
      'rows_without_provider_sid',
      `${rows} where ${ofSubject} and provider_sid is null and created_at <= $3
      order by sid${forUpdate}`,
    ),
    count: statement(
      'count_of_subject',
      `select count(*) as n from sessions where ${ofSubject} and not (${runOut})
        and (cast($3 as text) is null or provider_sid = cast($3 as text))`,
    ),
  }
}

type SidTarget = Extract<ProviderLogoutOrder['target'], { by: 'sid' }>

/** Replay check, memory, fence and ends at one go (rule 23); locks in the order of acts/start.ts. */
export function* endByProvider(
  sql: ProviderEndStatements,
  order: ProviderLogoutOrder,
): Act<ProviderLogoutResult> {
  const { issuer, target, once } = order
  if (once !== null) {
    const kind = `logout-token:${issuer}`
    const first = yield* useOnce(sql.once, { kind, id: once.id, expiresAt: once.expiresAt })
    if (!first) return { kind: 'replayed' }
  }
  const rows =
    target.by === 'sid'
      ? yield* rowsOfSid(sql, { issuer, ...target }, order.rememberMs)
      : yield* rowsOfSubject(sql, issuer, target)
  return { kind: 'done', ended: yield* endThese(sql.ends, rows) }
}

/** With what they approved (rule 31), which may have started after the provider's word was written. */
function* endThese(sql: EndStatements, rows: readonly Row[]): Act<readonly RecordedEnd[]> {
  const orders = rows.map(orderOf)
  const why = { reason: reason('idpLogout'), by: null }
  const children = yield* childOrders(
    sql,
    orders.map((order) => ({ ...order, ...why })),
  )
  return orders.length === 0 ? [] : yield* sql.dialect.endRows([...orders, ...children])
}

function* rowsOfSid(
  sql: ProviderEndStatements,
  target: { readonly issuer: string } & SidTarget,
  rememberMs: number,
): Act<readonly Row[]> {
  const { issuer, providerSid, of } = target
  // The subject before the sid, as every start does (provider-admission.ts).
  if (of !== null) yield* lockSubject(sql.admission, issuer, of.subject)
  yield* rememberSid(sql.admission, target, rememberMs)
  const rows = yield* ask(sql.rowsOfSid, issuer, providerSid)
  if (rows.length > 0 || of === null) return rows
  return yield* ask(sql.rowsWithoutSid, issuer, of.subject, of.createdUntil)
}

/** Users first, as everywhere. One who appears meanwhile is kept out by the subject's own fence. */
function* rowsOfSubject(
  sql: ProviderEndStatements,
  issuer: string,
  { subject, createdUntil }: Extract<ProviderLogoutOrder['target'], { by: 'subject' }>,
): Act<readonly Row[]> {
  const users = yield* ask(sql.uidsOfSubject, issuer, subject)
  const uids = users.map((row) => text(row, 'uid') as Uid)
  for (const uid of uids) yield* lockUser(sql.ends, uid)
  yield* lockSubject(sql.admission, issuer, subject)
  const fence = whole(yield* askOne(sql.ends.raiseFence), 'value')
  for (const uid of uids) yield* ask(sql.ends.fenceUser, uid, fence)
  yield* ask(sql.admission.fenceSubject, issuer, subject, fence)
  return yield* ask(sql.rowsOfSubject, issuer, subject, createdUntil)
}

/** A session that has run out ended of itself, whoever comes after. */
function orderOf(row: Row): EndOrder {
  const sid = text(row, 'sid') as SessionId
  if (whole(row, 'run_out') === 1) {
    return { sid, reason: reason('expired'), by: null, guard: 'expired' }
  }
  return { sid, reason: reason('idpLogout'), by: null, guard: 'live' }
}

export function* countOfSubject(
  sql: ProviderEndStatements,
  { issuer, subject, providerSid }: Record<'issuer' | 'subject', string> & ProviderSid,
): Act<number> {
  return whole(yield* askOne(sql.count, issuer, subject, providerSid), 'n')
}

interface ProviderSid {
  /** Null: whichever it is. */
  readonly providerSid: string | null
}
