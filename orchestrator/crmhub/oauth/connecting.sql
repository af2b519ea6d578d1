-- The queries of connecting.py; role crmhub_orchestrator.

-- name: connection_given_token
-- What waited for a token is due now. A pause remains one. A run that the old token has failed, and that
-- has yet to say so, says it no more: its lease goes.
update crmhub.source_connections
set external_account_id = coalesce(external_account_id, %(account)s),
    status = case when status in ('needs_reconnect', 'disconnected') then 'connected' else status end,
    lease_token = case when status = 'needs_reconnect' then null else lease_token end,
    lease_expires_at = case when status = 'needs_reconnect' then null else lease_expires_at end,
    next_sync_at = least(next_sync_at, now()), consecutive_failures = 0,
    last_error_class = null, last_error_message = null, last_error_at = null,
    -- What was to be erased is filled again.
    erase_requested_at = null
where id = %(connection_id)s;
