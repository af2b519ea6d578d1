-- migrate:up
set local role crmhub_owner;

-- One attempt to bring a connection up to date.
create table crmhub.sync_runs (
    id uuid primary key default gen_random_uuid(),
    connection_id uuid not null,
    org_id uuid not null,
    trigger text not null,
    status text not null default 'pending',
    requested_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    records jsonb not null default '{}', -- rows moved per stream
    error_class text,
    error_message text,
    constraint sync_runs_connection foreign key (org_id, connection_id)
        references crmhub.source_connections (org_id, id) on delete cascade,
    constraint sync_runs_trigger_valid check (trigger in ('schedule', 'manual', 'reset')),
    constraint sync_runs_status_valid check (status in ('pending', 'running', 'succeeded', 'failed', 'cancelled')),
    constraint sync_runs_records_is_object check (jsonb_typeof(records) = 'object')
);
create unique index sync_runs_one_pending on crmhub.sync_runs (connection_id) where status = 'pending';
create index sync_runs_history on crmhub.sync_runs (org_id, connection_id, requested_at desc);
-- Pruning goes by age.
create index sync_runs_age on crmhub.sync_runs (finished_at) where finished_at is not null;

alter table crmhub.sync_runs enable row level security;
alter table crmhub.sync_runs force row level security;
create policy "the orchestrator sees all runs" on crmhub.sync_runs
    to crmhub_orchestrator, crmhub_owner using (true) with check (true);
create policy "readers see their organisation's runs" on crmhub.sync_runs
    for select to crmhub_reader using (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid));
grant select, insert, update, delete on crmhub.sync_runs to crmhub_orchestrator;
grant select on crmhub.sync_runs to crmhub_reader;
-- crmhub_loader, crmhub_state: nothing. What a run did is told by the orchestrator, which watched it.

-- Tokens of connections, sealed before they come here.
create table crmhub.secrets_provider (
    id uuid primary key default gen_random_uuid(),
    org_id uuid not null,
    connection_id uuid not null,
    name text not null,
    ciphertext bytea not null, -- version, key id, nonce, ciphertext and tag
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint secrets_provider_connection foreign key (org_id, connection_id)
        references crmhub.source_connections (org_id, id) on delete cascade,
    constraint secrets_provider_name_once unique (connection_id, name)
);
create trigger touch_updated_at
    before update on crmhub.secrets_provider
    for each row execute function crmhub.touch_updated_at();

alter table crmhub.secrets_provider enable row level security;
alter table crmhub.secrets_provider force row level security;
create policy "the orchestrator keeps all secrets" on crmhub.secrets_provider
    to crmhub_orchestrator, crmhub_owner using (true) with check (true);
grant select, insert, update, delete on crmhub.secrets_provider to crmhub_orchestrator;
-- crmhub_loader, crmhub_state, crmhub_reader: nothing. They work without tokens.

-- Which organisation sees what; `crm_hub` opens the Status Center.
create table crmhub.feature_flags (
    org_id uuid not null,
    flag text not null,
    enabled boolean not null default false,
    constraint feature_flags_key primary key (org_id, flag)
);
alter table crmhub.feature_flags enable row level security;
alter table crmhub.feature_flags force row level security;
create policy "the orchestrator sets all flags" on crmhub.feature_flags
    to crmhub_orchestrator, crmhub_owner using (true) with check (true);
create policy "readers see their organisation's flags" on crmhub.feature_flags
    for select to crmhub_reader using (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid));
grant select, insert, update, delete on crmhub.feature_flags to crmhub_orchestrator;
grant select on crmhub.feature_flags to crmhub_reader;
-- crmhub_loader, crmhub_state: nothing. A flag decides who sees rows, not which rows there are.

-- Which key an organisation's pseudonyms were made with: a one-way fingerprint of it.
create table crmhub.pii_fingerprints (
    org_id uuid not null,
    hash_version smallint not null,
    fingerprint bytea not null,
    constraint pii_fingerprints_key primary key (org_id, hash_version)
);
alter table crmhub.pii_fingerprints enable row level security;
alter table crmhub.pii_fingerprints force row level security;
create policy "the orchestrator compares all fingerprints" on crmhub.pii_fingerprints
    to crmhub_orchestrator, crmhub_owner using (true) with check (true);
grant select on crmhub.pii_fingerprints to crmhub_orchestrator;
-- crmhub_loader: nothing. It asks crmhub.check_pii_fingerprint, and cannot replace one.
-- crmhub_state, crmhub_reader: nothing. They make no pseudonyms.

-- The first fingerprint of an organisation is stored; another one later is refused, because a changed
-- PII_HASH_SALT would silently split every pseudonym in two.
create function crmhub.check_pii_fingerprint(p_org_id uuid, p_hash_version smallint, p_fingerprint bytea) returns void
language plpgsql security definer
set search_path = ''
as $$
begin
    insert into crmhub.pii_fingerprints (org_id, hash_version, fingerprint)
    values (p_org_id, p_hash_version, p_fingerprint)
    on conflict do nothing;
    perform from crmhub.pii_fingerprints
    where org_id = p_org_id and hash_version = p_hash_version and fingerprint = p_fingerprint;
    if not found then
        raise exception 'the pseudonyms of this organisation were made with another salt' using errcode = 'CH003';
    end if;
end
$$;
revoke execute on function crmhub.check_pii_fingerprint(uuid, smallint, bytea) from public;
grant execute on function crmhub.check_pii_fingerprint(uuid, smallint, bytea) to crmhub_loader;
