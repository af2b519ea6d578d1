-- The queries of sync.py; role crmhub_orchestrator.

-- name: start_run
insert into crmhub.sync_runs (id, connection_id, org_id, trigger, status, started_at)
values (%(run_id)s, %(connection_id)s, %(org_id)s, %(trigger)s, 'running', now());

-- name: finish_run
update crmhub.sync_runs
set status = %(status)s, finished_at = now(), records = %(records)s,
    error_class = %(error_class)s, error_message = %(error_message)s
where id = %(run_id)s;

-- name: connection_succeeded
-- Only under the lease the run had: after a reset its success says nothing about the new state.
-- What HubSpot had when the run started is in.
update crmhub.source_connections
set last_sync_at = now(),
    synced_through = (select r.started_at from crmhub.sync_runs as r where r.id = %(run_id)s),
    next_sync_at = now() + make_interval(
        secs => coalesce((config ->> 'sync_interval_ms')::numeric, %(interval_ms)s)::float8 / 1000
    ),
    last_error_class = null, last_error_message = null, last_error_at = null,
    consecutive_failures = 0
where id = %(connection_id)s and lease_token = %(token)s;

-- name: connection_failed
update crmhub.source_connections
set last_error_class = %(error_class)s, last_error_message = %(error_message)s,
    last_error_at = now(), consecutive_failures = consecutive_failures + 1,
    next_sync_at = now() + least(
        interval '1 minute' * power(2, least(consecutive_failures, 10)), interval '6 hours'
    )
where id = %(connection_id)s and lease_token = %(token)s;
