-- migrate:up
set local role crmhub_owner;

-- Who is signed in to the Status Center, for one organisation. The browser's cookie holds the id and a
-- secret; the secret's hash is here.
create table crmhub.web_sessions (
    id uuid primary key default gen_random_uuid(),
    org_id uuid not null,
    role text not null,
    token_hash bytea not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz not null,
    constraint web_sessions_role_valid check (role in ('viewer', 'admin'))
);
-- What has expired is deleted whenever somebody signs in.
create index web_sessions_age on crmhub.web_sessions (expires_at);

alter table crmhub.web_sessions enable row level security;
alter table crmhub.web_sessions force row level security;
create policy "the orchestrator keeps all sessions" on crmhub.web_sessions
    to crmhub_orchestrator, crmhub_owner using (true) with check (true);
grant select, insert, update, delete on crmhub.web_sessions to crmhub_orchestrator;
-- crmhub_loader, crmhub_state, crmhub_reader: nothing. They know no people.

-- Login tokens of the host application that were used, so that each is good once.
create table crmhub.used_login_tokens (
    org_id uuid not null,
    jti_hash bytea not null, -- SHA-256 of the token's id
    expires_at timestamptz not null, -- the token's own end; later it is refused for its age
    constraint used_login_tokens_key primary key (org_id, jti_hash)
);
create index used_login_tokens_age on crmhub.used_login_tokens (expires_at);

alter table crmhub.used_login_tokens enable row level security;
alter table crmhub.used_login_tokens force row level security;
create policy "the orchestrator remembers all login tokens" on crmhub.used_login_tokens
    to crmhub_orchestrator, crmhub_owner using (true) with check (true);
grant select, insert, update, delete on crmhub.used_login_tokens to crmhub_orchestrator;
-- crmhub_loader, crmhub_state, crmhub_reader: nothing. They sign nobody in.

-- Somebody on the way to HubSpot's consent page and back: one use, ten minutes, for one session.
create table crmhub.oauth_states (
    id uuid primary key, -- random; travels as `state`
    org_id uuid not null,
    session_id uuid not null, -- no foreign key: a session may end first, and then nobody can come back
    connection_id uuid, -- the one to be reconnected; null: whichever the account has, or a new one
    expires_at timestamptz not null,
    constraint oauth_states_connection foreign key (org_id, connection_id)
        references crmhub.source_connections (org_id, id) on delete cascade
);
create index oauth_states_age on crmhub.oauth_states (expires_at);

alter table crmhub.oauth_states enable row level security;
alter table crmhub.oauth_states force row level security;
create policy "the orchestrator keeps all states" on crmhub.oauth_states
    to crmhub_orchestrator, crmhub_owner using (true) with check (true);
grant select, insert, update, delete on crmhub.oauth_states to crmhub_orchestrator;
-- crmhub_loader, crmhub_state, crmhub_reader: nothing. They connect no account.
