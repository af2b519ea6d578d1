-- The queries of engine_checks.py; role crmhub_orchestrator.

-- name: view_engine
select
    to_regclass('procrastinate.procrastinate_jobs') is not null as has_queue,
    (
        select count(*) from crmhub.source_connections as c
        where c.status = 'connected' and c.next_sync_at < now() - interval '10 minutes'
            and (c.lease_expires_at is null or c.lease_expires_at <= now())
    ) as overdue;

-- name: count_workers
-- Each worker process serves two queues, and is known as two.
select count(*) / 2 as alive
from procrastinate.procrastinate_workers
where last_heartbeat > now() - interval '30 seconds';
