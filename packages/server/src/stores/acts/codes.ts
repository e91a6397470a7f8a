import type { CodeHash, NewCode, StartResult, StoredCode } from '#authority'
import type { ClientId, SessionId } from '#domain'
import { type Act, ask, type Row, type Statement, statement } from '../act.ts'
import type { Dialect } from '../dialect.ts'
import { text, textOrNull, whole } from '../row.ts'

/** A used code is known for so long after it has run out: its second use ends the session. */
const rememberedMs = 3_600_000

export interface CodeStatements {
  readonly add: Statement
  readonly read: Statement
  readonly take: Statement
  readonly prune: Statement
}

export function codeStatements({ now }: Dialect): CodeStatements {
  return {
    add: statement(
      'add_code',
      `insert into authorization_codes
        (hash, client_id, redirect_uri, challenge, dpop_jkt, sealed, expires_at)
      values ($1, $2, $3, $4, $5, $6, ${now} + $7)`,
    ),
    read: statement(
      'read_code',
      `select client_id, redirect_uri, challenge, dpop_jkt, sealed, sid,
        case when expires_at <= ${now} then 1 else 0 end as expired
      from authorization_codes where hash = $1`,
    ),
    // What the provider handed out leaves the row with its only use.
    take: statement(
      'take_code',
      `update authorization_codes set sid = $2, sealed = null
      where hash = $1 and sid is null and expires_at > ${now} returning hash`,
    ),
    prune: statement(
      'prune_codes',
      `delete from authorization_codes where hash in (
        select hash from authorization_codes where expires_at < ${now} - ${rememberedMs}
        order by expires_at limit $1
      ) returning expires_at`,
    ),
  }
}

export function* addCode(sql: CodeStatements, code: NewCode): Act<void> {
  const { hash, clientId, redirectUri, challenge, dpopThumbprint, sealed, ttlMs } = code
  yield* ask(sql.add, ...[hash, clientId, redirectUri, challenge, dpopThumbprint, sealed, ttlMs])
}

export function* readCode(sql: CodeStatements, hash: CodeHash): Act<StoredCode | undefined> {
  const [row] = yield* ask(sql.read, hash)
  if (row === undefined) return undefined
  return {
    hash,
    clientId: text(row, 'client_id') as ClientId,
    redirectUri: text(row, 'redirect_uri'),
    challenge: text(row, 'challenge'),
    dpopThumbprint: textOrNull(row, 'dpop_jkt'),
    sealed: textOrNull(row, 'sealed'),
    sid: sidOf(row),
    expired: whole(row, 'expired') === 1,
  }
}

/**
 * One conditional update decides whose it is (rule 33). Another transaction that holds the row is waited
 * for, so whoever comes second reads the session that the first one has started.
 */
export function* takeCode(
  sql: CodeStatements,
  hash: CodeHash,
  sid: SessionId,
): Act<StartResult | undefined> {
  const taken = yield* ask(sql.take, hash, sid)
  if (taken.length === 1) return undefined
  const [row] = yield* ask(sql.read, hash)
  return { kind: 'voucher-refused', sid: row === undefined ? null : sidOf(row) }
}

function sidOf(row: Row): SessionId | null {
  return textOrNull(row, 'sid') as SessionId | null
}
