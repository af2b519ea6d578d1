"""An organisation moves to another database by the commands of the operator's page."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
import pytest
from operations.documents import OPERATIONS, blocks, statements
from operations.restored import TOKEN, rows_of, synced_hub
from operations.shell import run_block
from orchestrator.terminal import KEY
from psycopg import sql
from target.loading import record, schema, state

from crmhub.connection_status import pause_connection, resume_connection
from crmhub.database import connect
from crmhub.erasing import erase_forgotten
from crmhub.vault.keyring import read_keyring
from crmhub.vault.store import ACCESS_TOKEN, find_secret

if TYPE_CHECKING:
    from pathlib import Path

    from databases import TestDatabase, TestServer
    from target.loading import Hub
    from warm_programs import WarmPrograms

PAGE = (OPERATIONS / "moving.md").read_text(encoding="utf-8")
COPYING = blocks(PAGE, "sh")[1]
#: Of people who are on the way somewhere; they begin anew at the new side.
NOT_MOVED = {"web_sessions", "oauth_states", "used_login_tokens"}


def tables_of_organisations(database: TestDatabase) -> set[str]:
    rows = database.rows(
        "select table_name from information_schema.columns "
        "join information_schema.tables using (table_schema, table_name) "
        "where table_schema = 'crmhub' and table_type = 'BASE TABLE' and column_name = 'org_id'"
    )
    return {row["table_name"] for row in rows}


def rows_left(hub: Hub) -> dict[str, int]:
    """Table → rows of the organisation, where there are any."""
    with psycopg.connect(hub.database.url) as connection:
        counted = {
            table: connection.execute(
                sql.SQL("select count(*) from crmhub.{} where org_id = %s").format(
                    sql.Identifier(table)
                ),
                [hub.org_id],
            ).fetchall()[0][0]
            for table in tables_of_organisations(hub.database)
        }
    return {table: rows for table, rows in counted.items() if rows}


def test_every_table_with_rows_of_organisations_is_moved(database: TestDatabase) -> None:
    """Whoever adds one is told here to add it to the page."""
    [listed] = re.findall(r"for table in (.*?)\n *do", COPYING, re.DOTALL)
    assert set(listed.replace("\\", " ").split()) == tables_of_organisations(database) - NOT_MOVED


def test_an_organisation_moves_with_its_rows_state_and_tokens_and_leaves_nothing(
    database: TestDatabase,
    database_server: TestServer,
    programs: WarmPrograms,
    tmp_path: Path,
) -> None:
    old = synced_hub(database, programs)
    stays = database.add_connection()
    with database_server.clone() as new_database:
        new = replace(old, database=new_database)
        with connect(database.url_as("crmhub_orchestrator")) as connection:
            pause_connection(connection, old.connection_id)
        settings = {"FROM_URL": database.url, "TO_URL": new_database.url, "ORG": str(old.org_id)}
        run_block(COPYING, folder=tmp_path, settings=settings)
        assert rows_of(new) == rows_of(old)
        assert rows_left(new) == rows_left(old)
        assert len(rows_left(new)) >= 10
        ids = new_database.rows("select id from crmhub.source_connections")
        assert ids == [{"id": old.connection_id}]
        # A second time is refused as a whole.
        with pytest.raises(AssertionError, match="duplicate key"):
            run_block(COPYING, folder=tmp_path, settings=settings)
        assert rows_left(new) == rows_left(old)
        goes_on(new)
    forget(old)
    assert rows_left(old) == {}
    [row] = database.rows("select id, org_id from crmhub.source_connections")
    assert (row["org_id"], row["id"]) == stays


def goes_on(hub: Hub) -> None:
    """The next run there finds token and rows, and writes beside them."""
    with connect(hub.database.url_as("crmhub_orchestrator")) as connection:
        found = find_secret(connection, read_keyring(KEY), hub.connection_id, ACCESS_TOKEN)
        assert found is not None
        assert found.secret.reveal() == TOKEN
        resume_connection(connection, hub.connection_id)
    before = hub.keys("crm_contacts")
    token = hub.database.take_lease(hub.connection_id)
    hub.having(lease_token=str(token)).load(
        [schema("contacts"), record("contacts", id="9", email="n@example.com"), state()]
    )
    assert hub.keys("crm_contacts") == sorted([*before, "9"])


def forget(hub: Hub) -> None:
    """What the page says for the old side, with a worker's round in between."""
    first, rest = blocks(PAGE, "sql")
    with psycopg.connect(
        hub.database.url_as("crmhub_orchestrator"), autocommit=True
    ) as orchestrator:
        for statement in statements(first):
            orchestrator.execute(statement, {"org": hub.org_id})
        while erase_forgotten(orchestrator):
            pass
    with psycopg.connect(hub.database.url) as superuser:
        for statement in statements(rest):
            superuser.execute(statement, {"org": hub.org_id})
