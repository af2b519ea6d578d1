-- The queries of internal_api.py; role crmhub_orchestrator.

-- name: list_connections
-- By the primary key from where the page before ended: as quick on the last page as on the first.
select
    id, org_id, provider, external_account_id, display_name, status, config,
    last_sync_at, synced_through, next_sync_at, last_error_class, last_error_message
from crmhub.source_connections
where (%(after)s::uuid is null or id > %(after)s) and (%(org_id)s::uuid is null or org_id = %(org_id)s)
order by id
limit %(limit)s;
