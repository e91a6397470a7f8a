create table admin_links (
  hash text collate "C" not null,
  uid text collate "C" not null,
  fence bigint not null,
  expires_at bigint not null,
  started_sid text collate "C"
);

create table audit (
  id bigint not null,
  at bigint not null,
  actor text collate "C" not null,
  action text collate "C" not null,
  target text collate "C",
  detail text not null
);

create table authorization_codes (
  hash text collate "C" not null,
  client_id text collate "C" not null,
  redirect_uri text not null,
  challenge text not null,
  dpop_jkt text,
  sealed text,
  sid text collate "C",
  expires_at bigint not null
);

create table cursors (
  name text collate "C" not null,
  epoch text not null,
  seq bigint not null,
  lease_owner text not null,
  lease_until bigint not null
) with (fillfactor=50);

create table device_authorizations (
  id text collate "C" not null,
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
  hurried bigint not null,
  scanner_sid text collate "C",
  scanner_uid text collate "C",
  scanned_at bigint,
  fence bigint,
  decided_at bigint,
  started_sid text collate "C",
  consumed_at bigint
) with (fillfactor=80);

create table feed (
  seq bigint not null,
  sid text collate "C" not null,
  jti text,
  exp bigint not null,
  at bigint not null
);

create table feed_head (
  id bigint not null,
  epoch text not null,
  seq bigint not null,
  floor bigint not null,
  at bigint not null,
  keys_version bigint not null,
  history text
) with (fillfactor=20);

create table fence (
  id bigint not null,
  value bigint not null
);

create table key_ids (
  key_id text collate "C" not null,
  activates_at bigint not null,
  retired_at bigint
);

create table once (
  kind text collate "C" not null,
  id text collate "C" not null,
  expires_at bigint not null
);

create table outbox (
  id bigint not null,
  sid text collate "C" not null,
  kind text collate "C" not null,
  target text collate "C" not null,
  event text collate "C" not null,
  payload text,
  created_at bigint not null,
  open_since bigint not null,
  due_at bigint not null,
  attempts bigint not null,
  lease_owner text,
  gave_up_at bigint,
  last_error text
) with (fillfactor=80, autovacuum_vacuum_scale_factor=0.02);

create table provider_subjects (
  issuer text collate "C" not null,
  subject text collate "C" not null,
  fence bigint not null
);

create table schema_compatibility (
  version integer not null,
  compatible_from integer not null
);

create table schema_migrations (
  version integer not null,
  name text not null,
  applied_at bigint not null
);

create table sessions (
  sid text collate "C" not null,
  version bigint not null,
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
  provider_email text
) with (fillfactor=80);

create table signing_keys (
  kid text collate "C" not null,
  algorithm text not null,
  public_jwk text not null,
  sealed_private_jwk text not null,
  created_at bigint not null,
  activates_at bigint not null
);

create table users (
  uid text collate "C" not null,
  issuer text,
  subject text,
  disabled_at bigint,
  fence bigint not null,
  signed_out_at bigint
) with (fillfactor=90);

alter table admin_links add constraint admin_links_pkey PRIMARY KEY (hash);

alter table audit add constraint audit_pkey PRIMARY KEY (id);

alter table authorization_codes add constraint authorization_codes_pkey PRIMARY KEY (hash);

alter table cursors add constraint cursors_pkey PRIMARY KEY (name);

alter table device_authorizations add constraint device_authorizations_pkey PRIMARY KEY (id);

alter table feed add constraint feed_pkey PRIMARY KEY (seq);

alter table feed_head add constraint feed_head_id_check CHECK ((id = 1));

alter table feed_head add constraint feed_head_pkey PRIMARY KEY (id);

alter table fence add constraint fence_id_check CHECK ((id = 1));

alter table fence add constraint fence_pkey PRIMARY KEY (id);

alter table key_ids add constraint key_ids_pkey PRIMARY KEY (key_id);

alter table once add constraint once_pkey PRIMARY KEY (kind, id);

alter table outbox add constraint outbox_pkey PRIMARY KEY (id);

