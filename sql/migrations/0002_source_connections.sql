-- migrate:up
set local role crmhub_owner;

-- What is wrong with a connection's config, as one sentence; null if nothing is.
create function crmhub.connection_config_problem(config jsonb) returns text
language plpgsql immutable parallel safe
set search_path = ''
as $$
declare
    entry record;
    stream record;
begin
    if config is null or jsonb_typeof(config) <> 'object' then
        return 'config must be an object';
    end if;
    for entry in select key, value from jsonb_each(config) loop
        case
            when entry.key = 'start_date' then
                if jsonb_typeof(entry.value) <> 'string'
                   or entry.value #>> '{}' !~ '^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?$' then
                    return 'config.start_date must be a date or a date and time with its zone';
                end if;
            when entry.key = 'default_phone_region' then
                if jsonb_typeof(entry.value) <> 'string' or entry.value #>> '{}' !~ '^[A-Z]{2}$' then
                    return 'config.default_phone_region must be two capital letters, as DE';
                end if;
            when entry.key in ('deal_names', 'owner_names') then
                if entry.value not in ('"keep"'::jsonb, '"drop"'::jsonb) then
                    return format('config.%s must be keep or drop', entry.key);
                end if;
            when entry.key = 'kept_properties' then
                if jsonb_typeof(entry.value) <> 'object' then
                    return 'config.kept_properties must be an object of stream and property names';
                end if;
                for stream in select key, value from jsonb_each(entry.value) loop
                    if jsonb_typeof(stream.value) <> 'array'
                       or jsonb_path_exists(stream.value, '$[*] ? (@.type() != "string")') then
                        return 'config.kept_properties must give a list of names for each stream';
                    end if;
                end loop;
            when entry.key = 'sync_interval_ms' then
                if jsonb_typeof(entry.value) <> 'number' or entry.value::text !~ '^\d{1,12}$'
                   or entry.value::bigint < 60000 then
                    return 'config.sync_interval_ms must be a whole number of at least 60000';
                end if;
            when entry.key in (
                'reconcile_interval_hours', 'archived_interval_minutes', 'associations_interval_minutes'
            ) then
                if jsonb_typeof(entry.value) <> 'number' or entry.value::text !~ '^\d{1,9}$' then
                    return format('config.%s must be a whole number of at least 0', entry.key);
                end if;
            when entry.key = 'calls_per_10_seconds' then
                if jsonb_typeof(entry.value) <> 'number' or entry.value::text !~ '^\d{1,9}$'
                   or entry.value::bigint < 1 then
                    return 'config.calls_per_10_seconds must be a whole number of at least 1';
                end if;
            else
                return format('config has no key %s', entry.key);
        end case;
    end loop;
    return null;
end
$$;
comment on function crmhub.connection_config_problem(jsonb) is
    'One sentence on the first thing wrong with a connection''s config, or null.';

-- One organisation's connection to one account of a provider: what is due, what is known of its state.
create table crmhub.source_connections (
    id uuid primary key default gen_random_uuid(),
    org_id uuid not null,
    provider text not null default 'hubspot',
    external_account_id text, -- HubSpot's portal id
    display_name text,
    status text not null default 'connected',
    config jsonb not null default '{}',
    state_json jsonb, -- raw Singer state; null before the first sync and after a reset
    last_sync_at timestamptz, -- end of the last success; setting it to null resets the connection
    synced_through timestamptz, -- everything the provider had up to then is in
    next_sync_at timestamptz not null default now(),
    last_error_class text,
    last_error_message text,
    last_error_at timestamptz,
    consecutive_failures integer not null default 0,
    lease_token uuid, -- held by the run in flight
    lease_expires_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    constraint source_connections_of_org unique (org_id, id),
    constraint source_connections_account_once unique (org_id, provider, external_account_id),
    constraint source_connections_provider_valid check (provider ~ '^[a-z][a-z0-9_]*$'),
    constraint source_connections_status_valid
        check (status in ('connected', 'needs_reconnect', 'paused', 'disconnected')),
    constraint source_connections_config_valid check (crmhub.connection_config_problem(config) is null),
    constraint source_connections_state_is_object check (jsonb_typeof(state_json) = 'object'),
    constraint source_connections_failures_valid check (consecutive_failures >= 0),
    constraint source_connections_lease_whole check ((lease_token is null) = (lease_expires_at is null))
);
-- The poll reads what is due, in order, and nothing else.
create index source_connections_due on crmhub.source_connections (next_sync_at) where status = 'connected';

