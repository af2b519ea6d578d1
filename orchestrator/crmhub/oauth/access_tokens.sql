-- The queries of access_tokens.py; role crmhub_orchestrator.

-- name: prepare_renewal
-- HubSpot's answer must not find a transaction that the server has ended for its idleness; and who waits
-- for another process does not wait for ever.
select
    set_config('idle_in_transaction_session_timeout', '0', true),
    set_config('lock_timeout', %(lock_timeout)s, true);

-- name: connection_lost
-- Only a person can help. A pause remains one.
update crmhub.source_connections
set status = case status when 'connected' then 'needs_reconnect' else status end,
    last_error_class = %(error_class)s, last_error_message = %(error_message)s, last_error_at = now()
where id = %(connection_id)s;

-- name: connection_regained
update crmhub.source_connections
set status = 'connected', next_sync_at = now(), consecutive_failures = 0,
    last_error_class = null, last_error_message = null, last_error_at = null
where id = %(connection_id)s and status = 'needs_reconnect';
