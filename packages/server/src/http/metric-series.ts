/* Every series that /metrics shows, with all of its labels. */
import { flowFailureCodes } from '#oidc'
import { countedLimits } from './limits.ts'

export const routeGroups = [
  'token',
  'oauth',
  'start',
  'logout',
  'sessions',
  'admin',
  'sign-in',
  'feed',
  'stream',
  'device',
  'metadata',
  'health',
  'other',
] as const
export type RouteGroup = (typeof routeGroups)[number]

export const statusClasses = ['2xx', '3xx', '4xx', '5xx'] as const
export type StatusClass = (typeof statusClasses)[number]

type Kind = 'counter' | 'gauge' | 'histogram'

export interface SeriesKind {
  readonly kind: Kind
  readonly help: string
  /** What /metrics shows of several workers; the sum unless it says so. */
  readonly acrossWorkers?: 'max'
  /** Every label with all of its values: each series stands at 0 from the start. */
  readonly labels: Readonly<Record<string, readonly string[]>>
}

const results = {
  logout: ['ok', 'already_revoked', 'token_fail', 'kick_fail', 'revoke_fail'],
  refresh: [
    ...['rotated', 'repeated', 'reuse', 'ended', 'expired', 'not_issued', 'wrong_client'],
    ...['forged', 'unavailable'],
  ],
  recalls: ['hit', 'nothing', 'tombstone', 'refused', 'unreadable', 'unavailable', 'dropped'],
  sharedWrites: ['written', 'outdated', 'late', 'large', 'dropped', 'failed'],
  started: ['started', 'joined', 'refused'],
  codes: ['redeemed', 'refused', 'reused', 'other-target', 'overtaken'],
  alarms: ['generation-not-issued', 'key-missing', 'came-back'],
  verdicts: [
    ...['allow', 'preflight', 'sign-in', 'unauthenticated', 'forbidden', 'unavailable', 'own'],
    'refused',
  ],
  grants: [
    ...['refreshed', 'refused', 'lost', 'fault', 'silent', 'not_this_user', 'unreadable'],
    'session_ended',
  ],
  signIns: [
    'signed-in',
    'fence-moved',
    'user-disabled',
    'provider-logged-out',
    'other-user',
    ...flowFailureCodes,
  ],
  providerLogouts: ['done', 'replayed', 'invalid', 'unavailable'],
  revocations: ['revoked', 'unsupported', 'failed', 'siblings'],
  pushes: ['published', 'failed', 'dropped'],
  redisFailures: ['offline', 'resting', 'full', 'timeout', 'lost', 'refused'],
  effects: ['delivered', 'failed', 'given_up'],
} as const

