-- The queries of lease.py; role crmhub_orchestrator.

-- name: take_lease
-- One statement: two that ask at once get one lease between them.
update crmhub.source_connections
set lease_token = %(token)s, lease_expires_at = now() + make_interval(secs => %(seconds)s)
where id = %(connection_id)s and (lease_token is null or lease_expires_at <= now());

-- name: renew_lease
update crmhub.source_connections
set lease_expires_at = now() + make_interval(secs => %(seconds)s)
where id = %(connection_id)s and lease_token = %(token)s and lease_expires_at > now();

-- name: release_lease
update crmhub.source_connections
set lease_token = null, lease_expires_at = null
where id = %(connection_id)s
    and lease_token is not null
    and (%(token)s::uuid is null or lease_token = %(token)s);
