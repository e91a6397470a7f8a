/* Who did what, as administrators are told. Kept for `audit.retention`; never holds a credential. */
import type { Instant, Uid } from '#domain'

export const auditActions = [
  'session_revoked',
  'user_revoked',
  'user_disabled',
  'user_enabled',
  'user_changed',
  'session_changed',
  'keys_rotated',
  'secret_retired',
  'recovered',
  'effects_retried',
  'admin_link_made',
  'admin_link_used',
] as const
export type AuditAction = (typeof auditActions)[number]

export interface AuditEntry {
  /** A uid, `client:<id>`, or `shell`. */
  readonly actor: string
  readonly action: AuditAction
  /** What it was done to: a sid, a uid, a target of effects; null: the whole of it. */
  readonly target: string | null
  readonly detail: Readonly<Record<string, unknown>>
}

export interface AuditRow extends AuditEntry {
  readonly id: number
  readonly at: Instant
}

export interface AuditQuery {
  readonly actor: string | null
  readonly action: AuditAction | null
  readonly target: string | null
  /** Newest first; only rows with a smaller id. */
  readonly before: number | null
  readonly limit: number
}

export interface AuditStore {
  /** Stamped with the store's time. */
  addAudit(entry: AuditEntry): Promise<void>
  audit(query: AuditQuery): Promise<{ readonly rows: readonly AuditRow[]; readonly more: boolean }>
}

/** A sign-in link for the console: it works once, while its hash stands in the store. */
export interface NewAdminLink {
  readonly hash: string
  readonly uid: Uid
  readonly lifetimeMs: number
}

export interface AdminLink {
  readonly hash: string
  readonly uid: Uid
  /** The global fence when it was made (rule 1). */
  readonly fence: number
}

export interface AdminLinkStore {
  /** Captures the fence, and leaves its row in the audit, in one transaction. Answers when it runs out. */
  addAdminLink(link: NewAdminLink): Promise<Instant>
  /** One that still works; `hashes`: under every secret of the ring. */
  adminLink(hashes: readonly string[]): Promise<AdminLink | undefined>
  /** Live sessions of a user. */
  countLive(uid: Uid): Promise<number>
}

/** Used up by `SessionStore.start`, which leaves a row in the audit with it. */
export interface LinkVoucher {
  readonly kind: 'link'
  readonly hash: string
}
