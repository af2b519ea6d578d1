-- Damages for test_comparison.py: each changes one row that none of the others has changed.

-- name: wrong_email
update crmhub.crm_contacts
set email_hash = sha256('nobody')
where external_id = (select min(external_id) from crmhub.crm_contacts where email_hash is not null);

-- name: wrong_phone
update crmhub.crm_contacts
set phone_hash = mobile_phone_hash
where external_id = (
    select max(external_id) from crmhub.crm_contacts where phone_hash is distinct from mobile_phone_hash
);

-- name: contact_lost
delete from crmhub.crm_contacts
where external_id = (select external_id from crmhub.crm_contacts order by 1 offset 3 limit 1);

-- name: contact_left_over
insert into crmhub.crm_contacts (org_id, connection_id, external_id, source_read_at)
select org_id, connection_id, '77', now() from crmhub.crm_contacts limit 1;

-- name: contact_archived
update crmhub.crm_contacts
set archived = true
where external_id = (select external_id from crmhub.crm_contacts order by 1 offset 5 limit 1);

-- name: older_contact
update crmhub.crm_contacts
set source_updated_at = source_updated_at - interval '1 ms'
where external_id = (select external_id from crmhub.crm_contacts order by 1 offset 6 limit 1);

-- name: property_lost
update crmhub.crm_contacts
set properties = properties - 'hs_analytics_source'
where external_id = (select external_id from crmhub.crm_contacts order by 1 offset 7 limit 1);

-- name: wrong_property
update crmhub.crm_contacts
set properties = jsonb_set(properties, '{hs_analytics_num_visits}', '999.5')
where external_id = (select external_id from crmhub.crm_contacts order by 1 offset 8 limit 1);

-- name: contact_of_another
update crmhub.crm_contacts
set org_id = gen_random_uuid()
where external_id = (select external_id from crmhub.crm_contacts order by 1 offset 9 limit 1);

-- name: wrong_amount
update crmhub.crm_deals
set amount = amount + 0.000000000001
where external_id = (select min(external_id) from crmhub.crm_deals where amount is not null);

-- name: wrong_name
update crmhub.crm_deals
set name = name || '.'
where external_id = (select max(external_id) from crmhub.crm_deals);

-- name: wrong_labels
update crmhub.crm_deal_contacts
set labels = '{Somebody}'
where (deal_external_id, contact_external_id) = (
    select deal_external_id, contact_external_id from crmhub.crm_deal_contacts order by 1, 2 limit 1
);

-- name: link_lost
delete from crmhub.crm_deal_contacts
where (deal_external_id, contact_external_id) = (
    select deal_external_id, contact_external_id from crmhub.crm_deal_contacts order by 1 desc, 2 desc limit 1
);

-- name: owner_without_email
update crmhub.crm_owners
set email_hash = null
where external_id = (select min(external_id) from crmhub.crm_owners);

-- name: wrong_probability
update crmhub.crm_pipeline_stages
set probability = 0.123
where external_id = (select min(external_id) from crmhub.crm_pipeline_stages);

-- name: wrong_totals
update crmhub.crm_stream_totals
set live = live + 1
where stream = 'deals';
