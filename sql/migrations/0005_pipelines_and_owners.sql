-- migrate:up
set local role crmhub_owner;

create table crmhub.crm_pipelines (
    org_id uuid not null,
    connection_id uuid not null,
    external_id text not null,
    label text,
    display_order integer,
    archived boolean not null default false,
    source_read_at timestamptz not null,
    synced_at timestamptz not null default now(),
    constraint crm_pipelines_key primary key (org_id, connection_id, external_id)
);
alter table crmhub.crm_pipelines enable row level security;
alter table crmhub.crm_pipelines force row level security;
create policy "own organisation only" on crmhub.crm_pipelines
    using (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid))
    with check (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid));
grant select, insert, update, delete on crmhub.crm_pipelines to crmhub_loader;
grant select on crmhub.crm_pipelines to crmhub_reader;
-- crmhub_orchestrator, crmhub_state: nothing. Who runs syncs needs no tenant's rows.

create table crmhub.crm_pipeline_stages (
    org_id uuid not null,
    connection_id uuid not null,
    pipeline_external_id text not null,
    external_id text not null,
    label text,
    display_order integer,
    is_closed boolean,
    probability numeric,
    archived boolean not null default false,
    source_read_at timestamptz not null,
    synced_at timestamptz not null default now(),
    constraint crm_pipeline_stages_key primary key (org_id, connection_id, pipeline_external_id, external_id)
);
alter table crmhub.crm_pipeline_stages enable row level security;
alter table crmhub.crm_pipeline_stages force row level security;
create policy "own organisation only" on crmhub.crm_pipeline_stages
    using (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid))
    with check (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid));
grant select, insert, update, delete on crmhub.crm_pipeline_stages to crmhub_loader;
grant select on crmhub.crm_pipeline_stages to crmhub_reader;
-- crmhub_orchestrator, crmhub_state: nothing, as for pipelines.

-- The provider's users who own records: a pseudonym, and a name only where the organisation keeps it.
create table crmhub.crm_owners (
    org_id uuid not null,
    connection_id uuid not null,
    external_id text not null,
    email_hash bytea,
    hash_version smallint,
    display_name text,
    archived boolean not null default false,
    source_updated_at timestamptz,
    source_read_at timestamptz not null,
    synced_at timestamptz not null default now(),
    constraint crm_owners_key primary key (org_id, connection_id, external_id)
);
alter table crmhub.crm_owners enable row level security;
alter table crmhub.crm_owners force row level security;
create policy "own organisation only" on crmhub.crm_owners
    using (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid))
    with check (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid));
grant select, insert, update, delete on crmhub.crm_owners to crmhub_loader;
grant select on crmhub.crm_owners to crmhub_reader;
-- crmhub_orchestrator, crmhub_state: nothing, as for pipelines.

-- Live deals and their amount per stage, owner and currency; the target recomputes them after a run.
create table crmhub.crm_pipeline_totals (
    org_id uuid not null,
    connection_id uuid not null,
    pipeline_external_id text,
    stage_external_id text,
    owner_external_id text,
    currency text,
    deals bigint not null,
    amount numeric,
    constraint crm_pipeline_totals_once unique nulls not distinct
        (org_id, connection_id, pipeline_external_id, stage_external_id, owner_external_id, currency)
);
alter table crmhub.crm_pipeline_totals enable row level security;
alter table crmhub.crm_pipeline_totals force row level security;
create policy "own organisation only" on crmhub.crm_pipeline_totals
    using (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid))
    with check (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid));
grant select, insert, update, delete on crmhub.crm_pipeline_totals to crmhub_loader;
grant select on crmhub.crm_pipeline_totals to crmhub_reader;
-- crmhub_orchestrator, crmhub_state: nothing, as for pipelines.
