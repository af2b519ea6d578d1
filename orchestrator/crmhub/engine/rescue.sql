-- The queries of rescue.py; role crmhub_orchestrator.

-- name: lost_runs
-- Runs that are recorded as running while nobody holds their connection's lease.
select c.id, c.lease_token is not null as expired, c.consecutive_failures
from crmhub.sync_runs as r
join crmhub.source_connections as c on c.id = r.connection_id
where r.status = 'running' and (c.lease_token is null or c.lease_expires_at <= clock_timestamp())
order by c.id
limit %(limit)s
for update of c skip locked;

-- name: connection_lost_its_worker
update crmhub.source_connections
set consecutive_failures = consecutive_failures + 1,
    last_error_class = 'worker_lost',
    last_error_message = %(message)s,
    last_error_at = clock_timestamp(),
    next_sync_at = clock_timestamp() + make_interval(secs => %(wait_seconds)s),
    lease_token = null, lease_expires_at = null
where id = %(connection_id)s;

-- name: pending_without_job
-- Runs that were asked for and that no job will bring to a worker: its transaction's job was lost, or the
-- job came while the connection or its portal was busy.
select r.connection_id, r.trigger
from crmhub.sync_runs as r
join crmhub.source_connections as c on c.id = r.connection_id
where r.status = 'pending' and r.requested_at < now() - make_interval(secs => %(age_seconds)s)
    and (c.lease_expires_at is null or c.lease_expires_at <= clock_timestamp())
    and not exists (
        select from procrastinate.procrastinate_jobs as j
        where j.queueing_lock = r.connection_id::text and j.status = 'todo'
    )
    and not exists (
        select from procrastinate.procrastinate_jobs as j
        where j.lock = r.connection_id::text and j.status = 'doing'
    )
order by r.trigger = 'schedule', r.requested_at
limit %(limit)s;

-- name: next_of_portal
-- Whose turn it is when a run ends: the connection itself, or another one of the same portal.
select r.connection_id, r.trigger
from crmhub.source_connections as ended
join crmhub.source_connections as c
    on c.id = ended.id
    or (c.provider = ended.provider and c.external_account_id = ended.external_account_id)
join crmhub.sync_runs as r on r.connection_id = c.id and r.status = 'pending'
where ended.id = %(connection_id)s
    and (c.lease_expires_at is null or c.lease_expires_at <= clock_timestamp())
order by r.trigger = 'schedule', r.requested_at
limit 1;
