-- Rows of one organisation for the Status Center's tests, made as the database's superuser.

-- name: add_connection
insert into crmhub.source_connections (
    org_id, display_name, external_account_id, status, last_sync_at, synced_through, next_sync_at,
    last_error_class, last_error_message, last_error_at
)
values (
    %(org_id)s, %(name)s, %(account)s, %(status)s,
    now() - interval '5 minutes', now() - interval '6 minutes', now() + interval '55 minutes',
    %(error_class)s, %(error_message)s, case when %(error_class)s::text is not null then now() end
)
returning id;

-- name: add_portals
-- Many connections that are up to date, one in a hundred of them paused.
insert into crmhub.source_connections (
    org_id, display_name, external_account_id, status, last_sync_at, synced_through, next_sync_at
)
select
    %(org_id)s, 'Portal ' || lpad(n::text, 3, '0'), (8000000 + n)::text,
    case when n %% 100 = 7 then 'paused' else 'connected' end, now(), now(), now() + interval '1 hour'
from generate_series(0, %(count)s - 1) as n;

-- name: add_run
insert into crmhub.sync_runs (
    org_id, connection_id, trigger, status, requested_at, started_at, finished_at, records,
    error_class, error_message
)
values (
    %(org_id)s, %(connection_id)s, 'schedule', %(status)s,
    now() - make_interval(mins => %(minutes_ago)s), now() - make_interval(mins => %(minutes_ago)s),
    case when %(status)s <> 'running' then
        now() - make_interval(mins => %(minutes_ago)s) + make_interval(secs => %(seconds)s)
    end,
    %(records)s, %(error_class)s, null
)
returning id;

-- name: add_pipeline
insert into crmhub.crm_pipelines (org_id, connection_id, external_id, label, display_order, source_read_at)
values (%(org_id)s, %(connection_id)s, %(pipeline)s, %(label)s, %(place)s, now());

-- name: add_stage
insert into crmhub.crm_pipeline_stages (
    org_id, connection_id, pipeline_external_id, external_id, label, display_order, is_closed, probability,
    source_read_at
)
values (
    %(org_id)s, %(connection_id)s, %(pipeline)s, %(stage)s, %(label)s, %(place)s, %(is_closed)s, %(probability)s,
    now()
);

-- name: add_total
insert into crmhub.crm_pipeline_totals (
    org_id, connection_id, pipeline_external_id, stage_external_id, owner_external_id, currency, deals, amount
)
values (
    %(org_id)s, %(connection_id)s, %(pipeline)s, %(stage)s, %(owner)s, %(currency)s, %(deals)s, %(amount)s
);

-- name: add_stream_total
insert into crmhub.crm_stream_totals (org_id, connection_id, stream, live)
values (%(org_id)s, %(connection_id)s, %(stream)s, %(live)s);

-- name: add_comparison
insert into crmhub.count_comparisons (org_id, connection_id, compared_at, counts, failed_at, error_class)
values (
    %(org_id)s, %(connection_id)s, now() - make_interval(mins => %(minutes_ago)s), %(counts)s,
    case when %(error_class)s::text is not null then now() end, %(error_class)s
);

-- name: comparisons
select compared_at, counts, error_class, wanted_at from crmhub.count_comparisons
where connection_id = %(connection_id)s;

-- name: note_progress
update crmhub.sync_runs set records = %(records)s where id = %(run_id)s;

-- name: end_run
update crmhub.sync_runs set status = 'succeeded', finished_at = now() where id = %(run_id)s;

-- name: note_success
update crmhub.source_connections set last_sync_at = now() where id = %(connection_id)s;

-- name: end_sessions
delete from crmhub.web_sessions where org_id = %(org_id)s;

-- name: connection_named
select id from crmhub.source_connections where org_id = %(org_id)s and display_name = %(name)s;

-- name: run_outcomes
select trigger, status from crmhub.sync_runs where connection_id = %(connection_id)s order by requested_at;

-- name: ask_to_erase_long_ago
update crmhub.source_connections set erase_requested_at = erase_requested_at - interval '2 minutes'
where org_id = %(org_id)s;

-- name: without_triggers
set local session_replication_role = replica;

-- name: pause_an_hour_ago
update crmhub.source_connections set status = 'paused', updated_at = now() - interval '1 hour'
where id = %(connection_id)s;
