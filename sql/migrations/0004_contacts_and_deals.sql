-- migrate:up
set local role crmhub_owner;

-- People, as pseudonyms and business properties. A tombstone (merged_into set) and a record whose
-- properties were never filled leave everything but the key and the source's times empty.
create table crmhub.crm_contacts (
    org_id uuid not null,
    connection_id uuid not null,
    external_id text not null,
    email_hash bytea,
    additional_email_hashes bytea[],
    phone_hash bytea,
    mobile_phone_hash bytea,
    hash_version smallint,
    lifecycle_stage text,
    lead_status text,
    owner_external_id text,
    properties jsonb, -- allow-listed business properties
    source_created_at timestamptz,
    source_updated_at timestamptz,
    source_read_at timestamptz not null, -- when the provider answered
    archived boolean not null default false,
    archived_at timestamptz,
    merged_into text,
    synced_at timestamptz not null default now(), -- when the row last changed here
    constraint crm_contacts_key primary key (org_id, connection_id, external_id)
);
create index crm_contacts_email on crmhub.crm_contacts (org_id, email_hash) where email_hash is not null;
create index crm_contacts_phone on crmhub.crm_contacts (org_id, phone_hash) where phone_hash is not null;
create index crm_contacts_updated on crmhub.crm_contacts (org_id, source_updated_at);

alter table crmhub.crm_contacts enable row level security;
alter table crmhub.crm_contacts force row level security;
create policy "own organisation only" on crmhub.crm_contacts
    using (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid))
    with check (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid));
grant select, insert, update, delete on crmhub.crm_contacts to crmhub_loader;
grant select on crmhub.crm_contacts to crmhub_reader;
-- crmhub_orchestrator, crmhub_state: nothing. Who runs syncs needs no tenant's rows.

create table crmhub.crm_deals (
    org_id uuid not null,
    connection_id uuid not null,
    external_id text not null,
    name text,
    amount numeric,
    currency text,
    amount_in_home_currency numeric,
    pipeline_external_id text,
    stage_external_id text,
    close_date timestamptz,
    is_closed boolean,
    is_won boolean,
    probability numeric,
    deal_type text,
    owner_external_id text,
    properties jsonb,
    source_created_at timestamptz,
    source_updated_at timestamptz,
    source_read_at timestamptz not null,
    archived boolean not null default false,
    archived_at timestamptz,
    merged_into text,
    synced_at timestamptz not null default now(),
    constraint crm_deals_key primary key (org_id, connection_id, external_id)
);
create index crm_deals_stage on crmhub.crm_deals (org_id, pipeline_external_id, stage_external_id);
create index crm_deals_owner on crmhub.crm_deals (org_id, owner_external_id);
create index crm_deals_updated on crmhub.crm_deals (org_id, source_updated_at);

alter table crmhub.crm_deals enable row level security;
alter table crmhub.crm_deals force row level security;
create policy "own organisation only" on crmhub.crm_deals
    using (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid))
    with check (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid));
grant select, insert, update, delete on crmhub.crm_deals to crmhub_loader;
grant select on crmhub.crm_deals to crmhub_reader;
-- crmhub_orchestrator, crmhub_state: nothing, as for contacts.

-- Which contacts a deal has. A link may arrive before its contact: no foreign key.
create table crmhub.crm_deal_contacts (
    org_id uuid not null,
    connection_id uuid not null,
    deal_external_id text not null,
    contact_external_id text not null,
    labels text[] not null default '{}',
    source_read_at timestamptz not null,
    constraint crm_deal_contacts_key primary key (org_id, connection_id, deal_external_id, contact_external_id)
);
create index crm_deal_contacts_contact
    on crmhub.crm_deal_contacts (org_id, connection_id, contact_external_id);

alter table crmhub.crm_deal_contacts enable row level security;
alter table crmhub.crm_deal_contacts force row level security;
create policy "own organisation only" on crmhub.crm_deal_contacts
    using (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid))
    with check (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid));
grant select, insert, update, delete on crmhub.crm_deal_contacts to crmhub_loader;
grant select on crmhub.crm_deal_contacts to crmhub_reader;
-- crmhub_orchestrator, crmhub_state: nothing, as for contacts.