-- Reset: `update … set last_sync_at = null` forgets the state, makes the connection due and takes
-- the lease from a run in flight, which can then store neither state nor rows.
create function crmhub.reset_connection() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    new.state_json := null;
    new.next_sync_at := pg_catalog.now();
    new.lease_token := null;
    new.lease_expires_at := null;
    return new;
end
$$;
create trigger reset_connection
    before update of last_sync_at on crmhub.source_connections
    for each row when (new.last_sync_at is null)
    execute function crmhub.reset_connection();

-- State is written under the lease (setting crmhub.lease_token), or by hand without one, which
-- takes the lease from a run in flight: its bookmarks would no longer fit.
create function crmhub.fence_state() returns trigger
language plpgsql
set search_path = ''
as $$
declare
    held uuid := nullif(pg_catalog.current_setting('crmhub.lease_token', true), '')::uuid;
begin
    if held is null then
        new.lease_token := null;
        new.lease_expires_at := null;
    elsif old.lease_token is distinct from held or old.lease_expires_at <= pg_catalog.clock_timestamp() then
        raise exception 'the lease of this connection is lost' using errcode = 'CH002';
    end if;
    return new;
end
$$;
create trigger fence_state
    before update of state_json on crmhub.source_connections
    for each row execute function crmhub.fence_state();

create function crmhub.touch_updated_at() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    new.updated_at := pg_catalog.now();
    return new;
end
$$;
create trigger touch_updated_at
    before update on crmhub.source_connections
    for each row execute function crmhub.touch_updated_at();

alter table crmhub.source_connections enable row level security;
alter table crmhub.source_connections force row level security;
create policy "the orchestrator sees all connections" on crmhub.source_connections
    to crmhub_orchestrator, crmhub_owner using (true) with check (true);
create policy "readers see their organisation's connections" on crmhub.source_connections
    for select to crmhub_reader using (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid));
create policy "the state backend sees the connection it serves" on crmhub.source_connections
    to crmhub_state
    using (id = (select nullif(current_setting('crmhub.connection_id', true), '')::uuid));

grant select, insert, update, delete on crmhub.source_connections to crmhub_orchestrator;
-- Readers see how fresh their data are; not state_json, config and the lease, which are the engine's.
grant select (
    id, org_id, provider, external_account_id, display_name, status, last_sync_at, synced_through,
    next_sync_at, last_error_class, last_error_message, last_error_at, created_at
) on crmhub.source_connections to crmhub_reader;
-- The state backend moves the state alone; the lease is the orchestrator's.
grant select (id, state_json), update (state_json) on crmhub.source_connections to crmhub_state;
-- crmhub_loader: nothing. It asks crmhub.hold_connection, and learns no more than yes or no.
-- Nobody truncates: TRUNCATE knows no row-level security.

-- Called first in every transaction of the target: the connection belongs to the organisation, and the
-- lease, where one is given, is still held. Locks the row, so that a reset waits for the transaction.
create function crmhub.hold_connection(p_org_id uuid, p_connection_id uuid, p_lease_token uuid) returns void
language plpgsql security definer
set search_path = ''
as $$
declare
    connection record;
begin
    select org_id, lease_token, lease_expires_at into connection
    from crmhub.source_connections
    where id = p_connection_id
    for share;
    if not found or connection.org_id is distinct from p_org_id then
        raise exception 'this connection does not belong to this organisation' using errcode = 'CH001';
    end if;
    if p_lease_token is not null and (
        connection.lease_token is distinct from p_lease_token
        or connection.lease_expires_at <= pg_catalog.clock_timestamp()
    ) then
        raise exception 'the lease of this connection is lost' using errcode = 'CH002';
    end if;
end
$$;
revoke execute on function crmhub.hold_connection(uuid, uuid, uuid) from public;
grant execute on function crmhub.hold_connection(uuid, uuid, uuid) to crmhub_loader;

-- The connections that have a state, for `meltano state list`.
create function crmhub.connections_with_state() returns table (id uuid, provider text)
language sql stable security definer
set search_path = ''
begin atomic
    select c.id, c.provider from crmhub.source_connections c where c.state_json is not null order by c.id;
end;
revoke execute on function crmhub.connections_with_state() from public;
grant execute on function crmhub.connections_with_state() to crmhub_state;
