-- migrate:up
set local role crmhub_owner;

-- Whether the totals of a connection, of streams and of pipelines, are those of its rows: whoever writes rows
-- says no in the same transaction, whoever recomputes says yes. A run that wrote nothing counts nothing.
alter table crmhub.crm_stream_totals add column is_current boolean not null default false;
