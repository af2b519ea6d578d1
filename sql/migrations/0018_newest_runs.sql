-- migrate:up
set local role crmhub_owner;

-- The newest runs of all, which `crmhub runs` lists.
create index sync_runs_newest on crmhub.sync_runs (requested_at desc, id);