/** All series of Curfew's own. No uid, sid, host or path ever becomes a label. */
export const series = {
  curfew_logout_total: {
    kind: 'counter',
    help: 'Logouts: `ok` and `already_revoked` count requests, `token_fail` those answered 503, `kick_fail` (webhook) and `revoke_fail` (provider) ends whose effect was given up.',
    labels: { result: results.logout },
  },
  curfew_refresh_total: {
    kind: 'counter',
    help: 'Uses of refresh tokens by result.',
    labels: { result: results.refresh },
  },
  curfew_sessions_started_total: {
    kind: 'counter',
    help: 'Starts of sessions by result.',
    labels: { result: results.started },
  },
  curfew_codes_total: {
    kind: 'counter',
    help: 'Authorization codes presented at the token endpoint by result; `reused` ended the session that the first use had started.',
    labels: { result: results.codes },
  },
  curfew_swap_conflicts_total: {
    kind: 'counter',
    help: 'Compare-and-set writes of a session that another writer outran, and that were decided again.',
    labels: {},
  },
  curfew_feed_lag_seconds: {
    kind: 'gauge',
    acrossWorkers: 'max',
    help: 'How long after its commit the newest end of another replica became known here.',
    labels: {},
  },
  curfew_feed_staleness_seconds: {
    kind: 'gauge',
    acrossWorkers: 'max',
    help: 'Time since the beginning of the last good read of the feed.',
    labels: {},
  },
  curfew_denylist_entries: {
    kind: 'gauge',
    acrossWorkers: 'max',
    help: 'Ended sessions that this process denies from memory.',
    labels: {},
  },
  curfew_cache_entries: {
    kind: 'gauge',
    help: 'Session snapshots in memory.',
    labels: {},
  },
  curfew_cache_hits_total: {
    kind: 'counter',
    help: 'Snapshots that were found and might be used.',
    labels: {},
  },
  curfew_cache_misses_total: {
    kind: 'counter',
    help: 'Snapshots that were absent or too old to be used.',
    labels: {},
  },
  curfew_cache_evictions_total: {
    kind: 'counter',
    help: 'Snapshots dropped because the cache was full.',
    labels: {},
  },
  curfew_cache_shared_reads_total: {
    kind: 'counter',
    help: 'Snapshots asked for in Redis after a miss in memory: `hit` was used, `refused` was there and may not answer (older than what is known here, or than 30 s), `unreadable` was sealed with other secrets or is not ours.',
    labels: { result: results.recalls },
  },
  curfew_cache_shared_writes_total: {
    kind: 'counter',
    help: 'Snapshots and tombstones written to Redis behind the answer: `outdated` met something newer, `late` and `dropped` had no turn in time; none of them does harm.',
    labels: { kind: ['fill', 'tombstone'], result: results.sharedWrites },
  },
  curfew_cache_shared_waiting: {
    kind: 'gauge',
    help: 'Snapshots and tombstones that wait to be written to Redis.',
    labels: {},
  },
  curfew_http_requests_total: {
    kind: 'counter',
    help: 'Requests by kind of route and class of status.',
    labels: { route: routeGroups, status: statusClasses },
  },
  curfew_http_request_duration_seconds: {
    kind: 'histogram',
    help: 'Time from the request line to the end of the answer; event streams are left out.',
    labels: { route: routeGroups },
  },
  curfew_workers: {
    kind: 'gauge',
    help: 'Processes that answer here: 1, or as many of `server.workers` as are alive.',
    labels: {},
  },
  curfew_event_streams: {
    kind: 'gauge',
    help: 'Event streams that are open.',
    labels: {},
  },
  curfew_rate_limited_total: {
    kind: 'counter',
    help: 'Requests refused with 429, by limit.',
    labels: { limit: countedLimits },
  },
  curfew_alarms_total: {
    kind: 'counter',
    help: 'Things that a person should look at; the log says more.',
    labels: { kind: results.alarms },
  },
  curfew_sign_ins_total: {
    kind: 'counter',
    help: 'Sign-ins at identity providers by result; those that nobody came back from are not among them.',
    labels: { result: results.signIns },
  },
  curfew_provider_logouts_total: {
    kind: 'counter',
    help: 'Logouts that identity providers announced (back channel) by result.',
    labels: { result: results.providerLogouts },
  },
  curfew_forward_auth_total: {
    kind: 'counter',
    help: 'Requests of proxies by verdict; `memory`: answered without asking anybody.',
    labels: { verdict: results.verdicts, from: ['memory', 'check'] },
  },
  curfew_forward_auth_prepared: {
    kind: 'gauge',
    help: 'Tokens whose answer is kept in memory.',
    labels: {},
  },
  curfew_forward_auth_dropped_values_total: {
    kind: 'counter',
    help: 'Values that no header could hold (control characters, over 4 KB) and that were left empty.',
    labels: {},
  },
  curfew_provider_refresh_total: {
    kind: 'counter',
    help: 'Grants for the refresh tokens of identity providers by result.',
    labels: { result: results.grants },
  },
  curfew_provider_revocation_total: {
    kind: 'counter',
    help: 'Tokens of ended sessions handed back to identity providers by result; `failed` ones are tried again.',
    labels: { result: results.revocations },
  },
  curfew_effects_total: {
    kind: 'counter',
    help: 'Attempts to carry out what follows a start or an end: `failed` ones are tried again, `given_up` are not.',
    labels: { kind: ['webhook', 'provider_revocation'], result: results.effects },
  },
  curfew_effects_webhooks_waiting: {
    kind: 'gauge',
    help: 'Webhook events of the whole installation that are still to be delivered.',
    labels: {},
  },
  curfew_effects_webhooks_oldest_seconds: {
    kind: 'gauge',
    help: 'Age of the oldest of them.',
    labels: {},
  },
  curfew_effects_revocations_waiting: {
    kind: 'gauge',
    help: 'Hand-overs of tokens to identity providers, of the whole installation, that are still to be done.',
    labels: {},
  },
  curfew_effects_revocations_oldest_seconds: {
    kind: 'gauge',
    help: 'Age of the oldest of them.',
    labels: {},
  },
  curfew_last_seen_waiting: {
    kind: 'gauge',
    help: 'Sessions whose last use is still to be written.',
    labels: {},
  },
  curfew_last_seen_dropped_total: {
    kind: 'counter',
    help: 'Uses of sessions that were not noted because too many waited; the next use is.',
    labels: {},
  },
  curfew_push_total: {
    kind: 'counter',
    help: 'Ends told on the Redis channel: `failed` ones were not, or nobody knows, `dropped` ones found the queue full; the next pull of each verifier has them.',
    labels: { result: results.pushes },
  },
  curfew_push_waiting: {
    kind: 'gauge',
    help: 'Ends that wait to be told on the Redis channel.',
    labels: {},
  },
  curfew_redis_up: {
    kind: 'gauge',
    help: '1 while Redis is connected and answers. Without it everything goes on from the store.',
    labels: {},
  },
  curfew_redis_listening: {
    kind: 'gauge',
    help: '1 while messages of other replicas are heard on Redis.',
    labels: {},
  },
  curfew_redis_disconnects_total: {
    kind: 'counter',
    help: 'Connections to Redis that were lost, and attempts to connect that failed.',
    labels: {},
  },
  curfew_redis_failures_total: {
    kind: 'counter',
    help: 'Commands that Redis did not carry out: `offline` and `resting` (the breaker is open) were not sent, `full` found too many under way, `timeout` and `lost` may have been carried out, `refused` were answered with an error.',
    labels: { reason: results.redisFailures },
  },
  curfew_redis_messages_total: {
    kind: 'counter',
    help: "Messages heard on Redis, this replica's own among them: `ends` make it read the feed, `sessions` make it look at sessions again.",
    labels: { about: ['ends', 'sessions'] },
  },
  curfew_activity_dropped_total: {
    kind: 'counter',
    help: 'Starts, refreshes and ends that the console’s chart lacks, because the store did not take the counts.',
    labels: {},
  },
  curfew_client_auth_failures_total: {
    kind: 'counter',
    help: 'Failed authentications of clients.',
    labels: {},
  },
} as const satisfies Record<`curfew_${string}`, SeriesKind>

export type SeriesName = keyof typeof series
export type NamesOf<Wanted extends Kind> = {
  [Name in SeriesName]: (typeof series)[Name]['kind'] extends Wanted ? Name : never
}[SeriesName]
export type LabelsOf<Name extends SeriesName> = {
  readonly [Label in keyof (typeof series)[Name]['labels']]: (typeof series)[Name]['labels'][Label] extends readonly (infer Value)[]
    ? Value
    : never
}
