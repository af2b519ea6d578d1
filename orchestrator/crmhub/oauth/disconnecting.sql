-- The queries of disconnecting.py; role crmhub_orchestrator.

-- name: others_of_account
select other.id
from crmhub.source_connections as own
join crmhub.source_connections as other
    on other.provider = own.provider and other.external_account_id = own.external_account_id
    and other.id <> own.id
where own.id = %(connection_id)s;

-- name: disconnect
-- A run in flight ends: its lease goes. Whoever presses again takes back no wish to have the rows erased.
update crmhub.source_connections
set status = 'disconnected', lease_token = null, lease_expires_at = null,
    consecutive_failures = 0, last_error_class = null, last_error_message = null, last_error_at = null,
    erase_requested_at = case when status = 'disconnected' then erase_requested_at end
where id = %(connection_id)s
returning erase_requested_at is not null;

-- name: cancel_pending
update crmhub.sync_runs
set status = 'cancelled', finished_at = now(), error_class = 'cancelled',
    error_message = 'the connection was disconnected before the run began'
where connection_id = %(connection_id)s and status = 'pending';

-- name: ask_to_erase
-- The trigger on last_sync_at clears the state: should the account be connected again, all of it is read.
update crmhub.source_connections
set erase_requested_at = now(), last_sync_at = null, synced_through = null
where id = %(connection_id)s;

-- name: forget_comparison
-- It counts rows that go.
delete from crmhub.count_comparisons where org_id = %(org_id)s and connection_id = %(connection_id)s;
