-- migrate:up
set local role crmhub_owner;

-- How many runs of each organisation are waiting or running, which the poll takes for turns it had.
create index sync_runs_in_flight on crmhub.sync_runs (org_id) where status in ('pending', 'running');
-- Whether another organisation's connection to the same portal is running: asked at each claim of a run,
-- and source_connections_account_once begins with the organisation.
create index source_connections_portal on crmhub.source_connections (provider, external_account_id)
    where external_account_id is not null;
