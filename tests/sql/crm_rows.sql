-- Rows of many organisations, made in the database by its superuser, for whoever reads them. Neither a
-- batch nor a key tells where an organisation's rows lie: loaders of all organisations run side by side.

-- name: make_uuid
-- The n-th id of a kind.
create function pg_temp.crm_uuid(kind integer, n bigint) returns uuid
language sql immutable
return (repeat(kind::text, 8) || '-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid;

-- name: add_connections
-- Organisation and connection have the same number.
insert into crmhub.source_connections (id, org_id, external_account_id, status, last_sync_at, synced_through)
select pg_temp.crm_uuid(9, n), pg_temp.crm_uuid(8, n), n::text, 'connected', now(), now()
from generate_series(0, %(orgs)s - 1) as n;

-- name: add_contacts
-- Ninety of a hundred have an e-mail address, forty a phone, twenty a mobile phone; one in fifty is archived.
insert into crmhub.crm_contacts (
    org_id, connection_id, external_id, email_hash, phone_hash, mobile_phone_hash, hash_version,
    lifecycle_stage, lead_status, owner_external_id, properties,
    source_created_at, source_updated_at, source_read_at, archived
)
select
    pg_temp.crm_uuid(8, org), pg_temp.crm_uuid(9, org), (200000000000 + n * 7919 %% 1000003 * 1009)::text,
    case when n %% 10 < 9 then sha256(convert_to('e-mail ' || n, 'utf8')) end,
    case when n %% 5 < 2 then sha256(convert_to('phone ' || n, 'utf8')) end,
    case when n %% 5 = 2 then sha256(convert_to('mobile ' || n, 'utf8')) end,
    1,
    (array['subscriber', 'lead', 'lead', 'marketingqualifiedlead', 'opportunity', 'customer'])[1 + n %% 6],
    (array['NEW', 'OPEN', null])[1 + n %% 3],
    (4000 + (hashint8(n) & 63))::text,
    jsonb_build_object(
        'hs_analytics_source', 'ORGANIC_SEARCH', 'hs_object_source', 'CRM_UI', 'num_notes', n %% 40,
        'hs_analytics_num_page_views', n %% 200, 'hubspotscore', n %% 100,
        'notes_last_updated', timestamptz '2026-01-01Z' + n %% 20000 * interval '17 minutes'
    ),
    timestamptz '2024-01-01Z' + n %% 500000 * interval '1 minute',
    timestamptz '2024-01-01Z' + (hashint8(n) & 1048575) * interval '90 seconds',
    timestamptz '2026-12-31Z',
    n %% 50 = 0
from generate_series(1::bigint, %(contacts)s) as n, lateral (select n / 1000 %% %(orgs)s as org) as belongs;

-- name: add_deals
-- Four pipelines of eight stages, the last two of them closed; two currencies.
insert into crmhub.crm_deals (
    org_id, connection_id, external_id, name, amount, currency, amount_in_home_currency,
    pipeline_external_id, stage_external_id, close_date, is_closed, is_won, probability, deal_type,
    owner_external_id, properties, source_created_at, source_updated_at, source_read_at, archived
)
select
    pg_temp.crm_uuid(8, org), pg_temp.crm_uuid(9, org), (900000000000 + n * 7919 %% 1000003 * 1009)::text,
    'Deal ' || n, n %% 100000, (array['EUR', 'USD'])[1 + n %% 2], n %% 100000,
    'pipeline ' || (hashint8(n) & 3), 'stage ' || n %% 8,
    timestamptz '2026-01-01Z' + n %% 700 * interval '1 day',
    n %% 8 >= 6, n %% 8 = 6, (n %% 8) / 8.0, (array['newbusiness', 'existingbusiness'])[1 + n %% 2],
    (4000 + (hashint8(n + 1) & 63))::text,
    jsonb_build_object('hs_priority', 'medium', 'num_notes', n %% 30, 'hs_arr', n %% 5000, 'num_associated_contacts', 2),
    timestamptz '2024-01-01Z' + n %% 500000 * interval '1 minute',
    timestamptz '2024-01-01Z' + (hashint8(n) & 1048575) * interval '90 seconds',
    timestamptz '2026-12-31Z',
    n %% 50 = 0
from generate_series(1::bigint, %(deals)s) as n, lateral (select n / 1000 %% %(orgs)s as org) as belongs;

-- name: add_deal_contacts
-- Each deal has one or two contacts of its organisation.
insert into crmhub.crm_deal_contacts (
    org_id, connection_id, deal_external_id, contact_external_id, labels, source_read_at
)
select
    d.org_id, d.connection_id, d.external_id,
    (200000000000 + c.n * 7919 %% 1000003 * 1009)::text, array['Decision maker'], d.source_read_at
from crmhub.crm_deals as d,
    lateral (select substring(d.name from 6)::bigint as n) as deal,
    lateral (
        values (deal.n), (deal.n + %(orgs)s * 1000)
    ) as c (n)
where c.n = deal.n or deal.n %% 2 = 0
on conflict do nothing;

-- name: add_pipelines
insert into crmhub.crm_pipelines (org_id, connection_id, external_id, label, display_order, source_read_at)
select org_id, id, 'pipeline ' || n, 'Pipeline ' || n, n, now()
from crmhub.source_connections, generate_series(0, 3) as n;

-- name: add_stages
insert into crmhub.crm_pipeline_stages (
    org_id, connection_id, pipeline_external_id, external_id, label, display_order, is_closed, probability,
    source_read_at
)
select p.org_id, p.connection_id, p.external_id, 'stage ' || n, 'Stage ' || n, n, n >= 6, n / 8.0, now()
from crmhub.crm_pipelines as p, generate_series(0, 7) as n;

-- name: add_totals
insert into crmhub.crm_pipeline_totals (
    org_id, connection_id, pipeline_external_id, stage_external_id, owner_external_id, currency, deals, amount
)
select
    org_id, connection_id, pipeline_external_id, stage_external_id, owner_external_id, currency,
    count(*), sum(amount)
from crmhub.crm_deals
where not archived
group by 1, 2, 3, 4, 5, 6;

-- name: find_example
-- What to ask for as one organisation: a contact with both pseudonyms that has a deal, and its values.
select
    c.connection_id::text as connection, c.external_id as contact, l.deal_external_id as deal,
    encode(c.email_hash, 'hex') as email, encode(c.phone_hash, 'hex') as phone,
    c.owner_external_id as owner, c.lifecycle_stage,
    d.pipeline_external_id as pipeline, d.stage_external_id as stage,
    (
        select percentile_disc(0.999) within group (order by source_updated_at)::text
        from crmhub.crm_deals where org_id = %(org)s
    ) as since
from crmhub.crm_contacts as c
join crmhub.crm_deal_contacts as l
    on l.org_id = c.org_id and l.connection_id = c.connection_id and l.contact_external_id = c.external_id
join crmhub.crm_deals as d
    on d.org_id = l.org_id and d.connection_id = l.connection_id and d.external_id = l.deal_external_id
where c.org_id = %(org)s and c.email_hash is not null and c.phone_hash is not null
    and not c.archived and not d.archived and not d.is_closed
    and c.source_updated_at >= (
        select percentile_disc(0.9) within group (order by source_updated_at)
        from crmhub.crm_contacts where org_id = %(org)s
    )
order by c.external_id, d.external_id
limit 1;
