-- The queries of sessions.py; role crmhub_orchestrator.

-- name: use_login
-- A login token is good once: whoever inserts its id first has used it.
insert into crmhub.used_login_tokens (org_id, jti_hash, expires_at)
values (%(org_id)s, %(jti_hash)s, %(expires_at)s)
on conflict do nothing;

-- name: forget_expired
-- What has ended is of no use to anybody. A used token is remembered for longer than any clock that it
-- is read by may be behind.
with
    sessions as (delete from crmhub.web_sessions where expires_at < now()),
    states as (delete from crmhub.oauth_states where expires_at < now())
delete from crmhub.used_login_tokens where expires_at < now() - interval '1 hour';

-- name: begin_session
insert into crmhub.web_sessions (id, org_id, role, token_hash, expires_at)
values (%(id)s, %(org_id)s, %(role)s, %(token_hash)s, now() + make_interval(hours => %(hours)s));

-- name: find_session
-- With what the organisation may see, so that a page asks once.
select
    s.org_id, s.role, s.token_hash,
    coalesce(
        (select f.enabled from crmhub.feature_flags as f where f.org_id = s.org_id and f.flag = %(flag)s),
        false
    ) as has_status_center
from crmhub.web_sessions as s
where s.id = %(id)s and s.expires_at > now();

-- name: end_session
delete from crmhub.web_sessions where id = %(id)s and token_hash = %(token_hash)s;
