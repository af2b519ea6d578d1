-- The queries of erasing.py; role crmhub_orchestrator, which may delete canonical rows by this alone.

-- name: erase
select crmhub.erase_disconnected(%(org_id)s, %(connection_id)s, %(rows)s);

-- name: forgotten
select org_id, id
from crmhub.source_connections
where status = 'disconnected' and erase_requested_at < now() - make_interval(secs => %(age_seconds)s)
order by erase_requested_at
limit 10;
