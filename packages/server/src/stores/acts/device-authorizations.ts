import type { CodeHashes, NewDevice, PolledDevice, ReadDevice, WatchedDevice } from '#authority'
import {
  type ClientId,
  type DeviceAuthorization,
  type DeviceState,
  deviceStanding,
  type Instant,
  type SessionId,
  type Uid,
} from '#domain'
import { type Act, ask, type Row, type Statement, statement } from '../act.ts'
import type { Dialect } from '../dialect.ts'
import { text, textList, textOrNull, time, whole, wholeOrNull } from '../row.ts'

/** RFC 8628, section 3.5: five seconds more for each poll that comes too early. */
const slowDownMs = 5000
/** What the network may take from the time between two polls. */
const pollLeewayMs = 1000

export interface DeviceStatements {
  readonly dialect: Dialect
  readonly add: Statement
  readonly scan: Statement
  readonly approve: Statement
  readonly deny: Statement
  readonly byUserCode: Statement
  readonly poll: Statement
  readonly watched: Statement
  readonly standings: Statement
}

const columns = `id, client_id, scope, resources, ip, user_agent, requested_at, expires_at, state,
  scanner_sid, scanner_uid, fence`

export function deviceStatements(dialect: Dialect): DeviceStatements {
  const { now, inList } = dialect
  const answer = `${columns}, ${now} as store_now`
  return {
    dialect,
    add: statement(
      'device_add',
      `insert into device_authorizations (id, device_code_hash, user_code_hash, watch_hash,
        client_id, scope, resources, ip, user_agent, interval_ms, state, requested_at, expires_at)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'pending', ${now}, ${now} + $11)
      on conflict do nothing returning id`,
    ),
    ...moves(dialect, answer),
    byUserCode: statement(
      'device_by_user_code',
      `select ${answer} from device_authorizations where user_code_hash ${inList(1)}`,
    ),
    poll: pollStatement(dialect, answer),
    watched: statement(
      'device_watched',
      `select id, state, expires_at, ${now} as store_now from device_authorizations
      where watch_hash ${inList(1)}`,
    ),
    standings: statement(
      'device_standings',
      `select id, state, expires_at, ${now} as store_now from device_authorizations
      where id ${inList(1)}`,
    ),
  }
}

/** The legal moves of domain/device-authorization.ts, each with its guard. */
function moves({ now, least, inList }: Dialect, answer: string) {
  const scanned = `user_code_hash ${inList(1)} and state = 'scanned' and scanner_sid = $2
    and expires_at > ${now} and exists (
      select 1 from sessions s where s.sid = $2 and s.revoked_at is null
        and ${least}(s.absolute_expires_at, s.idle_expires_at) > ${now}
    )`
  return {
    scan: statement(
      'device_scan',
      `update device_authorizations
      set state = 'scanned', scanner_sid = $2, scanner_uid = $3, scanned_at = ${now}
      where user_code_hash ${inList(1)} and state = 'pending' and expires_at > ${now}
      returning ${answer}`,
    ),
    approve: statement(
      'device_approve',
      `update device_authorizations set state = 'approved', decided_at = ${now},
        fence = (select value from fence where id = 1)
      where ${scanned} returning ${answer}`,
    ),
    deny: statement(
      'device_deny',
      `update device_authorizations set state = 'denied', decided_at = ${now}
      where ${scanned} returning ${answer}`,
    ),
  }
}

function pollStatement({ now, inList }: Dialect, answer: string): Statement {
  const early = `(polled_at is not null and ${now} < polled_at + interval_ms - ${pollLeewayMs})`
  return statement(
    'device_poll',
    `update device_authorizations set polled_at = ${now},
      hurried = case when ${early} then 1 else 0 end,
      interval_ms = interval_ms + case when ${early} and state in ('pending', 'scanned')
        then ${slowDownMs} else 0 end
    where device_code_hash ${inList(1)} and client_id = $2 returning ${answer}, hurried`,
  )
}

