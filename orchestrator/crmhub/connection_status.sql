-- The queries of connection_status.py; role crmhub_orchestrator.

-- name: pause
-- A run in flight ends: its lease goes. What is pending is cancelled when a worker takes it up.
update crmhub.source_connections
set status = 'paused', lease_token = null, lease_expires_at = null
where id = %(connection_id)s and status in ('connected', 'paused');

-- name: resume
update crmhub.source_connections
set status = 'connected', next_sync_at = now()
where id = %(connection_id)s and status in ('connected', 'paused');
