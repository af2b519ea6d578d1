-- The queries of readings.py; role crmhub_reader, the organisation is set.

-- name: connections
-- Everything the cards show, in one query whatever their number; of all connections, or of those named.
select
    c.id, c.display_name, c.external_account_id, c.status, c.last_sync_at, c.synced_through, c.next_sync_at,
    c.last_error_class, c.last_error_message, c.last_error_at,
    running.started_at as running_since, coalesce(running.records, '{}') as running_records,
    pending.requested_at as waiting_since,
    coalesce(
        (
            select jsonb_object_agg(t.stream, t.live) from crmhub.crm_stream_totals as t
            where t.org_id = c.org_id and t.connection_id = c.id
        ),
        '{}'
    ) as live,
    known.compared_at, coalesce(known.counts, '{}') as counts, known.failed_at as compare_failed_at,
    known.error_class as compare_error_class, known.wanted_at as compare_wanted_at
from crmhub.source_connections as c
left join crmhub.sync_runs as running on running.connection_id = c.id and running.status = 'running'
left join crmhub.sync_runs as pending on pending.connection_id = c.id and pending.status = 'pending'
left join crmhub.count_comparisons as known on known.org_id = c.org_id and known.connection_id = c.id
where c.org_id = %(org_id)s and (%(ids)s::uuid[] is null or c.id = any(%(ids)s))
order by c.created_at, c.id;

-- name: runs
-- A page of a connection's runs, the newest first; `before` is when the last one of the page before was asked for.
select
    id, connection_id, org_id, trigger, status, requested_at, started_at, finished_at,
    records, error_class, error_message
from crmhub.sync_runs
where org_id = %(org_id)s and connection_id = %(connection_id)s
    and (%(before)s::timestamptz is null or requested_at < %(before)s)
order by requested_at desc
limit %(limit)s;
