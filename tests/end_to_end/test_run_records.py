"""What the recorded runs and states tell of connections that got into each other's way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from end_to_end.run_records import crossed_bookmarks

if TYPE_CHECKING:
    from databases import TestDatabase


def test_a_bookmark_of_another_connection_is_told_from_one_of_the_same_moment(
    database: TestDatabase,
) -> None:
    pairs = [database.add_connection() for _ in range(2)]
    for org_id, connection_id in pairs:
        database.rows(
            "update crmhub.source_connections set state_json = "
            """'{"bookmarks": {"contacts": {"version": 5}, "deals": {"version": 7}}}' """
            "where id = %s",
            [connection_id],
        )
        database.rows(
            "insert into crmhub.full_pass_activated (org_id, connection_id, stream, version) "
            "values (%s, %s, 'contacts', 5)",
            [org_id, connection_id],
        )
    assert crossed_bookmarks(database) == 0
    database.rows(
        "update crmhub.full_pass_activated set version = 4 where connection_id = %s", [pairs[0][1]]
    )
    assert crossed_bookmarks(database) == 1
