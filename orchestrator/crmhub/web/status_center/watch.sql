-- The queries of watch.py; role crmhub_orchestrator, which sees every organisation: one look serves all streams.

-- name: moved
-- Connections that changed of late, or whose run waits or goes on, or did so at the last look: a run can end
-- without its connection being written. Some seconds more than since the last look, for what was committed late.
select c.org_id, c.id, r.connection_id is not null as in_flight
from crmhub.source_connections as c
left join (
    select distinct connection_id from crmhub.sync_runs
    where org_id = any(%(orgs)s) and status in ('pending', 'running')
) as r on r.connection_id = c.id
where c.org_id = any(%(orgs)s)
    and (
        c.updated_at >= now() - make_interval(secs => %(back_seconds)s)
        or r.connection_id is not null
        or c.id = any(%(in_flight)s)
    );

-- name: still_allowed
-- Sessions that have not ended, of organisations that have the Status Center.
select s.id
from crmhub.web_sessions as s
join crmhub.feature_flags as f on f.org_id = s.org_id and f.flag = %(flag)s and f.enabled
where s.id = any(%(sessions)s) and s.expires_at > now();
