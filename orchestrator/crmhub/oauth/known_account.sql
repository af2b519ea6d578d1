-- The query of known_account.py; role crmhub_orchestrator.

-- name: learn_account
-- Once: an account that was stored meanwhile, as by a reconnection, stays, and the run is held to it.
update crmhub.source_connections
set external_account_id = coalesce(external_account_id, %(account)s)
where id = %(connection_id)s
returning external_account_id;