export function* addDevice(sql: DeviceStatements, order: NewDevice): Act<'added' | 'taken'> {
  const hashes = [order.deviceCodeHash, order.userCodeHash, order.watchHash]
  const asked = [order.clientId, order.scope, JSON.stringify(order.resources)]
  const from = [order.ip, order.userAgent]
  const times = [order.intervalMs, order.lifetimeMs]
  const rows = yield* ask(sql.add, order.id, ...hashes, ...asked, ...from, ...times)
  return rows.length === 1 ? 'added' : 'taken'
}

export function* scanDevice(
  sql: DeviceStatements,
  userCode: CodeHashes,
  by: { readonly sid: SessionId; readonly uid: Uid },
): Act<ReadDevice> {
  const rows = yield* ask(sql.scan, sql.dialect.list(userCode), by.sid, by.uid)
  return yield* movedOrRead(sql, rows, userCode)
}

export function* decideDevice(
  sql: DeviceStatements,
  userCode: CodeHashes,
  { sid, decision }: { readonly sid: SessionId; readonly decision: 'approved' | 'denied' },
): Act<ReadDevice> {
  const move = decision === 'approved' ? sql.approve : sql.deny
  const rows = yield* ask(move, sql.dialect.list(userCode), sid)
  return yield* movedOrRead(sql, rows, userCode)
}

/** The row after the move, or, where none was made, as it stands. */
function* movedOrRead(
  sql: DeviceStatements,
  moved: readonly Row[],
  userCode: CodeHashes,
): Act<ReadDevice> {
  const rows = moved.length > 0 ? moved : yield* ask(sql.byUserCode, sql.dialect.list(userCode))
  const [row] = rows
  if (row === undefined) return { row: undefined, moved: false, now: 0 as Instant }
  return { row: toDevice(row), moved: moved.length > 0, now: time(row, 'store_now') }
}

export function* pollDevice(
  sql: DeviceStatements,
  deviceCode: CodeHashes,
  clientId: ClientId,
): Act<PolledDevice> {
  const [row] = yield* ask(sql.poll, sql.dialect.list(deviceCode), clientId)
  if (row === undefined) return { row: undefined, hurried: false, now: 0 as Instant }
  const hurried = whole(row, 'hurried') === 1
  return { row: toDevice(row), hurried, now: time(row, 'store_now') }
}

export function* watchedDevice(
  sql: DeviceStatements,
  watch: CodeHashes,
): Act<WatchedDevice | undefined> {
  const [row] = yield* ask(sql.watched, sql.dialect.list(watch))
  return row === undefined ? undefined : toWatched(row)
}

export function* deviceStandings(
  sql: DeviceStatements,
  ids: readonly string[],
): Act<readonly WatchedDevice[]> {
  const rows = yield* ask(sql.standings, sql.dialect.list(ids))
  return rows.map(toWatched)
}

function toWatched(row: Row): WatchedDevice {
  const known = { state: text(row, 'state') as DeviceState, expiresAt: time(row, 'expires_at') }
  return { id: text(row, 'id'), standing: deviceStanding(known, time(row, 'store_now')) }
}

function toDevice(row: Row): DeviceAuthorization {
  return {
    id: text(row, 'id'),
    clientId: text(row, 'client_id') as ClientId,
    scope: text(row, 'scope'),
    resources: textList(row, 'resources'),
    ip: textOrNull(row, 'ip'),
    userAgent: textOrNull(row, 'user_agent'),
    requestedAt: time(row, 'requested_at'),
    expiresAt: time(row, 'expires_at'),
    state: text(row, 'state') as DeviceState,
    scanner: scannerOf(row),
    fence: wholeOrNull(row, 'fence'),
  }
}

function scannerOf(row: Row): DeviceAuthorization['scanner'] {
  if (row['scanner_sid'] === null) return null
  return { sid: text(row, 'scanner_sid') as SessionId, uid: text(row, 'scanner_uid') as Uid }
}
