CREATE TABLE admin_links (
  hash text not null primary key,
  uid text not null,
  fence integer not null,
  expires_at integer not null,
  started_sid text
) strict;

CREATE TABLE audit (
  id integer primary key autoincrement,
  at integer not null,
  actor text not null,
  action text not null,
  target text,
  detail text not null
) strict;

CREATE TABLE authorization_codes (
  hash text not null primary key,
  client_id text not null,
  redirect_uri text not null,
  challenge text not null,
  dpop_jkt text,
  sealed text,
  sid text,
  expires_at integer not null
) strict;

CREATE TABLE cursors (
  name text not null primary key,
  epoch text not null,
  seq integer not null,
  lease_owner text not null,
  lease_until integer not null
) strict, without rowid;

CREATE TABLE device_authorizations (
  id text not null primary key,
  device_code_hash text not null,
  user_code_hash text not null,
  watch_hash text not null,
  client_id text not null,
  scope text not null,
  resources text not null,
  ip text,
  user_agent text,
  requested_at integer not null,
  expires_at integer not null,
  state text not null,
  interval_ms integer not null,
  polled_at integer,
  hurried integer not null default 0,
  scanner_sid text,
  scanner_uid text,
  scanned_at integer,
  fence integer,
  decided_at integer,
  started_sid text,
  consumed_at integer
) strict;

CREATE TABLE feed (
  seq integer not null primary key,
  sid text not null,
  jti text,
  exp integer not null,
  at integer not null
) strict;

CREATE TABLE feed_head (
  id integer not null primary key check (id = 1),
  epoch text not null,
  seq integer not null,
  floor integer not null,
  at integer not null,
  keys_version integer not null,
  history text
) strict;

CREATE TABLE fence (id integer not null primary key check (id = 1), value integer not null) strict;

CREATE TABLE key_ids (
  key_id text not null primary key,
  activates_at integer not null,
  retired_at integer
) strict;

CREATE TABLE once (
  kind text not null,
  id text not null,
  expires_at integer not null,
  primary key (kind, id)
) strict, without rowid;

CREATE TABLE outbox (
  id integer not null primary key autoincrement,
  sid text not null,
  kind text not null,
  target text not null,
  event text not null,
  payload text,
  created_at integer not null,
  open_since integer not null,
  due_at integer not null,
  attempts integer not null default 0,
  lease_owner text,
  gave_up_at integer,
  last_error text
) strict;

CREATE TABLE provider_subjects (
  issuer text not null,
  subject text not null,
  fence integer not null,
  primary key (issuer, subject)
) strict;

CREATE TABLE schema_compatibility (
  version integer not null primary key,
  compatible_from integer not null
);

CREATE TABLE schema_migrations (
  version integer not null primary key,
  name text not null,
  applied_at bigint not null
);

CREATE TABLE sessions (
  sid text not null primary key,
  version integer not null check (version >= 1),
  uid text not null,
  client_id text not null,
  device text not null,
  device_id text,
  slot text,
  parent_sid text,
  created_at integer not null,
  absolute_expires_at integer not null,
  auth_time integer not null,
  amr text,
  acr text,
  salt text not null,
  device_name text,
  ip text,
  user_agent text,
  last_seen_at integer not null,
  idle_expires_at integer not null,
  grants_version integer not null,
  roles text not null,
  claims text not null,
  scope text not null,
  generation integer,
  rotated_at integer,
  refresh_key_id text,
  dpop_thumbprint text,
  rotation_jti text,
  rotation_iat integer,
  rotation_exp integer,
  rotation_kid text,
  rotation_grants_version integer,
  newest_jti text,
  newest_iat integer,
  newest_exp integer,
  newest_kid text,
  newest_grants_version integer,
  latest_exp integer not null,
  session_token_generation integer not null,
  session_token_key_id text not null,
  provider_id text,
  provider_issuer text,
  provider_subject text,
  provider_sid text,
  provider_tokens text,
  provider_tokens_version integer,
  provider_tokens_expire_at integer,
  provider_refresh_issued_at integer,
  provider_refresh_lost integer,
  provider_lease_owner text,
  provider_lease_until integer,
  provider_attempted_at integer,
  provider_undecided integer,
  provider_retry_at integer,
  revoked_at integer,
  revoked_reason text,
  revoked_by_user_id text,
  feed_seq integer, provider_email text,
  constraint sessions_end_is_whole check (
    (revoked_at is null) = (revoked_reason is null)
    and (revoked_at is null) = (feed_seq is null)
    and (revoked_at is not null or revoked_by_user_id is null)
  )
) strict;

CREATE TABLE signing_keys (
  kid text not null primary key,
  algorithm text not null,
  public_jwk text not null,
  sealed_private_jwk text not null,
  created_at integer not null,
  activates_at integer not null
) strict;

CREATE TABLE sqlite_sequence(name,seq);

CREATE TABLE users (
  uid text not null primary key,
  issuer text,
  subject text,
  disabled_at integer,
  fence integer not null
, signed_out_at integer) strict;

CREATE INDEX admin_links_expire on admin_links (expires_at);

CREATE INDEX audit_actor on audit (actor, id);

CREATE INDEX audit_at on audit (at);

CREATE INDEX audit_target on audit (target, id);

CREATE INDEX authorization_codes_expire on authorization_codes (expires_at);

CREATE UNIQUE INDEX device_authorizations_device_code on device_authorizations (device_code_hash);

CREATE INDEX device_authorizations_expire on device_authorizations (expires_at);

CREATE UNIQUE INDEX device_authorizations_user_code on device_authorizations (user_code_hash);

CREATE UNIQUE INDEX device_authorizations_watch on device_authorizations (watch_hash);

CREATE INDEX feed_at on feed (at, seq);

CREATE INDEX feed_exp on feed (exp);

CREATE INDEX once_expires on once (expires_at);

CREATE INDEX outbox_due on outbox (kind, target, due_at, id) where gave_up_at is null;

CREATE INDEX outbox_lane on outbox (sid, kind, target, id);

CREATE INDEX sessions_ended on sessions (revoked_at) where revoked_at is not null;

CREATE INDEX sessions_of_parent on sessions (parent_sid) where parent_sid is not null;

CREATE INDEX sessions_of_provider_sid on sessions (provider_issuer, provider_sid)
  where revoked_at is null and provider_sid is not null;

CREATE INDEX sessions_of_subject on sessions (provider_issuer, provider_subject)
  where revoked_at is null and provider_issuer is not null;

CREATE INDEX sessions_of_user on sessions (uid, sid);

CREATE UNIQUE INDEX sessions_one_live_per_slot on sessions (uid, slot)
  where revoked_at is null and slot is not null;

CREATE INDEX sessions_unended on sessions (uid, sid) where revoked_at is null;

CREATE TRIGGER sessions_no_way_back before update on sessions
when new.version <= old.version or new.sid <> old.sid or (old.revoked_at is not null and (
  new.revoked_at is not old.revoked_at or new.revoked_reason is not old.revoked_reason
  or new.revoked_by_user_id is not old.revoked_by_user_id or new.feed_seq is not old.feed_seq))
begin
  select raise(abort, 'no way back: an end stays as it is, and every write raises the version');
end;
