-- migrate:up

-- The queue's tables are procrastinate's own and are made by `crmhub migrate` after these files, from
-- the release that is installed. They have a schema to themselves; whoever enqueues has it as search_path.
create schema procrastinate authorization crmhub_owner;
comment on schema procrastinate is 'The queue of runs: tables of the library procrastinate.';

set local role crmhub_owner;

grant usage on schema procrastinate to crmhub_orchestrator;
alter default privileges in schema procrastinate
    grant select, insert, update, delete on tables to crmhub_orchestrator;
alter default privileges in schema procrastinate
    grant usage on sequences to crmhub_orchestrator;
-- crmhub_loader, crmhub_state, crmhub_reader: nothing. They work inside a run and start none.

-- The lease lets one run of a connection write; this lets the record hold no more than one.
create unique index sync_runs_one_running on crmhub.sync_runs (connection_id) where status = 'running';
