"""Logins for the group roles that the migrations make.

Passwords are random, stored nowhere by us, and sent to the server as SCRAM verifiers, so
that no server log holds them (PostgreSQL documentation, "Password Authentication").
"""

from __future__ import annotations

import secrets
from typing import LiteralString

from psycopg import sql

from crmhub.database import connect, url_for_login
from crmhub.errors import DatabaseNotPreparedError

#: Group role → the environment variable that names a login of it.
LOGIN_SETTINGS: dict[LiteralString, str] = {
    "crmhub_orchestrator": "DATABASE_URL",
    "crmhub_loader": "CRMHUB_LOADER_DATABASE_URL",
    "crmhub_state": "CRMHUB_STATE_DATABASE_URL",
    "crmhub_reader": "CRMHUB_READER_DATABASE_URL",
}


def create_logins(url: str) -> dict[str, str]:
    """Make or renew one login per group role; returns group role → connection string.

    A login is called as its group with `_login` behind. Renewing changes its password, so
    processes with the old one have to be told. Raises DatabaseNotPreparedError before the
    migrations.
    """
    logins: dict[str, str] = {}
    with connect(url) as connection:
        known = {
            name
            for (name,) in connection.execute(
                "select rolname from pg_catalog.pg_roles where rolname like 'crmhub\\_%'"
            )
        }
        if missing := sorted(set(LOGIN_SETTINGS) - known):
            raise DatabaseNotPreparedError(
                f"the server lacks the role {missing[0]}: run `crmhub migrate` first"
            )
        for group in LOGIN_SETTINGS:
            login = f"{group}_login"
            password = secrets.token_urlsafe(24)
            verifier = connection.pgconn.encrypt_password(
                password.encode(), login.encode(), b"scram-sha-256"
            ).decode()
            with connection.transaction():
                if login not in known:
                    connection.execute(
                        sql.SQL("create role {} login nosuperuser nobypassrls inherit").format(
                            sql.Identifier(login)
                        )
                    )
                    connection.execute(
                        sql.SQL("grant {} to {}").format(
                            sql.Identifier(group), sql.Identifier(login)
                        )
                    )
                connection.execute(
                    sql.SQL("alter role {} password {}").format(
                        sql.Identifier(login), sql.Literal(verifier)
                    )
                )
            logins[group] = url_for_login(url, user=login, password=password)
    return logins
