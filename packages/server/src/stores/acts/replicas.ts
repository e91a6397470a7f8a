/* Which processes live, how far each has read the feed, and who reads it at them. */
import type { FollowersPage, Replica, Verifier } from '#authority'
import type { Epoch, FeedCursor } from '#domain'
import { type Act, ask, type Row, type Statement, statement } from '../act.ts'
import type { Dialect } from '../dialect.ts'
import { text, textOrNull, time, whole, wholeOrNull } from '../row.ts'

/** Whoever was not heard of for so long is not there. */
const silentMs = 60_000
/** Each says every 5 s how far it has read; only then can it be behind. */
const reportedMs = 6000

export interface ReplicaStatements {
  readonly beat: Statement
  readonly leave: Statement
  readonly followers: Statement
}

const columns = [
  ...['id', 'host', 'pid', 'worker', 'version', 'started_at', 'epoch', 'seq', 'lag_ms', 'ready'],
  ...['streams', 'verifiers'],
] as const

export function replicaStatements({ now }: Dialect): ReplicaStatements {
  const marks = columns.map((_, index) => `$${index + 1}`).join(', ')
  const changing = ['seen_at', 'epoch', 'seq', 'lag_ms', 'ready', 'streams', 'verifiers']
  return {
    beat: statement(
      'beat',
      `insert into replicas (${columns.join(', ')}, seen_at) values (${marks}, ${now})
      on conflict (id) do update
        set ${changing.map((column) => `${column} = excluded.${column}`).join(', ')}`,
    ),
    leave: statement('leave', 'delete from replicas where id = $1'),
    followers: statement(
      'followers',
      `select h.epoch as head_epoch, h.seq as head_seq, ${now} as store_now, r.seen_at,
        (select count(*) from feed where at > ${now} - ${reportedMs}) as unreported,
        ${columns.map((column) => `r.${column}`).join(', ')}
      from feed_head h left join replicas r on r.seen_at > ${now} - ${silentMs}
      where h.id = 1 order by r.host, r.pid, r.id`,
    ),
  }
}

/** Rows of processes that are gone without a word. */
export function pruneReplicasStatement({ now }: Pick<Dialect, 'now'>): Statement {
  return statement('prune_replicas', `delete from replicas where seen_at < ${now} - ${silentMs}`)
}

export function* beat(sql: ReplicaStatements, replica: Omit<Replica, 'seenAt'>): Act<void> {
  const { cursor } = replica
  yield* ask(
    sql.beat,
    ...[replica.id, replica.host, replica.pid, replica.worker, replica.version],
    ...[replica.startedAt, cursor?.epoch ?? null, cursor?.seq ?? null, replica.lagMs],
    ...[replica.ready ? 1 : 0, replica.streams, JSON.stringify(replica.verifiers)],
  )
}

export function* leave(sql: ReplicaStatements, id: string): Act<void> {
  yield* ask(sql.leave, id)
}

export function* readFollowers(sql: ReplicaStatements): Act<FollowersPage> {
  const rows = yield* ask(sql.followers)
  const [first] = rows
  if (first === undefined) throw new Error('the feed has no head')
  return {
    head: { epoch: text(first, 'head_epoch') as Epoch, seq: whole(first, 'head_seq') },
    unreported: whole(first, 'unreported'),
    now: time(first, 'store_now'),
    replicas: rows.filter((row) => row['id'] !== null).map(replicaOf),
  }
}

function replicaOf(row: Row): Replica {
  return {
    id: text(row, 'id'),
    host: text(row, 'host'),
    pid: whole(row, 'pid'),
    worker: wholeOrNull(row, 'worker'),
    version: text(row, 'version'),
    startedAt: time(row, 'started_at'),
    seenAt: time(row, 'seen_at'),
    cursor: cursorOf(row),
    lagMs: whole(row, 'lag_ms'),
    ready: whole(row, 'ready') === 1,
    streams: whole(row, 'streams'),
    verifiers: JSON.parse(text(row, 'verifiers')) as readonly Verifier[],
  }
}

function cursorOf(row: Row): FeedCursor | null {
  const epoch = textOrNull(row, 'epoch')
  const seq = wholeOrNull(row, 'seq')
  return epoch === null || seq === null ? null : { epoch: epoch as Epoch, seq }
}
