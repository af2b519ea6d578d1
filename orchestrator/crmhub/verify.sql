-- The queries of verify.py; role crmhub_reader.

-- name: see_organisation
select set_config('crmhub.org_id', %(org_id)s::text, true);

-- name: count_rows
-- What HubSpot would count: live contacts and deals, all pipelines and owners.
select 'contacts' as stream, count(*) as rows from crmhub.crm_contacts
where org_id = %(org_id)s and connection_id = %(connection_id)s and not archived
union all
select 'deals', count(*) from crmhub.crm_deals
where org_id = %(org_id)s and connection_id = %(connection_id)s and not archived
union all
select 'pipelines', count(*) from crmhub.crm_pipelines
where org_id = %(org_id)s and connection_id = %(connection_id)s
union all
select 'owners', count(*) from crmhub.crm_owners
where org_id = %(org_id)s and connection_id = %(connection_id)s;
