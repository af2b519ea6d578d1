-- migrate:up
set local role crmhub_owner;

-- What a full pass has seen so far, so that its end can delete exactly what it did not see.
create table crmhub.full_pass_seen (
    org_id uuid not null,
    connection_id uuid not null,
    stream text not null,
    version bigint not null,
    external_id text not null,
    constraint full_pass_seen_key primary key (org_id, connection_id, stream, version, external_id)
);
alter table crmhub.full_pass_seen enable row level security;
alter table crmhub.full_pass_seen force row level security;
create policy "own organisation only" on crmhub.full_pass_seen
    using (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid))
    with check (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid));
grant select, insert, delete on crmhub.full_pass_seen to crmhub_loader;
-- No update: an id was seen or it was not.
-- crmhub_reader, crmhub_orchestrator, crmhub_state: nothing. It is the target's notebook.

-- The version of a stream whose full pass has ended here. A run killed after the sweep hears the
-- same end again, with the seen set gone: without this row it would take every record for unseen.
create table crmhub.full_pass_activated (
    org_id uuid not null,
    connection_id uuid not null,
    stream text not null,
    version bigint not null,
    constraint full_pass_activated_key primary key (org_id, connection_id, stream)
);
alter table crmhub.full_pass_activated enable row level security;
alter table crmhub.full_pass_activated force row level security;
create policy "own organisation only" on crmhub.full_pass_activated
    using (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid))
    with check (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid));
grant select, insert, update, delete on crmhub.full_pass_activated to crmhub_loader;
-- crmhub_reader, crmhub_orchestrator, crmhub_state: nothing. It is the target's notebook.

-- When a set that is replaced as a whole (a deal's contacts, a pipeline's stages) was last read: an
-- empty set has no row of its own that could say so.
create table crmhub.set_reads (
    org_id uuid not null,
    connection_id uuid not null,
    set_name text not null,
    external_id text not null, -- of the record that owns the set
    source_read_at timestamptz not null,
    constraint set_reads_key primary key (org_id, connection_id, set_name, external_id)
);
alter table crmhub.set_reads enable row level security;
alter table crmhub.set_reads force row level security;
create policy "own organisation only" on crmhub.set_reads
    using (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid))
    with check (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid));
grant select, insert, update, delete on crmhub.set_reads to crmhub_loader;
-- crmhub_reader, crmhub_orchestrator, crmhub_state: nothing. It is the target's notebook.
