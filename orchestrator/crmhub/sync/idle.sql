-- The queries of idle.py; role crmhub_orchestrator.

-- name: read_state
select state_json from crmhub.source_connections
where id = %(connection_id)s and lease_token = %(token)s;
