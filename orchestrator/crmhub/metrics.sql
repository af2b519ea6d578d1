-- The queries of metrics.py; role crmhub_orchestrator.

-- name: fleet
-- Along source_connections_due: what is due, what has waited for longer than a poll and a run explain.
select
    count(*) as due,
    count(*) filter (where c.next_sync_at < now() - interval '10 minutes') as overdue,
    coalesce(extract(epoch from now() - min(c.next_sync_at)), 0)::float8 as oldest_seconds
from crmhub.source_connections as c
where c.status = 'connected' and c.next_sync_at <= now()
    and (c.lease_expires_at is null or c.lease_expires_at <= now());

-- name: runs_in_flight
select
    count(*) filter (where r.status = 'pending') as pending,
    count(*) filter (where r.status = 'running') as running
from crmhub.sync_runs as r
where r.status in ('pending', 'running');

-- name: workers
-- Each worker process serves two queues, and is known as two.
select count(*) / 2 as alive
from procrastinate.procrastinate_workers
where last_heartbeat > now() - interval '30 seconds';
