"""How programs of the hub connect to PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmhub.database import connect, translating_errors, watched
from crmhub.errors import CrmHubError, DatabaseNotPreparedError, DatabaseUnreachableError

if TYPE_CHECKING:
    from databases import TestDatabase


def test_a_server_that_is_gone_without_a_word_is_missed_after_a_minute(
    database: TestDatabase,
) -> None:
    with connect(database.url) as connection:
        told = connection.info.get_parameters()
    assert told["tcp_user_timeout"] == "60000"
    assert (told["keepalives_idle"], told["keepalives_count"]) == ("30", "3")


def test_an_address_may_say_otherwise() -> None:
    text = watched("postgresql://someone@somewhere/crm?tcp_user_timeout=5000&sslmode=require")
    assert "tcp_user_timeout=5000" in text
    assert "keepalives_idle=30" in text
    assert "sslmode=require" in text


@pytest.mark.parametrize(
    "statement",
    ["select nothing from crmhub.source_connections", "select 1 from crmhub.nothing"],
)
def test_a_database_that_lacks_a_part_is_to_be_migrated(
    database: TestDatabase, statement: str
) -> None:
    with (
        pytest.raises(DatabaseNotPreparedError, match="crmhub migrate"),
        connect(database.url) as connection,
    ):
        connection.execute(statement.encode())


def test_a_database_that_takes_no_writes_is_one_to_wait_for(database: TestDatabase) -> None:
    """As a standby that is about to take over, for some seconds."""
    url = f"{database.url}?options=-c%20default_transaction_read_only%3Don"
    with pytest.raises(DatabaseUnreachableError, match="no writes"), connect(url) as connection:
        connection.execute("create table crmhub.nothing ()")


def test_what_is_ours_is_not_translated() -> None:
    with pytest.raises(CrmHubError, match="as it is"), translating_errors("DATABASE_URL"):
        raise CrmHubError("as it is")
