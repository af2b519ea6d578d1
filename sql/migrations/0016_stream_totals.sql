-- migrate:up
set local role crmhub_owner;

-- Live rows per stream of a connection; the target recounts them after a run. A page that shows how much
-- is stored costs the same for a thousand contacts and a million.
create table crmhub.crm_stream_totals (
    org_id uuid not null,
    connection_id uuid not null,
    stream text not null,
    live bigint not null,
    constraint crm_stream_totals_key primary key (org_id, connection_id, stream)
);
alter table crmhub.crm_stream_totals enable row level security;
alter table crmhub.crm_stream_totals force row level security;
create policy "own organisation only" on crmhub.crm_stream_totals
    using (org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid))
    with check (
        org_id = (select nullif(current_setting('crmhub.org_id', true), '')::uuid)
        and connection_id in (select crmhub.connections_of_organisation())
    );
grant select, insert, update, delete on crmhub.crm_stream_totals to crmhub_loader;
grant select on crmhub.crm_stream_totals to crmhub_reader;
-- crmhub_orchestrator, crmhub_state: nothing. Who runs syncs needs no tenant's rows.
