-- migrate:up
set local role crmhub_owner;

-- As before, without deals that were merged into another: a source need not call them archived.
create or replace view crmhub.contact_activity with (security_invoker = true) as
with linked as (
    select
        c.org_id, c.connection_id, c.email_hash, l.deal_external_id,
        max(c.source_updated_at) as contact_updated_at
    from crmhub.crm_contacts as c
    left join crmhub.crm_deal_contacts as l
        on l.org_id = c.org_id and l.connection_id = c.connection_id and l.contact_external_id = c.external_id
    where c.email_hash is not null and not c.archived
    group by c.org_id, c.connection_id, c.email_hash, l.deal_external_id
)
select
    a.org_id,
    a.connection_id,
    a.email_hash,
    count(d.external_id) filter (where d.is_closed is not true) as open_deals,
    count(d.external_id) filter (where d.is_won) as won_deals,
    coalesce(sum(d.amount_in_home_currency) filter (where d.is_closed is not true), 0) as open_amount,
    coalesce(sum(d.amount_in_home_currency) filter (where d.is_won), 0) as won_amount,
    greatest(max(a.contact_updated_at), max(d.source_updated_at)) as last_change_at
from linked as a
left join crmhub.crm_deals as d
    on d.org_id = a.org_id and d.connection_id = a.connection_id
    and d.external_id = a.deal_external_id and not d.archived and d.merged_into is null
group by a.org_id, a.connection_id, a.email_hash;