alter table provider_subjects add constraint provider_subjects_pkey PRIMARY KEY (issuer, subject);

alter table schema_compatibility add constraint schema_compatibility_pkey PRIMARY KEY (version);

alter table schema_migrations add constraint schema_migrations_pkey PRIMARY KEY (version);

alter table sessions add constraint sessions_end_is_whole CHECK ((((revoked_at IS NULL) = (revoked_reason IS NULL)) AND ((revoked_at IS NULL) = (feed_seq IS NULL)) AND ((revoked_at IS NOT NULL) OR (revoked_by_user_id IS NULL))));

alter table sessions add constraint sessions_pkey PRIMARY KEY (sid);

alter table sessions add constraint sessions_version_check CHECK ((version >= 1));

alter table signing_keys add constraint signing_keys_pkey PRIMARY KEY (kid);

alter table users add constraint users_pkey PRIMARY KEY (uid);

CREATE INDEX admin_links_expire ON public.admin_links USING btree (expires_at);

CREATE INDEX audit_actor ON public.audit USING btree (actor, id);

CREATE INDEX audit_at ON public.audit USING btree (at);

CREATE INDEX audit_target ON public.audit USING btree (target, id);

CREATE INDEX authorization_codes_expire ON public.authorization_codes USING btree (expires_at);

CREATE UNIQUE INDEX device_authorizations_device_code ON public.device_authorizations USING btree (device_code_hash);

CREATE INDEX device_authorizations_expire ON public.device_authorizations USING btree (expires_at);

CREATE UNIQUE INDEX device_authorizations_user_code ON public.device_authorizations USING btree (user_code_hash);

CREATE UNIQUE INDEX device_authorizations_watch ON public.device_authorizations USING btree (watch_hash);

CREATE INDEX feed_at ON public.feed USING btree (at, seq);

CREATE INDEX feed_exp ON public.feed USING btree (exp);

CREATE INDEX once_expires ON public.once USING btree (expires_at);

CREATE INDEX outbox_due ON public.outbox USING btree (kind, target, due_at, id) WHERE (gave_up_at IS NULL);

CREATE INDEX outbox_lane ON public.outbox USING btree (sid, kind, target, id);

CREATE INDEX sessions_ended ON public.sessions USING btree (revoked_at) WHERE (revoked_at IS NOT NULL);

CREATE INDEX sessions_of_parent ON public.sessions USING btree (parent_sid) WHERE (parent_sid IS NOT NULL);

CREATE INDEX sessions_of_provider_sid ON public.sessions USING btree (provider_issuer, provider_sid) WHERE ((revoked_at IS NULL) AND (provider_sid IS NOT NULL));

CREATE INDEX sessions_of_subject ON public.sessions USING btree (provider_issuer, provider_subject) WHERE ((revoked_at IS NULL) AND (provider_issuer IS NOT NULL));

CREATE INDEX sessions_of_user ON public.sessions USING btree (uid, sid);

CREATE UNIQUE INDEX sessions_one_live_per_slot ON public.sessions USING btree (uid, slot) WHERE ((revoked_at IS NULL) AND (slot IS NOT NULL));

CREATE INDEX sessions_unended ON public.sessions USING btree (uid, sid) WHERE (revoked_at IS NULL);

CREATE OR REPLACE FUNCTION public.sessions_no_way_back()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'no way back: an end stays as it is, and every write raises the version'
    using errcode = 'check_violation';
end
$function$
;

CREATE TRIGGER sessions_no_way_back AFTER UPDATE ON public.sessions FOR EACH ROW WHEN (((new.version <= old.version) OR (new.sid <> old.sid) OR ((old.revoked_at IS NOT NULL) AND ((((new.revoked_at IS DISTINCT FROM old.revoked_at) OR (new.revoked_reason IS DISTINCT FROM old.revoked_reason)) OR (new.revoked_by_user_id IS DISTINCT FROM old.revoked_by_user_id)) OR (new.feed_seq IS DISTINCT FROM old.feed_seq))))) EXECUTE FUNCTION sessions_no_way_back();
