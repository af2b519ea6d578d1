-- The queries of connections.py; role crmhub_orchestrator.

-- name: config_problem
-- The database's own check, asked first for its sentence.
select crmhub.connection_config_problem(%(config)s);

-- name: add_connection
insert into crmhub.source_connections (org_id, external_account_id, display_name, config)
values (%(org_id)s, %(external_account_id)s, %(display_name)s, %(config)s)
returning
    id, org_id, provider, external_account_id, display_name, status, config,
    last_sync_at, synced_through, next_sync_at, last_error_class, last_error_message;

-- name: list_connections
select
    id, org_id, provider, external_account_id, display_name, status, config,
    last_sync_at, synced_through, next_sync_at, last_error_class, last_error_message
from crmhub.source_connections
order by org_id, created_at, id;

-- name: find_connection
select
    id, org_id, provider, external_account_id, display_name, status, config,
    last_sync_at, synced_through, next_sync_at, last_error_class, last_error_message
from crmhub.source_connections
where id = %(connection_id)s;

-- name: reset_connection
-- The trigger on last_sync_at clears the state, makes the row due and takes the lease.
update crmhub.source_connections set last_sync_at = null where id = %(connection_id)s;
