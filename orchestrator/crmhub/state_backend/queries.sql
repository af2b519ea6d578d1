-- The queries of the state backend; role crmhub_state.

-- name: serve_connection
-- Row-level security shows this connection alone; the lease fences what is written.
select
    set_config('crmhub.connection_id', %(connection_id)s, true),
    set_config('crmhub.lease_token', %(lease_token)s, true);

-- name: read_state
select state_json from crmhub.source_connections where id = %(connection_id)s;

-- name: write_state
update crmhub.source_connections set state_json = %(state)s where id = %(connection_id)s;

-- name: connections_with_state
select id, provider from crmhub.connections_with_state();
