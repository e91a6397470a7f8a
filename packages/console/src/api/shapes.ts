/* What the API answers, as far as the console reads it. Times are Unix seconds. */

export interface SessionItem {
  readonly sid: string
  readonly uid: string
  readonly client_id: string | null
  readonly device: string
  readonly device_name: string | null
  readonly ip: string | null
  readonly user_agent: string | null
  readonly roles: readonly string[]
  readonly auth_time: number | null
  readonly created_at: number
  readonly last_seen_at: number
  readonly expires_at: number
  readonly current: boolean
  readonly revoked_at: number | null
  readonly revoked_reason: string | null
  readonly revoked_by_user_id: string | null
}

export interface Page<Item> {
  readonly items: readonly Item[]
  readonly next_cursor: string | null
}

export interface Overview {
  readonly now: number
  readonly live_sessions: number
  readonly started_last_hour: number
  readonly ended_last_hour: number
  readonly effects_waiting: number
  readonly effects_given_up: number
}

export interface ActivityStep {
  readonly at: number
  readonly started: number
  readonly refreshed: number
  readonly ended: number
  readonly reasons: Readonly<Record<string, number>>
}

export interface Activity {
  readonly from: number
  readonly step_seconds: number
  readonly items: readonly ActivityStep[]
}

export interface Replica {
  readonly id: string
  readonly host: string
  readonly pid: number
  readonly worker: number | string | null
  readonly version: string
  readonly started_at: number
  readonly seen_at: number
  readonly cursor: string | null
  readonly behind: number | null
  readonly lag_ms: number | null
  readonly ready: boolean
  readonly streams: number
}

export interface VerifierSeen {
  readonly client_id: string
  readonly address: string | null
  readonly user_agent: string | null
  readonly via: 'pull' | 'stream'
  readonly cursor: string | null
  readonly behind: number | null
  readonly seen_at: number
}

export interface Followers {
  readonly head: string
  readonly now: number
  readonly replicas: readonly Replica[]
  readonly verifiers: readonly VerifierSeen[]
}

export interface Effect {
  readonly id: number
  readonly kind: string
  readonly event: string | null
  readonly target: string
  readonly target_name: string | null
  readonly sid: string | null
  readonly state: string
  readonly created_at: number
  readonly due_at: number | null
  readonly gave_up_at: number | null
  readonly attempts: number
  readonly last_error: string | null
}

export interface SigningKey {
  readonly kid: string
  readonly algorithm: string
  readonly state: 'signing' | 'published' | 'replaced'
  readonly created_at: number
  readonly activates_at: number | null
}

export interface SecretKey {
  readonly key_id: string
  readonly held: boolean
  readonly current: boolean
  readonly activates_at: number | null
}

export interface Keys {
  readonly signing_keys: readonly SigningKey[]
  readonly secrets: readonly SecretKey[]
}

export interface AuditItem {
  readonly id: number | string
  readonly at: number
  readonly actor: string
  readonly action: string
  readonly target: string | null
  readonly detail: Readonly<Record<string, unknown>>
}

export interface UserState {
  readonly uid: string
  readonly disabled_at: number | null
  readonly live_sessions: number
}
