import type { ListedKeyId, StoredSigningKey } from '#authority'
import type { Instant, KeyId } from '#domain'
import { type Act, ask, askOne, type Row, type Statement, statement } from '../act.ts'
import type { Dialect } from '../dialect.ts'
import { ImpossibleRow, text, textOrNull, time } from '../row.ts'

export interface KeyStatements {
  readonly lockHead: Statement
  readonly bump: Statement
  readonly signingKeys: Statement
  readonly addSigningKey: Statement
  readonly dropSigningKey: Statement
  readonly keyIds: Statement
  readonly listKeyId: Statement
  readonly retireKeyId: Statement
}

export function keyStatements({ now, forUpdate }: Dialect): KeyStatements {
  return {
    lockHead: statement(
      'lock_head',
      `select ${now} as store_now from feed_head where id = 1${forUpdate}`,
    ),
    bump: statement(
      'bump_keys',
      'update feed_head set keys_version = keys_version + 1 where id = 1 returning keys_version',
    ),
    signingKeys: statement(
      'signing_keys',
      `select c.store_now, k.kid, k.algorithm, k.public_jwk, k.sealed_private_jwk, k.created_at,
        k.activates_at
      from (select ${now} as store_now) c left join signing_keys k on true
      order by k.created_at desc, k.activates_at desc, k.kid desc`,
    ),
    addSigningKey: statement(
      'add_signing_key',
      `insert into signing_keys
        (kid, algorithm, public_jwk, sealed_private_jwk, created_at, activates_at)
      values ($1, $2, $3, $4, $5, $6) on conflict (kid) do nothing returning kid`,
    ),
    dropSigningKey: statement(
      'drop_signing_key',
      'delete from signing_keys where kid = $1 returning kid',
    ),
    keyIds: statement(
      'key_ids',
      'select key_id, activates_at from key_ids where retired_at is null order by activates_at, key_id',
    ),
    listKeyId: statement(
      'list_key_id',
      `insert into key_ids (key_id, activates_at) values ($1, $2)
      on conflict (key_id) do nothing returning key_id`,
    ),
    retireKeyId: statement(
      'retire_key_id',
      `update key_ids set retired_at = ${now} where key_id = $1 and retired_at is null returning key_id`,
    ),
  }
}

export interface SigningKeys {
  readonly keys: readonly StoredSigningKey[]
  readonly now: Instant
}

export function* readSigningKeys(sql: KeyStatements): Act<SigningKeys> {
  const rows = yield* ask(sql.signingKeys)
  const [first] = rows
  if (first === undefined) throw new Error('an outer join answered no row at all')
  const stored = rows.filter((row) => row['kid'] !== null)
  return { keys: stored.map(toSigningKey), now: time(first, 'store_now') }
}

function toSigningKey(row: Row): StoredSigningKey {
  return {
    kid: text(row, 'kid'),
    algorithm: algorithmOf(row),
    publicJwk: text(row, 'public_jwk'),
    sealedPrivateJwk: text(row, 'sealed_private_jwk'),
    createdAt: time(row, 'created_at'),
    activatesAt: time(row, 'activates_at'),
  }
}

function algorithmOf(row: Row): StoredSigningKey['algorithm'] {
  const algorithm = row['algorithm']
  if (algorithm === 'ES256' || algorithm === 'EdDSA' || algorithm === 'RS256') return algorithm
  throw new ImpossibleRow('algorithm', algorithm, 'ES256, EdDSA or RS256')
}

export type NewSigningKey = Omit<StoredSigningKey, 'createdAt' | 'activatesAt'>

export interface KeyAddition {
  readonly delayMs: number
  readonly onlyIfNewest: string | null
}

/** The lock of the head keeps two replicas from adding a key each. */
export function* addSigningKey(
  sql: KeyStatements,
  key: NewSigningKey,
  { delayMs, onlyIfNewest }: KeyAddition,
): Act<'added' | 'outrun'> {
  const now = time(yield* askOne(sql.lockHead), 'store_now')
  const [newest] = yield* ask(sql.signingKeys)
  const newestKid = newest === undefined ? null : textOrNull(newest, 'kid')
  if (newestKid !== onlyIfNewest) return 'outrun'
  const activatesAt = newestKid === null ? now : now + delayMs
  const { kid, algorithm, publicJwk, sealedPrivateJwk } = key
  const added = yield* ask(
    sql.addSigningKey,
    ...[kid, algorithm, publicJwk, sealedPrivateJwk, now, activatesAt],
  )
  if (added.length === 0) return 'outrun'
  yield* ask(sql.bump)
  return 'added'
}

export function* dropSigningKey(sql: KeyStatements, kid: string): Act<void> {
  yield* ask(sql.lockHead)
  const dropped = yield* ask(sql.dropSigningKey, kid)
  if (dropped.length > 0) yield* ask(sql.bump)
}

export function* readKeyIds(sql: KeyStatements): Act<readonly ListedKeyId[]> {
  const rows = yield* ask(sql.keyIds)
  return rows.map((row) => ({
    keyId: text(row, 'key_id') as KeyId,
    activatesAt: time(row, 'activates_at'),
  }))
}

/** On an empty list the ids are active at once: there is no replica that could lack them (rule 14). */
export function* listKeyIds(
  sql: KeyStatements,
  ids: readonly KeyId[],
  delayMs: number,
): Act<readonly ListedKeyId[]> {
  const now = time(yield* askOne(sql.lockHead), 'store_now')
  const known = yield* readKeyIds(sql)
  const unlisted = ids.filter((id) => known.every(({ keyId }) => keyId !== id))
  const activatesAt = known.length === 0 ? now : now + delayMs
  let added = 0
  // What was retired conflicts with its own row, and stays out whoever still has it.
  for (const id of unlisted) added += (yield* ask(sql.listKeyId, id, activatesAt)).length
  if (added === 0) return known
  yield* ask(sql.bump)
  return yield* readKeyIds(sql)
}

export function* retireKeyId(sql: KeyStatements, id: KeyId): Act<'retired' | 'unknown'> {
  yield* ask(sql.lockHead)
  const retired = yield* ask(sql.retireKeyId, id)
  if (retired.length === 0) return 'unknown'
  yield* ask(sql.bump)
  return 'retired'
}
