-- The queries of account_connections.py; role crmhub_orchestrator.

-- name: connection_of_account
-- The account's connection, made if there is none. The update changes nothing: it lets two who connect
-- the same account at the same moment find the same row.
insert into crmhub.source_connections as c (org_id, external_account_id)
values (%(org_id)s, %(account)s)
on conflict on constraint source_connections_account_once do update
set external_account_id = c.external_account_id
returning
    id, org_id, provider, external_account_id, display_name, status, config,
    last_sync_at, synced_through, next_sync_at, last_error_class, last_error_message;

-- name: name_connection
-- A name that somebody gave stays.
update crmhub.source_connections set display_name = coalesce(display_name, %(name)s)
where id = %(connection_id)s;
