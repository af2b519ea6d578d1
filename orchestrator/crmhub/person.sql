-- The queries of person.py: a person's rows in the tables of one organisation.

-- name: view_organisation
-- Role crmhub_orchestrator. Whether anybody knows the organisation, and with which key its pseudonyms were
-- made; null where nothing was ever loaded.
select
    exists (select from crmhub.source_connections as c where c.org_id = %(org_id)s) as is_known,
    (
        select f.fingerprint from crmhub.pii_fingerprints as f
        where f.org_id = %(org_id)s and f.hash_version = %(hash_version)s
    ) as fingerprint;

-- name: fence_runs
-- Role crmhub_orchestrator. A run in flight has read before the erasing: it writes nothing any more, and its
-- connection stays due. Waits for a transaction of its loader that is under way.
update crmhub.source_connections
set lease_token = null, lease_expires_at = null
where org_id = %(org_id)s and lease_token is not null;

-- name: see_organisation
select set_config('crmhub.org_id', %(org_id)s::text, true);

-- name: find_traces
-- Role crmhub_reader. The person's contacts, by their first or another address; the contacts that were
-- merged into them; the deals that any of these are linked to; the owner with this address.
with contacts as materialized (
    select connection_id, external_id from crmhub.contacts_of_person(%(org_id)s, %(pseudonym)s)
)
select 'crm_contacts' as table_name, c.connection_id, c.external_id, null as deal_external_id
from contacts as c
union all
select 'crm_deal_contacts', l.connection_id, l.contact_external_id, l.deal_external_id
from crmhub.crm_deal_contacts as l
join contacts as c on c.connection_id = l.connection_id and c.external_id = l.contact_external_id
where l.org_id = %(org_id)s
union all
select 'crm_owners', o.connection_id, o.external_id, null
from crmhub.crm_owners as o
where o.org_id = %(org_id)s and o.email_hash = %(pseudonym)s
order by 1, 2, 3, 4;

-- name: erase_traces
-- Role crmhub_loader. What find_traces finds, and the notes of a full pass that name these contacts; counts
-- of live rows follow. One statement: all of it or nothing.
with contacts as materialized (
    select connection_id, external_id from crmhub.contacts_of_person(%(org_id)s, %(pseudonym)s)
),
gone_links as (
    delete from crmhub.crm_deal_contacts as l
    using contacts as c
    where l.org_id = %(org_id)s
        and l.connection_id = c.connection_id and l.contact_external_id = c.external_id
    returning 1
),
gone_notes as (
    delete from crmhub.full_pass_seen as s
    using contacts as c
    where s.org_id = %(org_id)s and s.connection_id = c.connection_id
        and s.stream = 'contacts' and s.external_id = c.external_id
    returning 1
),
gone_contacts as (
    delete from crmhub.crm_contacts as g
    using contacts as c
    where g.org_id = %(org_id)s and g.connection_id = c.connection_id and g.external_id = c.external_id
    returning g.connection_id, (not g.archived and g.merged_into is null) as was_live
),
gone_owners as (
    delete from crmhub.crm_owners as o
    where o.org_id = %(org_id)s and o.email_hash = %(pseudonym)s
    returning 1
),
recounted as (
    update crmhub.crm_stream_totals as t
    set live = t.live - g.contacts
    from (
        select connection_id, count(*) as contacts from gone_contacts where was_live group by connection_id
    ) as g
    where t.org_id = %(org_id)s and t.connection_id = g.connection_id and t.stream = 'contacts'
)
select
    (select count(*) from gone_contacts) as crm_contacts,
    (select count(*) from gone_links) as crm_deal_contacts,
    (select count(*) from gone_owners) as crm_owners,
    (select count(*) from gone_notes) as full_pass_seen;
