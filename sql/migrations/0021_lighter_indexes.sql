-- migrate:up
set local role crmhub_owner;

-- Who has this address, this phone number, this mobile number. By hash: an entry takes a quarter of the room,
-- which at millions of contacts is what loading pays for. Without the organisation: a pseudonym is made with its
-- key, so no other one has the same.
create index if not exists crm_contacts_by_email on crmhub.crm_contacts
    using hash (email_hash) where email_hash is not null;
create index if not exists crm_contacts_by_phone on crmhub.crm_contacts
    using hash (phone_hash) where phone_hash is not null;
create index if not exists crm_contacts_by_mobile_phone on crmhub.crm_contacts
    using hash (mobile_phone_hash) where mobile_phone_hash is not null;
-- contracts: the same by order of the organisation; the last release asks what the new ones answer as well
drop index crmhub.crm_contacts_email, crmhub.crm_contacts_phone, crmhub.crm_contacts_mobile_phone;

-- The contacts of a person, known by a pseudonym, and those that were merged into them: whoever finds and
-- whoever erases means the same. No index serves another address or a merge: all contacts of the organisation
-- are looked through once. Row-level security is the caller's.
create function crmhub.contacts_of_person(p_org_id uuid, p_pseudonym bytea)
returns table (connection_id uuid, external_id text)
language sql stable
begin atomic
    with named as materialized (
        select c.connection_id, c.external_id
        from crmhub.crm_contacts as c
        where c.org_id = p_org_id
            and (c.email_hash = p_pseudonym or p_pseudonym = any(c.additional_email_hashes))
    )
    select n.connection_id, n.external_id from named as n
    union
    select c.connection_id, c.external_id
    from crmhub.crm_contacts as c
    join named as n on n.connection_id = c.connection_id and n.external_id = c.merged_into
    where c.org_id = p_org_id;
end;
comment on function crmhub.contacts_of_person(uuid, bytea) is
    'The contacts of a person in an organisation, those that were merged into them included.';
revoke execute on function crmhub.contacts_of_person(uuid, bytea) from public;
grant execute on function crmhub.contacts_of_person(uuid, bytea) to crmhub_reader, crmhub_loader;
-- crmhub_orchestrator, crmhub_state: nothing. They see no tenant's rows.
