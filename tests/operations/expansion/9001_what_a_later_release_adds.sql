-- migrate:up
set local role crmhub_owner;

-- As a later release might: everything that expanding allows (sql/CONVENTIONS.md), on the tables that
-- programs of this release read and write.
alter table crmhub.source_connections
    add column team text,
    add column priority smallint not null default 0;
alter table crmhub.sync_runs add column worker text;
alter table crmhub.crm_contacts
    add column city_code text,
    add column score numeric not null default 0;
alter table crmhub.crm_deals add column forecast text;
alter table crmhub.secrets_provider add column note text;
alter table crmhub.full_pass_seen add column seen_at timestamptz default now();
create index crm_contacts_city on crmhub.crm_contacts (org_id, city_code) where city_code is not null;

-- A wider check in place of the one before.
alter table crmhub.source_connections drop constraint source_connections_status_valid;
alter table crmhub.source_connections add constraint source_connections_status_valid
    check (status in ('connected', 'needs_reconnect', 'paused', 'disconnected', 'archived'));

-- What that release copies beside.
create table crmhub.crm_companies (
    org_id uuid not null,
    connection_id uuid not null,
    external_id text not null,
    constraint crm_companies_key primary key (org_id, connection_id, external_id)
);
alter table crmhub.crm_companies enable row level security;
alter table crmhub.crm_companies force row level security;
create policy "own organisation only" on crmhub.crm_companies
    using (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid))
    with check (
        org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid)
        and connection_id in (select crmhub.connections_of_organisation())
    );
grant select, insert, update, delete on crmhub.crm_companies to crmhub_loader;

create view crmhub.company_count with (security_invoker = true) as
select org_id, count(*) as companies from crmhub.crm_companies group by org_id;
grant select on crmhub.company_count to crmhub_reader;
