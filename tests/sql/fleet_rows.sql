-- A fleet of connections: few of them due, each with a run that succeeded, some runs waiting or going on.

-- name: add_connections
-- One organisation has half of what is due; the other half is of as many organisations. The others come
-- due in two hours at the soonest, however long it takes to make them.
insert into crmhub.source_connections (id, org_id, external_account_id, last_sync_at, next_sync_at)
select
    ('99999999-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid,
    ('88888888-0000-4000-8000-' || lpad(
        (case when n < %(due)s / 2 then 0 else 1 + n %% %(orgs)s end)::text, 12, '0'
    ))::uuid,
    n::text,
    now() - interval '1 hour',
    case
        when n < %(due)s then now() - (%(due)s - n) * interval '1 millisecond'
        else now() + interval '2 hours' + interval '1 hour' * n / %(connections)s
    end
from generate_series(0, %(connections)s - 1) as n
order by hashint4(n);

-- name: add_runs
insert into crmhub.sync_runs (connection_id, org_id, trigger, status, requested_at, started_at, finished_at)
select id, org_id, 'schedule', 'succeeded', last_sync_at, last_sync_at, last_sync_at
from crmhub.source_connections;

-- name: add_runs_in_flight
-- Of connections that are due: a tenth waits in the queue, a twentieth is running under a lease.
insert into crmhub.sync_runs (connection_id, org_id, trigger, status, requested_at, started_at)
select
    id, org_id, 'schedule', case when place %% 20 = 0 then 'running' else 'pending' end, now(),
    case when place %% 20 = 0 then now() end
from (
    select id, org_id, row_number() over (order by next_sync_at) as place
    from crmhub.source_connections where next_sync_at <= now()
) as due
where place %% 20 = 0 or place %% 10 = 1;

-- name: lease_what_runs
update crmhub.source_connections
set lease_token = gen_random_uuid(), lease_expires_at = now() + interval '5 minutes'
where id in (select connection_id from crmhub.sync_runs where status = 'running');

-- name: no_statistics_by_itself
alter table crmhub.source_connections set (autovacuum_enabled = false);

-- name: make_all_due
update crmhub.source_connections set next_sync_at = next_sync_at - interval '1 day';

-- name: analyze
analyze crmhub.source_connections;

-- name: undo_make_all_due
update crmhub.source_connections set next_sync_at = next_sync_at + interval '1 day';
