-- The queries of consents.py; role crmhub_orchestrator.

-- name: begin
insert into crmhub.oauth_states (id, org_id, session_id, connection_id, expires_at)
values (
    %(id)s, %(org_id)s, %(session_id)s, %(connection_id)s, now() + make_interval(mins => %(minutes)s)
);

-- name: end
-- Whoever deletes it has used it; a state that another session shows stays where it is.
delete from crmhub.oauth_states
where id = %(id)s and org_id = %(org_id)s and session_id = %(session_id)s and expires_at > now()
returning org_id, connection_id;
