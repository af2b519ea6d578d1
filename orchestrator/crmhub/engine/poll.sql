-- The queries of poll.py; role crmhub_orchestrator.

-- name: request_due
-- What is due, in turns: the first of every organisation, then the second of each, whatever number of them
-- one has; what an organisation has in flight counts as turns it took. Along source_connections_due and
-- sync_runs_in_flight, so the cost grows with what is due and not with what there is. Time goes faster
-- than statistics, which may be of a moment when everything was due: a range with an end that the planner
-- cannot know counts as few rows. Scalar subqueries look up one key each; `exists` might read all runs.
with due as (
    select
        c.id, c.org_id, c.next_sync_at, c.last_sync_at,
        row_number() over (partition by c.org_id order by c.next_sync_at, c.id) as turn
    from crmhub.source_connections as c
    where c.status = 'connected' and c.next_sync_at between '-infinity' and (select now())
        and (
            c.lease_token is null
            -- A run that lost its worker is the rescue's: it counts the loss, and who loses many waits.
            or c.lease_expires_at <= now() and (
                select true from crmhub.sync_runs as r where r.connection_id = c.id and r.status = 'running'
            ) is null
        )
        and (
            select true from crmhub.sync_runs as r where r.connection_id = c.id and r.status = 'pending'
        ) is null
),
in_flight as (
    select r.org_id, count(*) as runs
    from crmhub.sync_runs as r
    where r.status in ('pending', 'running')
    group by r.org_id
),
chosen as (
    select due.id, due.org_id, due.last_sync_at
    from due
    left join in_flight on in_flight.org_id = due.org_id
    order by due.turn + coalesce(in_flight.runs, 0), due.next_sync_at, due.id
    limit %(limit)s
)
insert into crmhub.sync_runs (connection_id, org_id, trigger)
select
    chosen.id, chosen.org_id,
    -- Without a last sync, although one succeeded before: somebody reset it.
    case
        when chosen.last_sync_at is null and (
            select true from crmhub.sync_runs as r
            where r.org_id = chosen.org_id and r.connection_id = chosen.id and r.status = 'succeeded'
            limit 1
        ) then 'reset'
        else 'schedule'
    end
from chosen
on conflict (connection_id) where status = 'pending' do nothing
returning connection_id;
