-- migrate:up
set local role crmhub_owner;

-- An owner's contacts. Few distinct values: the index stays small, and cheap to load into.
create index crm_contacts_owner on crmhub.crm_contacts (org_id, owner_external_id)
    where owner_external_id is not null;
-- Who has this phone number, beside crm_contacts_phone. Few contacts have a mobile number of their own.
create index crm_contacts_mobile_phone on crmhub.crm_contacts (org_id, mobile_phone_hash)
    where mobile_phone_hash is not null;
-- No index by lifecycle stage: too few stages to narrow anything; the latest contacts of one are found
-- along crm_contacts_updated. None for additional_email_hashes: `@>` is not leakproof, so under
-- row-level security no index may serve it.
