-- migrate:up
set local role crmhub_owner;

-- An access token ends by itself; whoever comes after this moment fetches another one. By the database's
-- clock: those who share a token may have clocks that differ.
alter table crmhub.secrets_provider
    add column renew_after timestamptz; -- null: lasts until it is revoked
