--
-- PostgreSQL database dump
--

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: crmhub; Type: SCHEMA; Schema: -; Owner: crmhub_owner
--

CREATE SCHEMA crmhub;

ALTER SCHEMA crmhub OWNER TO crmhub_owner;

--
-- Name: SCHEMA crmhub; Type: COMMENT; Schema: -; Owner: crmhub_owner
--

COMMENT ON SCHEMA crmhub IS 'CRM Hub: canonical CRM data per organisation, and what keeps it fresh.';

--
-- Name: check_account_known(uuid, uuid); Type: FUNCTION; Schema: crmhub; Owner: crmhub_owner
--

CREATE FUNCTION crmhub.check_account_known(p_org_id uuid, p_connection_id uuid) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    perform from crmhub.source_connections
    where id = p_connection_id and org_id = p_org_id and external_account_id is not null;
    if not found then
        raise exception 'the account of this connection is not known' using errcode = 'CH004';
    end if;
end
$$;

ALTER FUNCTION crmhub.check_account_known(p_org_id uuid, p_connection_id uuid) OWNER TO crmhub_owner;

--
-- Name: FUNCTION check_account_known(p_org_id uuid, p_connection_id uuid); Type: COMMENT; Schema: crmhub; Owner: crmhub_owner
--

COMMENT ON FUNCTION crmhub.check_account_known(p_org_id uuid, p_connection_id uuid) IS 'Raises CH004 unless the connection is of the organisation and its account is known.';

--
-- Name: check_pii_fingerprint(uuid, smallint, bytea); Type: FUNCTION; Schema: crmhub; Owner: crmhub_owner
--

