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

-- name: freshness
-- Connections that should be fresh and are not: nothing new is in for a day, or for twice their own
-- interval where that is longer. One that fails again and again is never overdue, but grows stale.
select count(*) as stale
from crmhub.source_connections as c
where c.status = 'connected'
    and coalesce(c.synced_through, c.created_at) < now() - greatest(
        interval '1 day',
        2 * make_interval(secs => coalesce((c.config ->> 'sync_interval_ms')::float8, 0) / 1000)
    );

-- name: migrations
-- What this program brings and the database lacks; an older program on a newer database lacks nothing.
select count(*) as migrations
from unnest(%(known)s::text[]) as k (version)
where not exists (select from crmhub.schema_migrations as m where m.version = k.version);

-- name: crmhub_connections
-- Every status, so that a count that goes back to nothing is told, too.
select s.status, count(c.id)
from unnest(array['connected', 'needs_reconnect', 'paused', 'disconnected']) as s (status)
left join crmhub.source_connections as c on c.status = s.status
group by s.status
order by s.status;

-- name: crmhub_connections_failing
-- What connections stand in, until a success or a person clears it. A paused or disconnected one is left alone.
select c.last_error_class, count(*)
from crmhub.source_connections as c
where c.last_error_class is not null and c.status in ('connected', 'needs_reconnect')
group by c.last_error_class
order by c.last_error_class;
