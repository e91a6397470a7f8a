import type { Migration } from '../migration.ts'

export const postgresMigrations: readonly Migration[] = [
  {
    version: 1,
    name: 'sessions, users, feed, keys',
    text: `
create table sessions (
  sid text collate "C" not null primary key,
  version bigint not null check (version >= 1),
  uid text collate "C" not null,
  client_id text collate "C" not null,
  device text collate "C" not null,
  device_id text,
  slot text collate "C",
  parent_sid text collate "C",
  created_at bigint not null,
  absolute_expires_at bigint not null,
  auth_time bigint not null,
  amr text,
  acr text,
  salt text not null,
  device_name text,
  ip text,
  user_agent text,
  last_seen_at bigint not null,
  idle_expires_at bigint not null,
  grants_version bigint not null,
  roles text not null,
  claims text not null,
  scope text not null,
  generation bigint,
  rotated_at bigint,
  refresh_key_id text,
  dpop_thumbprint text,
  rotation_jti text,
  rotation_iat bigint,
  rotation_exp bigint,
  rotation_kid text,
  rotation_grants_version bigint,
  newest_jti text,
  newest_iat bigint,
  newest_exp bigint,
  newest_kid text,
  newest_grants_version bigint,
  latest_exp bigint not null,
  session_token_generation bigint not null,
  session_token_key_id text not null,
  provider_id text,
  provider_issuer text,
  provider_subject text,
  provider_sid text,
  provider_tokens text,
  provider_tokens_version bigint,
  provider_tokens_expire_at bigint,
  provider_refresh_issued_at bigint,
  provider_refresh_lost bigint,
  provider_lease_owner text,
  provider_lease_until bigint,
  provider_attempted_at bigint,
  provider_undecided bigint,
  provider_retry_at bigint,
  revoked_at bigint,
  revoked_reason text,
  revoked_by_user_id text,
  feed_seq bigint,
  constraint sessions_end_is_whole check (
    (revoked_at is null) = (revoked_reason is null)
    and (revoked_at is null) = (feed_seq is null)
    and (revoked_at is not null or revoked_by_user_id is null)
  )
) with (fillfactor = 80);
create unique index sessions_one_live_per_slot on sessions (uid, slot)
  where revoked_at is null and slot is not null;
create index sessions_of_user on sessions (uid, sid);
create index sessions_unended on sessions (uid, sid) where revoked_at is null;
create index sessions_ended on sessions (revoked_at) where revoked_at is not null;
create function sessions_no_way_back() returns trigger language plpgsql as $body$
begin
  raise exception 'no way back: an end stays as it is, and every write raises the version'
    using errcode = 'check_violation';
end
$body$;
create trigger sessions_no_way_back after update on sessions for each row
when (new.version <= old.version or new.sid <> old.sid or (old.revoked_at is not null and
  (new.revoked_at, new.revoked_reason, new.revoked_by_user_id, new.feed_seq) is distinct from
  (old.revoked_at, old.revoked_reason, old.revoked_by_user_id, old.feed_seq)))
execute function sessions_no_way_back();
create table users (
  uid text collate "C" not null primary key,
  issuer text,
  subject text,
  disabled_at bigint,
  fence bigint not null
) with (fillfactor = 90);
create table fence (id bigint not null primary key check (id = 1), value bigint not null);
create table feed (
  seq bigint not null primary key,
  sid text collate "C" not null,
  jti text,
  exp bigint not null,
  at bigint not null
);
create index feed_at on feed (at, seq);
create index feed_exp on feed (exp);
create table feed_head (
  id bigint not null primary key check (id = 1),
  epoch text not null,
  seq bigint not null,
  floor bigint not null,
  at bigint not null,
  keys_version bigint not null,
  history text
) with (fillfactor = 20);
create table signing_keys (
  kid text collate "C" not null primary key,
  algorithm text not null,
  public_jwk text not null,
  sealed_private_jwk text not null,
  created_at bigint not null,
  activates_at bigint not null
);
create table key_ids (
  key_id text collate "C" not null primary key,
  activates_at bigint not null,
  retired_at bigint
);
create table once (
  kind text collate "C" not null,
  id text collate "C" not null,
  expires_at bigint not null,
  primary key (kind, id)
);
create index once_expires on once (expires_at);
`,
  },
  {
    version: 2,
    name: 'sessions by their names at the provider',
    text: `
create index sessions_of_provider_sid on sessions (provider_issuer, provider_sid)
  where revoked_at is null and provider_sid is not null;
create index sessions_of_subject on sessions (provider_issuer, provider_subject)
  where revoked_at is null and provider_issuer is not null;
create table provider_subjects (
  issuer text collate "C" not null,
  subject text collate "C" not null,
  fence bigint not null,
  primary key (issuer, subject)
);
`,
  },
  {
    version: 3,
    name: 'the e-mail address that the provider vouches for',
    text: 'alter table sessions add column provider_email text',
  },
  {
    version: 4,
    name: 'effects of starts and ends',
    text: `
create table outbox (
  id bigint generated always as identity primary key,
  sid text collate "C" not null,
  kind text collate "C" not null,
  target text collate "C" not null,
  event text collate "C" not null,
  payload text,
  created_at bigint not null,
  open_since bigint not null,
  due_at bigint not null,
  attempts bigint not null default 0,
  lease_owner text,
  gave_up_at bigint,
  last_error text
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
create index outbox_due on outbox (kind, target, due_at, id) where gave_up_at is null;
create index outbox_lane on outbox (sid, kind, target, id);
create table cursors (
  name text collate "C" not null primary key,
  epoch text not null,
  seq bigint not null,
  lease_owner text not null,
  lease_until bigint not null
) with (fillfactor = 50);
`,
  },
  {
    version: 5,
    name: 'authorization codes',
    text: `
create table authorization_codes (
  hash text collate "C" not null primary key,
  client_id text collate "C" not null,
  redirect_uri text not null,
  challenge text not null,
  dpop_jkt text,
  sealed text,
  sid text collate "C",
  expires_at bigint not null
);
create index authorization_codes_expire on authorization_codes (expires_at);
`,
  },
  {
    version: 6,
    name: 'device authorizations, and the sessions that a session has approved',
    text: `
create table device_authorizations (
  id text collate "C" not null primary key,
  device_code_hash text collate "C" not null,
  user_code_hash text collate "C" not null,
  watch_hash text collate "C" not null,
  client_id text collate "C" not null,
  scope text not null,
  resources text not null,
  ip text,
  user_agent text,
  requested_at bigint not null,
  expires_at bigint not null,
  state text collate "C" not null,
  interval_ms bigint not null,
  polled_at bigint,
  hurried bigint not null default 0,
  scanner_sid text collate "C",
  scanner_uid text collate "C",
  scanned_at bigint,
  fence bigint,
  decided_at bigint,
  started_sid text collate "C",
  consumed_at bigint
) with (fillfactor = 80);
create unique index device_authorizations_device_code on device_authorizations (device_code_hash);
create unique index device_authorizations_user_code on device_authorizations (user_code_hash);
create unique index device_authorizations_watch on device_authorizations (watch_hash);
create index device_authorizations_expire on device_authorizations (expires_at);
create index sessions_of_parent on sessions (parent_sid) where parent_sid is not null;
`,
  },
  {
    version: 7,
    name: 'when a user was signed out everywhere',
    text: 'alter table users add column signed_out_at bigint',
  },
  {
    version: 8,
    name: 'sign-in links for the console, and who did what',
    text: `
create table admin_links (
  hash text collate "C" not null primary key,
  uid text collate "C" not null,
  fence bigint not null,
  expires_at bigint not null,
  started_sid text collate "C"
);
create index admin_links_expire on admin_links (expires_at);
create table audit (
  id bigint generated always as identity primary key,
  at bigint not null,
  actor text collate "C" not null,
  action text collate "C" not null,
  target text collate "C",
  detail text not null
);
create index audit_at on audit (at);
create index audit_actor on audit (actor, id);
create index audit_target on audit (target, id);
`,
  },
]
