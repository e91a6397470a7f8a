import type { AdminLink, NewAdminLink, StartRequest, StartResult } from '#authority'
import type { Instant, Uid } from '#domain'
import { type Act, ask, askOne, type Statement, statement } from '../act.ts'
import type { Dialect } from '../dialect.ts'
import { text, time, whole } from '../row.ts'
import { type AuditStatements, addAudit, auditStatements } from './audit.ts'

export interface AdminLinkStatements {
  readonly dialect: Dialect
  readonly add: Statement
  readonly find: Statement
  readonly take: Statement
  readonly countLive: Statement
  readonly audit: AuditStatements
}

export function adminLinkStatements(dialect: Dialect): AdminLinkStatements {
  const { now } = dialect
  return {
    dialect,
    add: statement(
      'add_admin_link',
      `insert into admin_links (hash, uid, fence, expires_at)
      values ($1, $2, (select value from fence where id = 1), ${now} + $3) returning expires_at`,
    ),
    find: statement(
      'find_admin_link',
      `select hash, uid, fence from admin_links
      where hash ${dialect.inList(1)} and started_sid is null and expires_at > ${now}`,
    ),
    take: statement(
      'take_admin_link',
      `update admin_links set started_sid = $3
      where hash = $1 and uid = $2 and started_sid is null and expires_at > ${now} returning hash`,
    ),
    countLive: statement(
      'count_live',
      `select count(*) as live from sessions where uid = $1 and revoked_at is null
        and absolute_expires_at > ${now} and idle_expires_at > ${now}`,
    ),
    audit: auditStatements(dialect),
  }
}

export function pruneAdminLinksStatement({ now }: Pick<Dialect, 'now'>): Statement {
  return statement(
    'prune_admin_links',
    `delete from admin_links where hash in (
      select hash from admin_links where expires_at <= ${now} order by expires_at limit $1
    ) returning hash`,
  )
}

export function* addAdminLink(sql: AdminLinkStatements, link: NewAdminLink): Act<Instant> {
  const { hash, uid, lifetimeMs } = link
  const row = yield* askOne(sql.add, hash, uid, lifetimeMs)
  yield* addAudit(sql.audit, { actor: 'shell', action: 'admin_link_made', target: uid, detail: {} })
  return time(row, 'expires_at')
}

export function* findAdminLink(
  sql: AdminLinkStatements,
  hashes: readonly string[],
): Act<AdminLink | undefined> {
  const [row] = yield* ask(sql.find, sql.dialect.list(hashes))
  if (row === undefined) return undefined
  return { hash: text(row, 'hash'), uid: text(row, 'uid') as Uid, fence: whole(row, 'fence') }
}

/** One conditional update decides whose it is; rolled back, with its row in the audit, when the start is refused. */
export function* takeAdminLink(
  sql: AdminLinkStatements,
  hash: string,
  { candidate: { origin } }: StartRequest,
): Act<StartResult | undefined> {
  const { uid, sid } = origin
  const taken = yield* ask(sql.take, hash, uid, sid)
  if (taken.length !== 1) return { kind: 'voucher-refused', sid: null }
  const detail = { sid }
  yield* addAudit(sql.audit, { actor: uid, action: 'admin_link_used', target: uid, detail })
  return undefined
}

export function* countLive(sql: AdminLinkStatements, uid: Uid): Act<number> {
  return whole(yield* askOne(sql.countLive, uid), 'live')
}
