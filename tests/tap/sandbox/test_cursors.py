"""What the list makes of a cursor it did not give out, and pages in no order."""

from dataclasses import replace

import pytest
from tap.sandbox.caller import Caller

from hubspot_sandbox.dialect import CursorStyle

CONTACTS = "/crm/objects/2026-09/contacts"


def _speak(caller: Caller, style: CursorStyle) -> None:
    caller.sandbox.dialect = replace(caller.sandbox.dialect, list_cursor=style)


def _walk(caller: Caller, **query: str) -> list[str]:
    ids: list[str] = []
    after: str | None = None
    while True:
        given = {} if after is None else {"after": after}
        page = caller.get(CONTACTS, limit="7", **given, **query)
        ids += page.ids
        after = page.body.get("paging", {}).get("next", {}).get("after")
        if after is None:
            return ids


@pytest.mark.parametrize("style", ["id", "restart", "rounded", "refused", "error", "opaque"])
def test_cursors_that_were_given_out_lead_through_everything_once(
    caller: Caller, style: CursorStyle
) -> None:
    _speak(caller, style)
    ids = _walk(caller)
    assert len(ids) == len(set(ids)) == 60
    caller.portal.archive("contacts", *ids[10:40])
    assert _walk(caller, archived="true") == ids[10:40]


@pytest.mark.parametrize(
    ("style", "first"),
    [("id", "251"), ("restart", "1"), ("rounded", "1"), ("opaque", "1")],
)
def test_a_made_up_cursor_leads_where_the_dialect_says(
    caller: Caller, style: CursorStyle, first: str
) -> None:
    _speak(caller, style)
    assert caller.get(CONTACTS, limit="1", after="210").ids == [first]


def test_a_made_up_cursor_is_rounded_down_or_refused(caller: Caller) -> None:
    _speak(caller, "rounded")
    assert int(caller.get(CONTACTS, limit="1", after="200999").ids[0]) >= 200_000
    _speak(caller, "refused")
    assert caller.get(CONTACTS, after="210").status == 400
    _speak(caller, "error")
    assert caller.get(CONTACTS, after="210").status == 500


def test_opaque_cursors_tell_no_id_and_garbage_begins_from_the_start(caller: Caller) -> None:
    _speak(caller, "opaque")
    after = caller.get(CONTACTS, limit="2").body["paging"]["next"]["after"]
    assert "52" not in after
    assert caller.get(CONTACTS, limit="1", after=after).ids == ["101"]
    for garbage in ("!!", "abc", after[:-1], "52"):
        assert caller.get(CONTACTS, limit="1", after=garbage).ids == ["1"]


def test_a_cursor_is_good_after_its_record_was_archived_merged_or_purged(caller: Caller) -> None:
    _speak(caller, "restart")
    caller.portal.archive("contacts", 51)
    assert caller.get(CONTACTS, limit="1", after="52").ids == ["101"]
    caller.portal.merge("contacts", 101, 151)
    assert caller.get(CONTACTS, limit="1", after="152").ids == ["201"]
    caller.portal.purge("contacts", 201)
    assert caller.get(CONTACTS, limit="1", after="202").ids == ["251"]


def test_rows_of_a_page_come_in_no_order_where_switched_on(caller: Caller) -> None:
    plain = _walk(caller)
    caller.control("PUT", "/sandbox/dialect", {"shuffles_list_pages": True})
    shuffled = _walk(caller)
    assert shuffled != plain
    assert sorted(shuffled, key=int) == plain
    assert caller.control("PUT", "/sandbox/dialect", {"list_cursor": "magic"}).status == 400