CREATE FUNCTION crmhub.check_pii_fingerprint(p_org_id uuid, p_hash_version smallint, p_fingerprint bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if p_org_id is distinct from nullif(pg_catalog.current_setting('crmhub.org_id', true), '')::uuid then
        raise exception 'this organisation is not the one that is set' using errcode = 'CH001';
    end if;
    insert into crmhub.pii_fingerprints (org_id, hash_version, fingerprint)
    values (p_org_id, p_hash_version, p_fingerprint)
    on conflict do nothing;
    perform from crmhub.pii_fingerprints
    where org_id = p_org_id and hash_version = p_hash_version and fingerprint = p_fingerprint;
    if not found then
        raise exception 'the pseudonyms of this organisation were made with another salt' using errcode = 'CH003';
    end if;
end
$$;

ALTER FUNCTION crmhub.check_pii_fingerprint(p_org_id uuid, p_hash_version smallint, p_fingerprint bytea) OWNER TO crmhub_owner;

--
-- Name: connection_config_problem(jsonb); Type: FUNCTION; Schema: crmhub; Owner: crmhub_owner
--

CREATE FUNCTION crmhub.connection_config_problem(config jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    entry record;
    stream record;
begin
    if config is null or jsonb_typeof(config) <> 'object' then
        return 'config must be an object';
    end if;
    for entry in select key, value from jsonb_each(config) loop
        case
            when entry.key = 'start_date' then
                if jsonb_typeof(entry.value) <> 'string'
                   or entry.value #>> '{}' !~ '^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?$' then
                    return 'config.start_date must be a date or a date and time with its zone';
                end if;
            when entry.key = 'default_phone_region' then
                if jsonb_typeof(entry.value) <> 'string' or entry.value #>> '{}' !~ '^[A-Z]{2}$' then
                    return 'config.default_phone_region must be two capital letters, as DE';
                end if;
            when entry.key in ('deal_names', 'owner_names') then
                if entry.value not in ('"keep"'::jsonb, '"drop"'::jsonb) then
                    return format('config.%s must be keep or drop', entry.key);
                end if;
            when entry.key = 'kept_properties' then
                if jsonb_typeof(entry.value) <> 'object' then
                    return 'config.kept_properties must be an object of stream and property names';
                end if;
                for stream in select key, value from jsonb_each(entry.value) loop
                    if jsonb_typeof(stream.value) <> 'array'
                       or jsonb_path_exists(stream.value, '$[*] ? (@.type() != "string")') then
                        return 'config.kept_properties must give a list of names for each stream';
                    end if;
                end loop;
            when entry.key = 'sync_interval_ms' then
                if jsonb_typeof(entry.value) <> 'number' or entry.value::text !~ '^\d{1,12}$'
                   or entry.value::bigint < 60000 then
                    return 'config.sync_interval_ms must be a whole number of at least 60000';
                end if;
            when entry.key in (
                'reconcile_interval_hours', 'archived_interval_minutes', 'associations_interval_minutes'
            ) then
                if jsonb_typeof(entry.value) <> 'number' or entry.value::text !~ '^\d{1,9}$' then
                    return format('config.%s must be a whole number of at least 0', entry.key);
                end if;
            when entry.key = 'calls_per_10_seconds' then
                if jsonb_typeof(entry.value) <> 'number' or entry.value::text !~ '^\d{1,9}$'
                   or entry.value::bigint < 1 then
                    return 'config.calls_per_10_seconds must be a whole number of at least 1';
                end if;
            else
                return format('config has no key %s', entry.key);
        end case;
    end loop;
    return null;
end
$_$;

ALTER FUNCTION crmhub.connection_config_problem(config jsonb) OWNER TO crmhub_owner;

--
-- Name: FUNCTION connection_config_problem(config jsonb); Type: COMMENT; Schema: crmhub; Owner: crmhub_owner
--

COMMENT ON FUNCTION crmhub.connection_config_problem(config jsonb) IS 'One sentence on the first thing wrong with a connection''s config, or null.';

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: source_connections; Type: TABLE; Schema: crmhub; Owner: crmhub_owner
--

CREATE TABLE crmhub.source_connections (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    provider text DEFAULT 'hubspot'::text NOT NULL,
    external_account_id text,
    display_name text,
    status text DEFAULT 'connected'::text NOT NULL,
    config jsonb DEFAULT '{}'::jsonb NOT NULL,
    state_json jsonb,
    last_sync_at timestamp with time zone,
    synced_through timestamp with time zone,
    next_sync_at timestamp with time zone DEFAULT now() NOT NULL,
    last_error_class text,
    last_error_message text,
    last_error_at timestamp with time zone,
    consecutive_failures integer DEFAULT 0 NOT NULL,
    lease_token uuid,
    lease_expires_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    erase_requested_at timestamp with time zone,
    CONSTRAINT source_connections_config_valid CHECK ((crmhub.connection_config_problem(config) IS NULL)),
    CONSTRAINT source_connections_failures_valid CHECK ((consecutive_failures >= 0)),
    CONSTRAINT source_connections_lease_whole CHECK (((lease_token IS NULL) = (lease_expires_at IS NULL))),
    CONSTRAINT source_connections_provider_valid CHECK ((provider ~ '^[a-z][a-z0-9_]*$'::text)),
    CONSTRAINT source_connections_state_is_object CHECK ((jsonb_typeof(state_json) = 'object'::text)),
    CONSTRAINT source_connections_status_valid CHECK ((status = ANY (ARRAY['connected'::text, 'needs_reconnect'::text, 'paused'::text, 'disconnected'::text])))
);

ALTER TABLE ONLY crmhub.source_connections FORCE ROW LEVEL SECURITY;

ALTER TABLE crmhub.source_connections OWNER TO crmhub_owner;

--
-- Name: connections_of_organisation(); Type: FUNCTION; Schema: crmhub; Owner: crmhub_owner
--

CREATE FUNCTION crmhub.connections_of_organisation() RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 SELECT c.id
    FROM crmhub.source_connections c
   WHERE (c.org_id = (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid);
END;

ALTER FUNCTION crmhub.connections_of_organisation() OWNER TO crmhub_owner;

--
-- Name: FUNCTION connections_of_organisation(); Type: COMMENT; Schema: crmhub; Owner: crmhub_owner
--

COMMENT ON FUNCTION crmhub.connections_of_organisation() IS 'The ids of the connections of the organisation that is set; policies ask it.';

--
-- Name: connections_with_state(); Type: FUNCTION; Schema: crmhub; Owner: crmhub_owner
--

CREATE FUNCTION crmhub.connections_with_state() RETURNS TABLE(id uuid, provider text)
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 SELECT c.id,
     c.provider
    FROM crmhub.source_connections c
   WHERE (c.state_json IS NOT NULL)
   ORDER BY c.id;
END;

ALTER FUNCTION crmhub.connections_with_state() OWNER TO crmhub_owner;

--
-- Name: crm_contacts; Type: TABLE; Schema: crmhub; Owner: crmhub_owner
--

CREATE TABLE crmhub.crm_contacts (
    org_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    external_id text NOT NULL,
    email_hash bytea,
    additional_email_hashes bytea[],
    phone_hash bytea,
    mobile_phone_hash bytea,
    hash_version smallint,
    lifecycle_stage text,
    lead_status text,
    owner_external_id text,
    properties jsonb,
    source_created_at timestamp with time zone,
    source_updated_at timestamp with time zone,
    source_read_at timestamp with time zone NOT NULL,
    archived boolean DEFAULT false NOT NULL,
    archived_at timestamp with time zone,
    merged_into text,
    synced_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY crmhub.crm_contacts FORCE ROW LEVEL SECURITY;

ALTER TABLE crmhub.crm_contacts OWNER TO crmhub_owner;

--
-- Name: contacts_of_person(uuid, bytea); Type: FUNCTION; Schema: crmhub; Owner: crmhub_owner
--

CREATE FUNCTION crmhub.contacts_of_person(p_org_id uuid, p_pseudonym bytea) RETURNS TABLE(connection_id uuid, external_id text)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 WITH named AS MATERIALIZED (
          SELECT c.connection_id,
             c.external_id
            FROM crmhub.crm_contacts c
           WHERE ((c.org_id = contacts_of_person.p_org_id) AND ((c.email_hash = contacts_of_person.p_pseudonym) OR (contacts_of_person.p_pseudonym = ANY (c.additional_email_hashes))))
         )
  SELECT n.connection_id,
     n.external_id
    FROM named n
 UNION
  SELECT c.connection_id,
     c.external_id
    FROM (crmhub.crm_contacts c
      JOIN named n ON (((n.connection_id = c.connection_id) AND (n.external_id = c.merged_into))))
   WHERE (c.org_id = contacts_of_person.p_org_id);
END;

ALTER FUNCTION crmhub.contacts_of_person(p_org_id uuid, p_pseudonym bytea) OWNER TO crmhub_owner;

--
-- Name: FUNCTION contacts_of_person(p_org_id uuid, p_pseudonym bytea); Type: COMMENT; Schema: crmhub; Owner: crmhub_owner
--

COMMENT ON FUNCTION crmhub.contacts_of_person(p_org_id uuid, p_pseudonym bytea) IS 'The contacts of a person in an organisation, those that were merged into them included.';

--
-- Name: erase_disconnected(uuid, uuid, integer); Type: FUNCTION; Schema: crmhub; Owner: crmhub_owner
--

CREATE FUNCTION crmhub.erase_disconnected(p_org_id uuid, p_connection_id uuid, p_rows integer) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    organisation_before text := pg_catalog.current_setting('crmhub.org_id', true);
    table_name text;
    deleted bigint := 0;
begin
    -- Held until the end: who connects the account again comes before this portion or after it.
    perform from crmhub.source_connections
    where org_id = p_org_id and id = p_connection_id
        and status = 'disconnected' and erase_requested_at is not null
    for no key update;
    if not found then
        return 0;
    end if;
    -- The policies let even the owner see one organisation at a time.
    perform pg_catalog.set_config('crmhub.org_id', p_org_id::text, true);
    -- What the target may write, and nothing else, stands under this policy: a table that comes later too.
    for table_name in
        select c.relname
        from pg_catalog.pg_policy as p
        join pg_catalog.pg_class as c on c.oid = p.polrelid
        where p.polname = 'own organisation only' and c.relnamespace = 'crmhub'::regnamespace
        order by c.relname
    loop
        execute pg_catalog.format(
            'delete from crmhub.%1$I where ctid = any (array('
            'select t.ctid from crmhub.%1$I as t where t.org_id = $1 and t.connection_id = $2 limit $3))',
            table_name
        ) using p_org_id, p_connection_id, p_rows;
        get diagnostics deleted = row_count;
        exit when deleted > 0;
    end loop;
    perform pg_catalog.set_config('crmhub.org_id', coalesce(organisation_before, ''), true);
    if deleted = 0 then
        update crmhub.source_connections set erase_requested_at = null
        where org_id = p_org_id and id = p_connection_id;
    end if;
    return deleted;
end
$_$;

ALTER FUNCTION crmhub.erase_disconnected(p_org_id uuid, p_connection_id uuid, p_rows integer) OWNER TO crmhub_owner;

--
-- Name: FUNCTION erase_disconnected(p_org_id uuid, p_connection_id uuid, p_rows integer); Type: COMMENT; Schema: crmhub; Owner: crmhub_owner
--

COMMENT ON FUNCTION crmhub.erase_disconnected(p_org_id uuid, p_connection_id uuid, p_rows integer) IS 'Deletes a portion of the rows of a disconnected connection that an admin wants erased; says how many.';

--
-- Name: fence_state(); Type: FUNCTION; Schema: crmhub; Owner: crmhub_owner
--

CREATE FUNCTION crmhub.fence_state() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    held uuid := nullif(pg_catalog.current_setting('crmhub.lease_token', true), '')::uuid;
begin
    if held is null then
        new.lease_token := null;
        new.lease_expires_at := null;
    elsif old.lease_token is distinct from held or old.lease_expires_at <= pg_catalog.clock_timestamp() then
        raise exception 'the lease of this connection is lost' using errcode = 'CH002';
    end if;
    return new;
end
$$;

ALTER FUNCTION crmhub.fence_state() OWNER TO crmhub_owner;

--
-- Name: hold_connection(uuid, uuid, uuid); Type: FUNCTION; Schema: crmhub; Owner: crmhub_owner
--

CREATE FUNCTION crmhub.hold_connection(p_org_id uuid, p_connection_id uuid, p_lease_token uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    connection record;
begin
    select org_id, lease_token, lease_expires_at into connection
    from crmhub.source_connections
    where id = p_connection_id
    for share;
    if not found or connection.org_id is distinct from p_org_id then
        raise exception 'this connection does not belong to this organisation' using errcode = 'CH001';
    end if;
    if p_lease_token is not null and (
        connection.lease_token is distinct from p_lease_token
        or connection.lease_expires_at <= pg_catalog.clock_timestamp()
    ) then
        raise exception 'the lease of this connection is lost' using errcode = 'CH002';
    end if;
end
$$;

ALTER FUNCTION crmhub.hold_connection(p_org_id uuid, p_connection_id uuid, p_lease_token uuid) OWNER TO crmhub_owner;

--
-- Name: reset_connection(); Type: FUNCTION; Schema: crmhub; Owner: crmhub_owner
--

CREATE FUNCTION crmhub.reset_connection() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    new.state_json := null;
    new.next_sync_at := pg_catalog.now();
    new.lease_token := null;
    new.lease_expires_at := null;
    return new;
end
$$;

ALTER FUNCTION crmhub.reset_connection() OWNER TO crmhub_owner;

--
-- Name: touch_updated_at(); Type: FUNCTION; Schema: crmhub; Owner: crmhub_owner
--

CREATE FUNCTION crmhub.touch_updated_at() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    new.updated_at := pg_catalog.now();
    return new;
end
$$;

ALTER FUNCTION crmhub.touch_updated_at() OWNER TO crmhub_owner;

--
-- Name: crm_deal_contacts; Type: TABLE; Schema: crmhub; Owner: crmhub_owner
--

CREATE TABLE crmhub.crm_deal_contacts (
    org_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    deal_external_id text NOT NULL,
    contact_external_id text NOT NULL,
    labels text[] DEFAULT '{}'::text[] NOT NULL,
    source_read_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY crmhub.crm_deal_contacts FORCE ROW LEVEL SECURITY;

ALTER TABLE crmhub.crm_deal_contacts OWNER TO crmhub_owner;

--
-- Name: crm_deals; Type: TABLE; Schema: crmhub; Owner: crmhub_owner
--

CREATE TABLE crmhub.crm_deals (
    org_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    external_id text NOT NULL,
    name text,
    amount numeric,
    currency text,
    amount_in_home_currency numeric,
    pipeline_external_id text,
    stage_external_id text,
    close_date timestamp with time zone,
    is_closed boolean,
    is_won boolean,
    probability numeric,
    deal_type text,
    owner_external_id text,
    properties jsonb,
    source_created_at timestamp with time zone,
    source_updated_at timestamp with time zone,
    source_read_at timestamp with time zone NOT NULL,
    archived boolean DEFAULT false NOT NULL,
    archived_at timestamp with time zone,
    merged_into text,
    synced_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY crmhub.crm_deals FORCE ROW LEVEL SECURITY;

ALTER TABLE crmhub.crm_deals OWNER TO crmhub_owner;

--
-- Name: contact_activity; Type: VIEW; Schema: crmhub; Owner: crmhub_owner
--

CREATE VIEW crmhub.contact_activity WITH (security_invoker='true') AS
 WITH linked AS (
         SELECT c.org_id,
            c.connection_id,
            c.email_hash,
            l.deal_external_id,
            max(c.source_updated_at) AS contact_updated_at
           FROM (crmhub.crm_contacts c
             LEFT JOIN crmhub.crm_deal_contacts l ON (((l.org_id = c.org_id) AND (l.connection_id = c.connection_id) AND (l.contact_external_id = c.external_id))))
          WHERE ((c.email_hash IS NOT NULL) AND (NOT c.archived))
          GROUP BY c.org_id, c.connection_id, c.email_hash, l.deal_external_id
        )
 SELECT a.org_id,
    a.connection_id,
    a.email_hash,
    count(d.external_id) FILTER (WHERE (d.is_closed IS NOT TRUE)) AS open_deals,
    count(d.external_id) FILTER (WHERE d.is_won) AS won_deals,
    COALESCE(sum(d.amount_in_home_currency) FILTER (WHERE (d.is_closed IS NOT TRUE)), (0)::numeric) AS open_amount,
    COALESCE(sum(d.amount_in_home_currency) FILTER (WHERE d.is_won), (0)::numeric) AS won_amount,
    GREATEST(max(a.contact_updated_at), max(d.source_updated_at)) AS last_change_at
   FROM (linked a
     LEFT JOIN crmhub.crm_deals d ON (((d.org_id = a.org_id) AND (d.connection_id = a.connection_id) AND (d.external_id = a.deal_external_id) AND (NOT d.archived) AND (d.merged_into IS NULL))))
  GROUP BY a.org_id, a.connection_id, a.email_hash;

ALTER VIEW crmhub.contact_activity OWNER TO crmhub_owner;

--
-- Name: VIEW contact_activity; Type: COMMENT; Schema: crmhub; Owner: crmhub_owner
--

COMMENT ON VIEW crmhub.contact_activity IS 'Open and won deals per contact pseudonym, live rows only.';

--
-- Name: count_comparisons; Type: TABLE; Schema: crmhub; Owner: crmhub_owner
--

CREATE TABLE crmhub.count_comparisons (
    org_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    compared_at timestamp with time zone,
    counts jsonb DEFAULT '{}'::jsonb NOT NULL,
    full_passes text,
    failed_at timestamp with time zone,
    error_class text,
    wanted_at timestamp with time zone,
    CONSTRAINT count_comparisons_counts_is_object CHECK ((jsonb_typeof(counts) = 'object'::text)),
    CONSTRAINT count_comparisons_failure_whole CHECK (((failed_at IS NULL) = (error_class IS NULL)))
);

ALTER TABLE ONLY crmhub.count_comparisons FORCE ROW LEVEL SECURITY;

ALTER TABLE crmhub.count_comparisons OWNER TO crmhub_owner;

--
-- Name: crm_owners; Type: TABLE; Schema: crmhub; Owner: crmhub_owner
--

CREATE TABLE crmhub.crm_owners (
    org_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    external_id text NOT NULL,
    email_hash bytea,
    hash_version smallint,
    display_name text,
    archived boolean DEFAULT false NOT NULL,
    source_updated_at timestamp with time zone,
    source_read_at timestamp with time zone NOT NULL,
    synced_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY crmhub.crm_owners FORCE ROW LEVEL SECURITY;

ALTER TABLE crmhub.crm_owners OWNER TO crmhub_owner;

--
-- Name: crm_pipeline_stages; Type: TABLE; Schema: crmhub; Owner: crmhub_owner
--

CREATE TABLE crmhub.crm_pipeline_stages (
    org_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    pipeline_external_id text NOT NULL,
    external_id text NOT NULL,
    label text,
    display_order integer,
    is_closed boolean,
    probability numeric,
    archived boolean DEFAULT false NOT NULL,
    source_read_at timestamp with time zone NOT NULL,
    synced_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY crmhub.crm_pipeline_stages FORCE ROW LEVEL SECURITY;

ALTER TABLE crmhub.crm_pipeline_stages OWNER TO crmhub_owner;

--
-- Name: crm_pipeline_totals; Type: TABLE; Schema: crmhub; Owner: crmhub_owner
--

CREATE TABLE crmhub.crm_pipeline_totals (
    org_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    pipeline_external_id text,
    stage_external_id text,
    owner_external_id text,
    currency text,
    deals bigint NOT NULL,
    amount numeric
);

ALTER TABLE ONLY crmhub.crm_pipeline_totals FORCE ROW LEVEL SECURITY;

ALTER TABLE crmhub.crm_pipeline_totals OWNER TO crmhub_owner;

--
-- Name: crm_pipelines; Type: TABLE; Schema: crmhub; Owner: crmhub_owner
--

CREATE TABLE crmhub.crm_pipelines (
    org_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    external_id text NOT NULL,
    label text,
    display_order integer,
    archived boolean DEFAULT false NOT NULL,
    source_read_at timestamp with time zone NOT NULL,
    synced_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY crmhub.crm_pipelines FORCE ROW LEVEL SECURITY;

ALTER TABLE crmhub.crm_pipelines OWNER TO crmhub_owner;

--
-- Name: crm_stream_totals; Type: TABLE; Schema: crmhub; Owner: crmhub_owner
--

CREATE TABLE crmhub.crm_stream_totals (
    org_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    stream text NOT NULL,
    live bigint NOT NULL,
    is_current boolean DEFAULT false NOT NULL
);

ALTER TABLE ONLY crmhub.crm_stream_totals FORCE ROW LEVEL SECURITY;

ALTER TABLE crmhub.crm_stream_totals OWNER TO crmhub_owner;

--
-- Name: feature_flags; Type: TABLE; Schema: crmhub; Owner: crmhub_owner
--

CREATE TABLE crmhub.feature_flags (
    org_id uuid NOT NULL,
    flag text NOT NULL,
    enabled boolean DEFAULT false NOT NULL
);

ALTER TABLE ONLY crmhub.feature_flags FORCE ROW LEVEL SECURITY;

ALTER TABLE crmhub.feature_flags OWNER TO crmhub_owner;

--
-- Name: full_pass_activated; Type: TABLE; Schema: crmhub; Owner: crmhub_owner
--

CREATE TABLE crmhub.full_pass_activated (
    org_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    stream text NOT NULL,
    version bigint NOT NULL
);

ALTER TABLE ONLY crmhub.full_pass_activated FORCE ROW LEVEL SECURITY;

ALTER TABLE crmhub.full_pass_activated OWNER TO crmhub_owner;

--
-- Name: full_pass_seen; Type: TABLE; Schema: crmhub; Owner: crmhub_owner
--

CREATE TABLE crmhub.full_pass_seen (
    org_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    stream text NOT NULL,
    version bigint NOT NULL,
    external_id text NOT NULL
);

ALTER TABLE ONLY crmhub.full_pass_seen FORCE ROW LEVEL SECURITY;

ALTER TABLE crmhub.full_pass_seen OWNER TO crmhub_owner;

--
-- Name: oauth_states; Type: TABLE; Schema: crmhub; Owner: crmhub_owner
--

CREATE TABLE crmhub.oauth_states (
    id uuid NOT NULL,
    org_id uuid NOT NULL,
    session_id uuid NOT NULL,
    connection_id uuid,
    expires_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY crmhub.oauth_states FORCE ROW LEVEL SECURITY;

ALTER TABLE crmhub.oauth_states OWNER TO crmhub_owner;

--
-- Name: pii_fingerprints; Type: TABLE; Schema: crmhub; Owner: crmhub_owner
--

CREATE TABLE crmhub.pii_fingerprints (
    org_id uuid NOT NULL,
    hash_version smallint NOT NULL,
    fingerprint bytea NOT NULL
);

ALTER TABLE ONLY crmhub.pii_fingerprints FORCE ROW LEVEL SECURITY;

ALTER TABLE crmhub.pii_fingerprints OWNER TO crmhub_owner;

--
-- Name: pipeline_summary; Type: VIEW; Schema: crmhub; Owner: crmhub_owner
--

CREATE VIEW crmhub.pipeline_summary WITH (security_invoker='true') AS
 SELECT t.org_id,
    t.connection_id,
    t.pipeline_external_id,
    p.label AS pipeline_label,
    p.display_order AS pipeline_order,
    t.stage_external_id,
    s.label AS stage_label,
    s.display_order AS stage_order,
    s.is_closed,
    s.probability,
    t.currency,
    (sum(t.deals))::bigint AS deals,
    sum(t.amount) AS amount
   FROM ((crmhub.crm_pipeline_totals t
     LEFT JOIN crmhub.crm_pipelines p ON (((p.org_id = t.org_id) AND (p.connection_id = t.connection_id) AND (p.external_id = t.pipeline_external_id))))
     LEFT JOIN crmhub.crm_pipeline_stages s ON (((s.org_id = t.org_id) AND (s.connection_id = t.connection_id) AND (s.pipeline_external_id = t.pipeline_external_id) AND (s.external_id = t.stage_external_id))))
  GROUP BY t.org_id, t.connection_id, t.pipeline_external_id, p.label, p.display_order, t.stage_external_id, s.label, s.display_order, s.is_closed, s.probability, t.currency;

ALTER VIEW crmhub.pipeline_summary OWNER TO crmhub_owner;

--
-- Name: VIEW pipeline_summary; Type: COMMENT; Schema: crmhub; Owner: crmhub_owner
--

COMMENT ON VIEW crmhub.pipeline_summary IS 'Live deals and amounts per stage and currency, with labels.';

--
-- Name: schema_migrations; Type: TABLE; Schema: crmhub; Owner: crmhub_owner
--

CREATE TABLE crmhub.schema_migrations (
    version character varying(128) NOT NULL,
    name text,
    sha256 text,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY crmhub.schema_migrations FORCE ROW LEVEL SECURITY;

ALTER TABLE crmhub.schema_migrations OWNER TO crmhub_owner;

--
-- Name: secrets_provider; Type: TABLE; Schema: crmhub; Owner: crmhub_owner
--

CREATE TABLE crmhub.secrets_provider (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    name text NOT NULL,
    ciphertext bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    renew_after timestamp with time zone
);

ALTER TABLE ONLY crmhub.secrets_provider FORCE ROW LEVEL SECURITY;

ALTER TABLE crmhub.secrets_provider OWNER TO crmhub_owner;

--
-- Name: set_reads; Type: TABLE; Schema: crmhub; Owner: crmhub_owner
--

CREATE TABLE crmhub.set_reads (
    org_id uuid NOT NULL,
    connection_id uuid NOT NULL,
    set_name text NOT NULL,
    external_id text NOT NULL,
    source_read_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY crmhub.set_reads FORCE ROW LEVEL SECURITY;

ALTER TABLE crmhub.set_reads OWNER TO crmhub_owner;

--
-- Name: sync_runs; Type: TABLE; Schema: crmhub; Owner: crmhub_owner
--

CREATE TABLE crmhub.sync_runs (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    connection_id uuid NOT NULL,
    org_id uuid NOT NULL,
    trigger text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    requested_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    records jsonb DEFAULT '{}'::jsonb NOT NULL,
    error_class text,
    error_message text,
    CONSTRAINT sync_runs_records_is_object CHECK ((jsonb_typeof(records) = 'object'::text)),
    CONSTRAINT sync_runs_status_valid CHECK ((status = ANY (ARRAY['pending'::text, 'running'::text, 'succeeded'::text, 'failed'::text, 'cancelled'::text]))),
    CONSTRAINT sync_runs_trigger_valid CHECK ((trigger = ANY (ARRAY['schedule'::text, 'manual'::text, 'reset'::text])))
);

ALTER TABLE ONLY crmhub.sync_runs FORCE ROW LEVEL SECURITY;

ALTER TABLE crmhub.sync_runs OWNER TO crmhub_owner;

--
-- Name: used_login_tokens; Type: TABLE; Schema: crmhub; Owner: crmhub_owner
--

CREATE TABLE crmhub.used_login_tokens (
    org_id uuid NOT NULL,
    jti_hash bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY crmhub.used_login_tokens FORCE ROW LEVEL SECURITY;

ALTER TABLE crmhub.used_login_tokens OWNER TO crmhub_owner;

--
-- Name: web_sessions; Type: TABLE; Schema: crmhub; Owner: crmhub_owner
--

CREATE TABLE crmhub.web_sessions (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    org_id uuid NOT NULL,
    role text NOT NULL,
    token_hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT web_sessions_role_valid CHECK ((role = ANY (ARRAY['viewer'::text, 'admin'::text])))
);

ALTER TABLE ONLY crmhub.web_sessions FORCE ROW LEVEL SECURITY;

ALTER TABLE crmhub.web_sessions OWNER TO crmhub_owner;

--
-- Name: count_comparisons count_comparisons_key; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.count_comparisons
    ADD CONSTRAINT count_comparisons_key PRIMARY KEY (org_id, connection_id);

--
-- Name: crm_contacts crm_contacts_key; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.crm_contacts
    ADD CONSTRAINT crm_contacts_key PRIMARY KEY (org_id, connection_id, external_id);

--
-- Name: crm_deal_contacts crm_deal_contacts_key; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.crm_deal_contacts
    ADD CONSTRAINT crm_deal_contacts_key PRIMARY KEY (org_id, connection_id, deal_external_id, contact_external_id);

--
-- Name: crm_deals crm_deals_key; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.crm_deals
    ADD CONSTRAINT crm_deals_key PRIMARY KEY (org_id, connection_id, external_id);

--
-- Name: crm_owners crm_owners_key; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.crm_owners
    ADD CONSTRAINT crm_owners_key PRIMARY KEY (org_id, connection_id, external_id);

--
-- Name: crm_pipeline_stages crm_pipeline_stages_key; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.crm_pipeline_stages
    ADD CONSTRAINT crm_pipeline_stages_key PRIMARY KEY (org_id, connection_id, pipeline_external_id, external_id);

--
-- Name: crm_pipeline_totals crm_pipeline_totals_once; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.crm_pipeline_totals
    ADD CONSTRAINT crm_pipeline_totals_once UNIQUE NULLS NOT DISTINCT (org_id, connection_id, pipeline_external_id, stage_external_id, owner_external_id, currency);

--
-- Name: crm_pipelines crm_pipelines_key; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.crm_pipelines
    ADD CONSTRAINT crm_pipelines_key PRIMARY KEY (org_id, connection_id, external_id);

--
-- Name: crm_stream_totals crm_stream_totals_key; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.crm_stream_totals
    ADD CONSTRAINT crm_stream_totals_key PRIMARY KEY (org_id, connection_id, stream);

--
-- Name: feature_flags feature_flags_key; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.feature_flags
    ADD CONSTRAINT feature_flags_key PRIMARY KEY (org_id, flag);

--
-- Name: full_pass_activated full_pass_activated_key; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.full_pass_activated
    ADD CONSTRAINT full_pass_activated_key PRIMARY KEY (org_id, connection_id, stream);

--
-- Name: full_pass_seen full_pass_seen_key; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.full_pass_seen
    ADD CONSTRAINT full_pass_seen_key PRIMARY KEY (org_id, connection_id, stream, version, external_id);

--
-- Name: oauth_states oauth_states_pkey; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.oauth_states
    ADD CONSTRAINT oauth_states_pkey PRIMARY KEY (id);

--
-- Name: pii_fingerprints pii_fingerprints_key; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.pii_fingerprints
    ADD CONSTRAINT pii_fingerprints_key PRIMARY KEY (org_id, hash_version);

--
-- Name: schema_migrations schema_migrations_pkey; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (version);

--
-- Name: secrets_provider secrets_provider_name_once; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.secrets_provider
    ADD CONSTRAINT secrets_provider_name_once UNIQUE (connection_id, name);

--
-- Name: secrets_provider secrets_provider_pkey; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.secrets_provider
    ADD CONSTRAINT secrets_provider_pkey PRIMARY KEY (id);

--
-- Name: set_reads set_reads_key; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.set_reads
    ADD CONSTRAINT set_reads_key PRIMARY KEY (org_id, connection_id, set_name, external_id);

--
-- Name: source_connections source_connections_account_once; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.source_connections
    ADD CONSTRAINT source_connections_account_once UNIQUE (org_id, provider, external_account_id);

--
-- Name: source_connections source_connections_of_org; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.source_connections
    ADD CONSTRAINT source_connections_of_org UNIQUE (org_id, id);

--
-- Name: source_connections source_connections_pkey; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.source_connections
    ADD CONSTRAINT source_connections_pkey PRIMARY KEY (id);

--
-- Name: sync_runs sync_runs_pkey; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.sync_runs
    ADD CONSTRAINT sync_runs_pkey PRIMARY KEY (id);

--
-- Name: used_login_tokens used_login_tokens_key; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.used_login_tokens
    ADD CONSTRAINT used_login_tokens_key PRIMARY KEY (org_id, jti_hash);

--
-- Name: web_sessions web_sessions_pkey; Type: CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.web_sessions
    ADD CONSTRAINT web_sessions_pkey PRIMARY KEY (id);

--
-- Name: crm_contacts_by_email; Type: INDEX; Schema: crmhub; Owner: crmhub_owner
--

CREATE INDEX crm_contacts_by_email ON crmhub.crm_contacts USING hash (email_hash) WHERE (email_hash IS NOT NULL);

--
-- Name: crm_contacts_by_mobile_phone; Type: INDEX; Schema: crmhub; Owner: crmhub_owner
--

CREATE INDEX crm_contacts_by_mobile_phone ON crmhub.crm_contacts USING hash (mobile_phone_hash) WHERE (mobile_phone_hash IS NOT NULL);

--
-- Name: crm_contacts_by_phone; Type: INDEX; Schema: crmhub; Owner: crmhub_owner
--

CREATE INDEX crm_contacts_by_phone ON crmhub.crm_contacts USING hash (phone_hash) WHERE (phone_hash IS NOT NULL);

--
-- Name: crm_contacts_owner; Type: INDEX; Schema: crmhub; Owner: crmhub_owner
--

CREATE INDEX crm_contacts_owner ON crmhub.crm_contacts USING btree (org_id, owner_external_id) WHERE (owner_external_id IS NOT NULL);

--
-- Name: crm_contacts_updated; Type: INDEX; Schema: crmhub; Owner: crmhub_owner
--

CREATE INDEX crm_contacts_updated ON crmhub.crm_contacts USING btree (org_id, source_updated_at);

--
-- Name: crm_deal_contacts_contact; Type: INDEX; Schema: crmhub; Owner: crmhub_owner
--

CREATE INDEX crm_deal_contacts_contact ON crmhub.crm_deal_contacts USING btree (org_id, connection_id, contact_external_id);

--
-- Name: crm_deals_owner; Type: INDEX; Schema: crmhub; Owner: crmhub_owner
--

CREATE INDEX crm_deals_owner ON crmhub.crm_deals USING btree (org_id, owner_external_id);

--
-- Name: crm_deals_stage; Type: INDEX; Schema: crmhub; Owner: crmhub_owner
--

CREATE INDEX crm_deals_stage ON crmhub.crm_deals USING btree (org_id, pipeline_external_id, stage_external_id);

--
-- Name: crm_deals_updated; Type: INDEX; Schema: crmhub; Owner: crmhub_owner
--

CREATE INDEX crm_deals_updated ON crmhub.crm_deals USING btree (org_id, source_updated_at);

--
-- Name: oauth_states_age; Type: INDEX; Schema: crmhub; Owner: crmhub_owner
--

CREATE INDEX oauth_states_age ON crmhub.oauth_states USING btree (expires_at);

--
-- Name: source_connections_due; Type: INDEX; Schema: crmhub; Owner: crmhub_owner
--

CREATE INDEX source_connections_due ON crmhub.source_connections USING btree (next_sync_at) WHERE (status = 'connected'::text);

--
-- Name: source_connections_erasing; Type: INDEX; Schema: crmhub; Owner: crmhub_owner
--

CREATE INDEX source_connections_erasing ON crmhub.source_connections USING btree (erase_requested_at) WHERE (erase_requested_at IS NOT NULL);

--
-- Name: source_connections_portal; Type: INDEX; Schema: crmhub; Owner: crmhub_owner
--

CREATE INDEX source_connections_portal ON crmhub.source_connections USING btree (provider, external_account_id) WHERE (external_account_id IS NOT NULL);

--
-- Name: sync_runs_age; Type: INDEX; Schema: crmhub; Owner: crmhub_owner
--

CREATE INDEX sync_runs_age ON crmhub.sync_runs USING btree (finished_at) WHERE (finished_at IS NOT NULL);

--
-- Name: sync_runs_history; Type: INDEX; Schema: crmhub; Owner: crmhub_owner
--

CREATE INDEX sync_runs_history ON crmhub.sync_runs USING btree (org_id, connection_id, requested_at DESC);

--
-- Name: sync_runs_in_flight; Type: INDEX; Schema: crmhub; Owner: crmhub_owner
--

CREATE INDEX sync_runs_in_flight ON crmhub.sync_runs USING btree (org_id) WHERE (status = ANY (ARRAY['pending'::text, 'running'::text]));

--
-- Name: sync_runs_newest; Type: INDEX; Schema: crmhub; Owner: crmhub_owner
--

CREATE INDEX sync_runs_newest ON crmhub.sync_runs USING btree (requested_at DESC, id);

--
-- Name: sync_runs_one_pending; Type: INDEX; Schema: crmhub; Owner: crmhub_owner
--

CREATE UNIQUE INDEX sync_runs_one_pending ON crmhub.sync_runs USING btree (connection_id) WHERE (status = 'pending'::text);

--
-- Name: sync_runs_one_running; Type: INDEX; Schema: crmhub; Owner: crmhub_owner
--

CREATE UNIQUE INDEX sync_runs_one_running ON crmhub.sync_runs USING btree (connection_id) WHERE (status = 'running'::text);

--
-- Name: used_login_tokens_age; Type: INDEX; Schema: crmhub; Owner: crmhub_owner
--

CREATE INDEX used_login_tokens_age ON crmhub.used_login_tokens USING btree (expires_at);

--
-- Name: web_sessions_age; Type: INDEX; Schema: crmhub; Owner: crmhub_owner
--

CREATE INDEX web_sessions_age ON crmhub.web_sessions USING btree (expires_at);

--
-- Name: source_connections fence_state; Type: TRIGGER; Schema: crmhub; Owner: crmhub_owner
--

CREATE TRIGGER fence_state BEFORE UPDATE OF state_json ON crmhub.source_connections FOR EACH ROW EXECUTE FUNCTION crmhub.fence_state();

--
-- Name: source_connections reset_connection; Type: TRIGGER; Schema: crmhub; Owner: crmhub_owner
--

CREATE TRIGGER reset_connection BEFORE UPDATE OF last_sync_at ON crmhub.source_connections FOR EACH ROW WHEN ((new.last_sync_at IS NULL)) EXECUTE FUNCTION crmhub.reset_connection();

--
-- Name: secrets_provider touch_updated_at; Type: TRIGGER; Schema: crmhub; Owner: crmhub_owner
--

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON crmhub.secrets_provider FOR EACH ROW EXECUTE FUNCTION crmhub.touch_updated_at();

--
-- Name: source_connections touch_updated_at; Type: TRIGGER; Schema: crmhub; Owner: crmhub_owner
--

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON crmhub.source_connections FOR EACH ROW EXECUTE FUNCTION crmhub.touch_updated_at();

--
-- Name: count_comparisons count_comparisons_connection; Type: FK CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.count_comparisons
    ADD CONSTRAINT count_comparisons_connection FOREIGN KEY (org_id, connection_id) REFERENCES crmhub.source_connections(org_id, id) ON DELETE CASCADE;

--
-- Name: oauth_states oauth_states_connection; Type: FK CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.oauth_states
    ADD CONSTRAINT oauth_states_connection FOREIGN KEY (org_id, connection_id) REFERENCES crmhub.source_connections(org_id, id) ON DELETE CASCADE;

--
-- Name: secrets_provider secrets_provider_connection; Type: FK CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.secrets_provider
    ADD CONSTRAINT secrets_provider_connection FOREIGN KEY (org_id, connection_id) REFERENCES crmhub.source_connections(org_id, id) ON DELETE CASCADE;

--
-- Name: sync_runs sync_runs_connection; Type: FK CONSTRAINT; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE ONLY crmhub.sync_runs
    ADD CONSTRAINT sync_runs_connection FOREIGN KEY (org_id, connection_id) REFERENCES crmhub.source_connections(org_id, id) ON DELETE CASCADE;

--
-- Name: count_comparisons; Type: ROW SECURITY; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE crmhub.count_comparisons ENABLE ROW LEVEL SECURITY;

--
-- Name: crm_contacts; Type: ROW SECURITY; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE crmhub.crm_contacts ENABLE ROW LEVEL SECURITY;

--
-- Name: crm_deal_contacts; Type: ROW SECURITY; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE crmhub.crm_deal_contacts ENABLE ROW LEVEL SECURITY;

--
-- Name: crm_deals; Type: ROW SECURITY; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE crmhub.crm_deals ENABLE ROW LEVEL SECURITY;

--
-- Name: crm_owners; Type: ROW SECURITY; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE crmhub.crm_owners ENABLE ROW LEVEL SECURITY;

--
-- Name: crm_pipeline_stages; Type: ROW SECURITY; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE crmhub.crm_pipeline_stages ENABLE ROW LEVEL SECURITY;

--
-- Name: crm_pipeline_totals; Type: ROW SECURITY; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE crmhub.crm_pipeline_totals ENABLE ROW LEVEL SECURITY;

--
-- Name: crm_pipelines; Type: ROW SECURITY; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE crmhub.crm_pipelines ENABLE ROW LEVEL SECURITY;

--
-- Name: crm_stream_totals; Type: ROW SECURITY; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE crmhub.crm_stream_totals ENABLE ROW LEVEL SECURITY;

--
-- Name: feature_flags; Type: ROW SECURITY; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE crmhub.feature_flags ENABLE ROW LEVEL SECURITY;

--
-- Name: full_pass_activated; Type: ROW SECURITY; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE crmhub.full_pass_activated ENABLE ROW LEVEL SECURITY;

--
-- Name: full_pass_seen; Type: ROW SECURITY; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE crmhub.full_pass_seen ENABLE ROW LEVEL SECURITY;

--
-- Name: schema_migrations migrations are no secret; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "migrations are no secret" ON crmhub.schema_migrations FOR SELECT USING (true);

--
-- Name: oauth_states; Type: ROW SECURITY; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE crmhub.oauth_states ENABLE ROW LEVEL SECURITY;

--
-- Name: crm_contacts own organisation only; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "own organisation only" ON crmhub.crm_contacts USING ((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK (((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif")) AND (connection_id IN ( SELECT crmhub.connections_of_organisation() AS connections_of_organisation))));

--
-- Name: crm_deal_contacts own organisation only; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "own organisation only" ON crmhub.crm_deal_contacts USING ((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK (((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif")) AND (connection_id IN ( SELECT crmhub.connections_of_organisation() AS connections_of_organisation))));

--
-- Name: crm_deals own organisation only; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "own organisation only" ON crmhub.crm_deals USING ((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK (((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif")) AND (connection_id IN ( SELECT crmhub.connections_of_organisation() AS connections_of_organisation))));

--
-- Name: crm_owners own organisation only; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "own organisation only" ON crmhub.crm_owners USING ((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK (((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif")) AND (connection_id IN ( SELECT crmhub.connections_of_organisation() AS connections_of_organisation))));

--
-- Name: crm_pipeline_stages own organisation only; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "own organisation only" ON crmhub.crm_pipeline_stages USING ((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK (((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif")) AND (connection_id IN ( SELECT crmhub.connections_of_organisation() AS connections_of_organisation))));

--
-- Name: crm_pipeline_totals own organisation only; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "own organisation only" ON crmhub.crm_pipeline_totals USING ((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK (((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif")) AND (connection_id IN ( SELECT crmhub.connections_of_organisation() AS connections_of_organisation))));

--
-- Name: crm_pipelines own organisation only; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "own organisation only" ON crmhub.crm_pipelines USING ((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK (((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif")) AND (connection_id IN ( SELECT crmhub.connections_of_organisation() AS connections_of_organisation))));

--
-- Name: crm_stream_totals own organisation only; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "own organisation only" ON crmhub.crm_stream_totals USING ((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK (((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif")) AND (connection_id IN ( SELECT crmhub.connections_of_organisation() AS connections_of_organisation))));

--
-- Name: full_pass_activated own organisation only; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "own organisation only" ON crmhub.full_pass_activated USING ((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK (((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif")) AND (connection_id IN ( SELECT crmhub.connections_of_organisation() AS connections_of_organisation))));

--
-- Name: full_pass_seen own organisation only; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "own organisation only" ON crmhub.full_pass_seen USING ((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK (((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif")) AND (connection_id IN ( SELECT crmhub.connections_of_organisation() AS connections_of_organisation))));

--
-- Name: set_reads own organisation only; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "own organisation only" ON crmhub.set_reads USING ((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK (((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif")) AND (connection_id IN ( SELECT crmhub.connections_of_organisation() AS connections_of_organisation))));

--
-- Name: pii_fingerprints; Type: ROW SECURITY; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE crmhub.pii_fingerprints ENABLE ROW LEVEL SECURITY;

--
-- Name: count_comparisons readers see their organisation's comparisons; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "readers see their organisation's comparisons" ON crmhub.count_comparisons FOR SELECT TO crmhub_reader USING ((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif")));

--
-- Name: source_connections readers see their organisation's connections; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "readers see their organisation's connections" ON crmhub.source_connections FOR SELECT TO crmhub_reader USING ((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif")));

--
-- Name: feature_flags readers see their organisation's flags; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "readers see their organisation's flags" ON crmhub.feature_flags FOR SELECT TO crmhub_reader USING ((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif")));

--
-- Name: sync_runs readers see their organisation's runs; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "readers see their organisation's runs" ON crmhub.sync_runs FOR SELECT TO crmhub_reader USING ((org_id = ( SELECT (NULLIF(current_setting('crmhub.org_id'::text, true), ''::text))::uuid AS "nullif")));

--
-- Name: schema_migrations; Type: ROW SECURITY; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE crmhub.schema_migrations ENABLE ROW LEVEL SECURITY;

--
-- Name: secrets_provider; Type: ROW SECURITY; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE crmhub.secrets_provider ENABLE ROW LEVEL SECURITY;

--
-- Name: set_reads; Type: ROW SECURITY; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE crmhub.set_reads ENABLE ROW LEVEL SECURITY;

--
-- Name: source_connections; Type: ROW SECURITY; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE crmhub.source_connections ENABLE ROW LEVEL SECURITY;

--
-- Name: sync_runs; Type: ROW SECURITY; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE crmhub.sync_runs ENABLE ROW LEVEL SECURITY;

--
-- Name: pii_fingerprints the orchestrator compares all fingerprints; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "the orchestrator compares all fingerprints" ON crmhub.pii_fingerprints TO crmhub_owner, crmhub_orchestrator USING (true) WITH CHECK (true);

--
-- Name: count_comparisons the orchestrator keeps all comparisons; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "the orchestrator keeps all comparisons" ON crmhub.count_comparisons TO crmhub_owner, crmhub_orchestrator USING (true) WITH CHECK (true);

--
-- Name: secrets_provider the orchestrator keeps all secrets; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "the orchestrator keeps all secrets" ON crmhub.secrets_provider TO crmhub_owner, crmhub_orchestrator USING (true) WITH CHECK (true);

--
-- Name: web_sessions the orchestrator keeps all sessions; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "the orchestrator keeps all sessions" ON crmhub.web_sessions TO crmhub_owner, crmhub_orchestrator USING (true) WITH CHECK (true);

--
-- Name: oauth_states the orchestrator keeps all states; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "the orchestrator keeps all states" ON crmhub.oauth_states TO crmhub_owner, crmhub_orchestrator USING (true) WITH CHECK (true);

--
-- Name: used_login_tokens the orchestrator remembers all login tokens; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "the orchestrator remembers all login tokens" ON crmhub.used_login_tokens TO crmhub_owner, crmhub_orchestrator USING (true) WITH CHECK (true);

--
-- Name: source_connections the orchestrator sees all connections; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "the orchestrator sees all connections" ON crmhub.source_connections TO crmhub_owner, crmhub_orchestrator USING (true) WITH CHECK (true);

--
-- Name: sync_runs the orchestrator sees all runs; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "the orchestrator sees all runs" ON crmhub.sync_runs TO crmhub_owner, crmhub_orchestrator USING (true) WITH CHECK (true);

--
-- Name: feature_flags the orchestrator sets all flags; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "the orchestrator sets all flags" ON crmhub.feature_flags TO crmhub_owner, crmhub_orchestrator USING (true) WITH CHECK (true);

--
-- Name: schema_migrations the owner records migrations; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "the owner records migrations" ON crmhub.schema_migrations TO crmhub_owner USING (true) WITH CHECK (true);

--
-- Name: source_connections the state backend sees the connection it serves; Type: POLICY; Schema: crmhub; Owner: crmhub_owner
--

CREATE POLICY "the state backend sees the connection it serves" ON crmhub.source_connections TO crmhub_state USING ((id = ( SELECT (NULLIF(current_setting('crmhub.connection_id'::text, true), ''::text))::uuid AS "nullif")));

--
-- Name: used_login_tokens; Type: ROW SECURITY; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE crmhub.used_login_tokens ENABLE ROW LEVEL SECURITY;

--
-- Name: web_sessions; Type: ROW SECURITY; Schema: crmhub; Owner: crmhub_owner
--

ALTER TABLE crmhub.web_sessions ENABLE ROW LEVEL SECURITY;

--
-- Name: SCHEMA crmhub; Type: ACL; Schema: -; Owner: crmhub_owner
--

GRANT USAGE ON SCHEMA crmhub TO crmhub_loader;
GRANT USAGE ON SCHEMA crmhub TO crmhub_state;
GRANT USAGE ON SCHEMA crmhub TO crmhub_orchestrator;
GRANT USAGE ON SCHEMA crmhub TO crmhub_reader;

--
-- Name: FUNCTION check_account_known(p_org_id uuid, p_connection_id uuid); Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

REVOKE ALL ON FUNCTION crmhub.check_account_known(p_org_id uuid, p_connection_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION crmhub.check_account_known(p_org_id uuid, p_connection_id uuid) TO crmhub_loader;

--
-- Name: FUNCTION check_pii_fingerprint(p_org_id uuid, p_hash_version smallint, p_fingerprint bytea); Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

REVOKE ALL ON FUNCTION crmhub.check_pii_fingerprint(p_org_id uuid, p_hash_version smallint, p_fingerprint bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION crmhub.check_pii_fingerprint(p_org_id uuid, p_hash_version smallint, p_fingerprint bytea) TO crmhub_loader;

--
-- Name: TABLE source_connections; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crmhub.source_connections TO crmhub_orchestrator;

--
-- Name: COLUMN source_connections.id; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT(id) ON TABLE crmhub.source_connections TO crmhub_reader;
GRANT SELECT(id) ON TABLE crmhub.source_connections TO crmhub_state;

--
-- Name: COLUMN source_connections.org_id; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT(org_id) ON TABLE crmhub.source_connections TO crmhub_reader;

--
-- Name: COLUMN source_connections.provider; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT(provider) ON TABLE crmhub.source_connections TO crmhub_reader;

--
-- Name: COLUMN source_connections.external_account_id; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT(external_account_id) ON TABLE crmhub.source_connections TO crmhub_reader;

--
-- Name: COLUMN source_connections.display_name; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT(display_name) ON TABLE crmhub.source_connections TO crmhub_reader;

--
-- Name: COLUMN source_connections.status; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT(status) ON TABLE crmhub.source_connections TO crmhub_reader;

--
-- Name: COLUMN source_connections.state_json; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT(state_json),UPDATE(state_json) ON TABLE crmhub.source_connections TO crmhub_state;

--
-- Name: COLUMN source_connections.last_sync_at; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT(last_sync_at) ON TABLE crmhub.source_connections TO crmhub_reader;

--
-- Name: COLUMN source_connections.synced_through; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT(synced_through) ON TABLE crmhub.source_connections TO crmhub_reader;

--
-- Name: COLUMN source_connections.next_sync_at; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT(next_sync_at) ON TABLE crmhub.source_connections TO crmhub_reader;

--
-- Name: COLUMN source_connections.last_error_class; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT(last_error_class) ON TABLE crmhub.source_connections TO crmhub_reader;

--
-- Name: COLUMN source_connections.last_error_message; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT(last_error_message) ON TABLE crmhub.source_connections TO crmhub_reader;

--
-- Name: COLUMN source_connections.last_error_at; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT(last_error_at) ON TABLE crmhub.source_connections TO crmhub_reader;

--
-- Name: COLUMN source_connections.created_at; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT(created_at) ON TABLE crmhub.source_connections TO crmhub_reader;

--
-- Name: FUNCTION connections_of_organisation(); Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

REVOKE ALL ON FUNCTION crmhub.connections_of_organisation() FROM PUBLIC;
GRANT ALL ON FUNCTION crmhub.connections_of_organisation() TO crmhub_loader;

--
-- Name: FUNCTION connections_with_state(); Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

REVOKE ALL ON FUNCTION crmhub.connections_with_state() FROM PUBLIC;
GRANT ALL ON FUNCTION crmhub.connections_with_state() TO crmhub_state;

--
-- Name: TABLE crm_contacts; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crmhub.crm_contacts TO crmhub_loader;
GRANT SELECT ON TABLE crmhub.crm_contacts TO crmhub_reader;

--
-- Name: FUNCTION contacts_of_person(p_org_id uuid, p_pseudonym bytea); Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

REVOKE ALL ON FUNCTION crmhub.contacts_of_person(p_org_id uuid, p_pseudonym bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION crmhub.contacts_of_person(p_org_id uuid, p_pseudonym bytea) TO crmhub_reader;
GRANT ALL ON FUNCTION crmhub.contacts_of_person(p_org_id uuid, p_pseudonym bytea) TO crmhub_loader;

--
-- Name: FUNCTION erase_disconnected(p_org_id uuid, p_connection_id uuid, p_rows integer); Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

REVOKE ALL ON FUNCTION crmhub.erase_disconnected(p_org_id uuid, p_connection_id uuid, p_rows integer) FROM PUBLIC;
GRANT ALL ON FUNCTION crmhub.erase_disconnected(p_org_id uuid, p_connection_id uuid, p_rows integer) TO crmhub_orchestrator;

--
-- Name: FUNCTION hold_connection(p_org_id uuid, p_connection_id uuid, p_lease_token uuid); Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

REVOKE ALL ON FUNCTION crmhub.hold_connection(p_org_id uuid, p_connection_id uuid, p_lease_token uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION crmhub.hold_connection(p_org_id uuid, p_connection_id uuid, p_lease_token uuid) TO crmhub_loader;

--
-- Name: TABLE crm_deal_contacts; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crmhub.crm_deal_contacts TO crmhub_loader;
GRANT SELECT ON TABLE crmhub.crm_deal_contacts TO crmhub_reader;

--
-- Name: TABLE crm_deals; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crmhub.crm_deals TO crmhub_loader;
GRANT SELECT ON TABLE crmhub.crm_deals TO crmhub_reader;

--
-- Name: TABLE contact_activity; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT ON TABLE crmhub.contact_activity TO crmhub_reader;

--
-- Name: TABLE count_comparisons; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crmhub.count_comparisons TO crmhub_orchestrator;
GRANT SELECT ON TABLE crmhub.count_comparisons TO crmhub_reader;

--
-- Name: TABLE crm_owners; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crmhub.crm_owners TO crmhub_loader;
GRANT SELECT ON TABLE crmhub.crm_owners TO crmhub_reader;

--
-- Name: TABLE crm_pipeline_stages; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crmhub.crm_pipeline_stages TO crmhub_loader;
GRANT SELECT ON TABLE crmhub.crm_pipeline_stages TO crmhub_reader;

--
-- Name: TABLE crm_pipeline_totals; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crmhub.crm_pipeline_totals TO crmhub_loader;
GRANT SELECT ON TABLE crmhub.crm_pipeline_totals TO crmhub_reader;

--
-- Name: TABLE crm_pipelines; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crmhub.crm_pipelines TO crmhub_loader;
GRANT SELECT ON TABLE crmhub.crm_pipelines TO crmhub_reader;

--
-- Name: TABLE crm_stream_totals; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crmhub.crm_stream_totals TO crmhub_loader;
GRANT SELECT ON TABLE crmhub.crm_stream_totals TO crmhub_reader;

--
-- Name: TABLE feature_flags; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crmhub.feature_flags TO crmhub_orchestrator;
GRANT SELECT ON TABLE crmhub.feature_flags TO crmhub_reader;

--
-- Name: TABLE full_pass_activated; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crmhub.full_pass_activated TO crmhub_loader;

--
-- Name: TABLE full_pass_seen; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT,INSERT,DELETE ON TABLE crmhub.full_pass_seen TO crmhub_loader;

--
-- Name: TABLE oauth_states; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crmhub.oauth_states TO crmhub_orchestrator;

--
-- Name: TABLE pii_fingerprints; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT ON TABLE crmhub.pii_fingerprints TO crmhub_orchestrator;

--
-- Name: TABLE pipeline_summary; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT ON TABLE crmhub.pipeline_summary TO crmhub_reader;

--
-- Name: TABLE schema_migrations; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT ON TABLE crmhub.schema_migrations TO crmhub_loader;
GRANT SELECT ON TABLE crmhub.schema_migrations TO crmhub_state;
GRANT SELECT ON TABLE crmhub.schema_migrations TO crmhub_orchestrator;
GRANT SELECT ON TABLE crmhub.schema_migrations TO crmhub_reader;

--
-- Name: TABLE secrets_provider; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crmhub.secrets_provider TO crmhub_orchestrator;

--
-- Name: TABLE set_reads; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crmhub.set_reads TO crmhub_loader;

--
-- Name: TABLE sync_runs; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crmhub.sync_runs TO crmhub_orchestrator;
GRANT SELECT ON TABLE crmhub.sync_runs TO crmhub_reader;

--
-- Name: TABLE used_login_tokens; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crmhub.used_login_tokens TO crmhub_orchestrator;

--
-- Name: TABLE web_sessions; Type: ACL; Schema: crmhub; Owner: crmhub_owner
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE crmhub.web_sessions TO crmhub_orchestrator;

--
-- PostgreSQL database dump complete
--
