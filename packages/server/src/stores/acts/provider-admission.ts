/*
 * A provider's logout may overtake the sign-in that it is about (rule 23). Both take the same two locks,
 * rows for the provider's sid and for the subject, so one of them comes first: a start that comes after
 * finds what the logout left, a logout that comes after finds the session.
 */
import type { StartResult } from '#authority'
import type { ProviderLink } from '#domain'
import { type Act, ask, askOne, type Statement, statement } from '../act.ts'
import type { Dialect } from '../dialect.ts'
import { whole } from '../row.ts'

/** Among what is used once: until when a provider's sid is refused. */
const sidKind = 'provider-sid'

export interface AdmissionStatements {
  readonly lockSid: Statement
  readonly rememberSid: Statement
  readonly addSubject: Statement
  readonly lockSubject: Statement
  readonly fenceSubject: Statement
}

export function admissionStatements({ now, greatest, forUpdate }: Dialect): AdmissionStatements {
  return {
    lockSid: statement(
      'lock_provider_sid',
      `insert into once (kind, id, expires_at) values ($1, $2, ${now})
      on conflict (kind, id) do update set expires_at = once.expires_at
      returning case when expires_at > ${now} then 1 else 0 end as remembered`,
    ),
    rememberSid: statement(
      'remember_provider_sid',
      `insert into once (kind, id, expires_at) values ($1, $2, ${now} + $3)
      on conflict (kind, id) do update
        set expires_at = ${greatest}(once.expires_at, excluded.expires_at) returning id`,
    ),
    addSubject: statement(
      'add_provider_subject',
      `insert into provider_subjects (issuer, subject, fence) values ($1, $2, 0)
      on conflict (issuer, subject) do nothing`,
    ),
    lockSubject: statement(
      'lock_provider_subject',
      `select fence from provider_subjects where issuer = $1 and subject = $2${forUpdate}`,
    ),
    fenceSubject: statement(
      'fence_provider_subject',
      'update provider_subjects set fence = $3 where issuer = $1 and subject = $2',
    ),
  }
}

/** Why a session with this link may not start; undefined: it may. */
export function* admit(
  sql: AdmissionStatements,
  provider: ProviderLink | null,
  fence: number,
): Act<StartResult | undefined> {
  if (provider === null) return undefined
  const { issuer, subject, providerSid } = provider
  if (fence < (yield* lockSubject(sql, issuer, subject))) return { kind: 'fence-moved' }
  if (providerSid === null) return undefined
  const row = yield* askOne(sql.lockSid, sidKind, sidKey(issuer, providerSid))
  return whole(row, 'remembered') === 1 ? { kind: 'provider-logged-out' } : undefined
}

/** The subject's fence; the row is locked until the end of the transaction, and created if absent. */
export function* lockSubject(
  sql: AdmissionStatements,
  issuer: string,
  subject: string,
): Act<number> {
  const [row] = yield* ask(sql.lockSubject, issuer, subject)
  if (row !== undefined) return whole(row, 'fence')
  yield* ask(sql.addSubject, issuer, subject)
  return whole(yield* askOne(sql.lockSubject, issuer, subject), 'fence')
}

/** Locks the sid, and refuses its starts for so long; with 0 it only locks. */
export function* rememberSid(
  sql: AdmissionStatements,
  { issuer, providerSid }: { readonly issuer: string; readonly providerSid: string },
  rememberMs: number,
): Act<void> {
  const key = sidKey(issuer, providerSid)
  if (rememberMs === 0) yield* ask(sql.lockSid, sidKind, key)
  else yield* ask(sql.rememberSid, sidKind, key, rememberMs)
}

/** Unambiguous, whatever the two hold. */
function sidKey(issuer: string, providerSid: string): string {
  return JSON.stringify([issuer, providerSid])
}
