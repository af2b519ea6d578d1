-- The queries of runs.py; role crmhub_orchestrator.

-- name: request_run
-- One pending run a connection, whoever asks; a person's wish outweighs the timer's.
insert into crmhub.sync_runs as stored (connection_id, org_id, trigger)
select c.id, c.org_id, %(trigger)s
from crmhub.source_connections as c
where c.id = %(connection_id)s and c.status = 'connected'
on conflict (connection_id) where status = 'pending' do update
set trigger = case when stored.trigger = 'schedule' then excluded.trigger else stored.trigger end
returning
    id, connection_id, org_id, trigger, status, requested_at, started_at, finished_at,
    records, error_class, error_message;

-- name: find_run
select
    id, connection_id, org_id, trigger, status, requested_at, started_at, finished_at,
    records, error_class, error_message
from crmhub.sync_runs
where id = %(run_id)s;

-- name: list_runs
-- The newest first, along sync_runs_newest.
select
    id, connection_id, org_id, trigger, status, requested_at, started_at, finished_at,
    records, error_class, error_message
from crmhub.sync_runs
order by requested_at desc, id
limit %(limit)s;

-- name: list_runs_of_connection
-- The newest first, along sync_runs_history, which begins with the organisation.
select
    id, connection_id, org_id, trigger, status, requested_at, started_at, finished_at,
    records, error_class, error_message
from crmhub.sync_runs
where org_id = (select c.org_id from crmhub.source_connections as c where c.id = %(connection_id)s)
    and connection_id = %(connection_id)s
order by requested_at desc, id
limit %(limit)s;

-- name: serialise_claims_of_portal
-- Two organisations may have connected the same portal: claims for it go one after another, so that
-- each sees what the one before it took.
select pg_advisory_xact_lock(hashtextextended('crmhub.portal ' || c.provider || ' ' || c.external_account_id, 0))
from crmhub.source_connections as c
where c.id = %(connection_id)s and c.external_account_id is not null;

-- name: serialise_all_claims
-- Only where a number of runs is set for all workers together.
select pg_advisory_xact_lock(hashtextextended('crmhub.runs', 0));

-- name: view_claim
-- Everything that decides whether a run may begin, with the connection's row held.
select
    c.status,
    coalesce(c.lease_expires_at > clock_timestamp(), false) as is_leased,
    (select r.id from crmhub.sync_runs as r where r.connection_id = c.id and r.status = 'pending') as pending,
    (
        select count(*) from crmhub.source_connections as o
        where o.provider = c.provider and o.external_account_id = c.external_account_id and o.id <> c.id
            and o.lease_expires_at > clock_timestamp()
    ) as runs_of_portal,
    (
        select count(*) from crmhub.sync_runs as r
        where r.status = 'running' and %(count_all)s
    ) as runs_of_all
from crmhub.source_connections as c
where c.id = %(connection_id)s
for update of c;

-- name: take_lease
update crmhub.source_connections
set lease_token = %(token)s, lease_expires_at = clock_timestamp() + make_interval(secs => %(seconds)s)
where id = %(connection_id)s;

-- name: end_lost_run
-- A run that nobody ended. Its lease ran out: the worker is lost. Its lease was taken away, by a reset or
-- a state written by hand: it is cancelled, and counts as no failure.
update crmhub.sync_runs as r
set status = case when c.lease_token is null then 'cancelled' else 'failed' end,
    finished_at = clock_timestamp(),
    error_class = case when c.lease_token is null then 'lease_lost' else 'worker_lost' end,
    error_message = case when c.lease_token is null then %(taken_away)s else %(lost)s end
from crmhub.source_connections as c
where r.connection_id = %(connection_id)s and r.status = 'running' and c.id = r.connection_id;

-- name: start_run
update crmhub.sync_runs set status = 'running', started_at = clock_timestamp()
where id = %(run_id)s and status = 'pending'
returning
    id, connection_id, org_id, trigger, status, requested_at, started_at, finished_at,
    records, error_class, error_message;

-- name: cancel_pending
update crmhub.sync_runs
set status = 'cancelled', finished_at = now(), error_class = 'cancelled', error_message = %(message)s
where connection_id = %(connection_id)s and status = 'pending';

-- name: note_progress
update crmhub.sync_runs set records = %(records)s where id = %(run_id)s and status = 'running';

-- name: finish_run
-- Not if somebody ended it already, who took it for lost.
update crmhub.sync_runs
set status = %(status)s, finished_at = clock_timestamp(), records = %(records)s,
    error_class = %(error_class)s, error_message = %(error_message)s
where id = %(run_id)s and status = 'running';

-- name: connection_succeeded
-- Only under the lease the run had: after a reset its success says nothing about the new state. It gives
-- the lease back. Everything up to the oldest bookmark, in HubSpot's own time, is in.
update crmhub.source_connections
set last_sync_at = clock_timestamp(),
    synced_through = coalesce(
        %(synced_through)s,
        (
            select min((b.value ->> 'bookmark')::timestamptz)
            from jsonb_each(state_json -> 'bookmarks') as b
        ),
        %(started_at)s
    ),
    next_sync_at = clock_timestamp() + make_interval(secs => %(wait_seconds)s),
    last_error_class = null, last_error_message = null, last_error_at = null,
    consecutive_failures = 0,
    lease_token = null, lease_expires_at = null
where id = %(connection_id)s and lease_token = %(token)s;

-- name: connection_failed
update crmhub.source_connections
set status = case when status = 'connected' then %(connection_status)s else status end,
    last_error_class = case when %(is_failure)s then %(error_class)s else last_error_class end,
    last_error_message = case when %(is_failure)s then %(error_message)s else last_error_message end,
    last_error_at = case when %(is_failure)s then clock_timestamp() else last_error_at end,
    consecutive_failures = consecutive_failures + %(is_failure)s::int,
    next_sync_at = clock_timestamp() + make_interval(secs => %(wait_seconds)s),
    lease_token = null, lease_expires_at = null
where id = %(connection_id)s and lease_token = %(token)s;

-- name: failures_before
select consecutive_failures, (config ->> 'sync_interval_ms')::float8 / 1000 as interval_seconds
from crmhub.source_connections
where id = %(connection_id)s;

-- name: prune_runs
-- In portions, so that no transaction is long; the newest run of a connection stays, whatever its age.
delete from crmhub.sync_runs
where id in (
    select r.id from crmhub.sync_runs as r
    where r.finished_at < now() - make_interval(days => %(days)s)
        and exists (
            select from crmhub.sync_runs as newer
            where newer.org_id = r.org_id and newer.connection_id = r.connection_id
                and newer.requested_at > r.requested_at
        )
    order by r.finished_at
    limit %(limit)s
);
