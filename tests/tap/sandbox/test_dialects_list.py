"""Lists with smaller pages, cursors in a circle and records that can't be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tap.sandbox.dialects import played, speak

if TYPE_CHECKING:
    from tap.sandbox.caller import Caller

CONTACTS = "/crm/objects/2026-09/contacts"


def test_smaller_pages_may_be_asked_for_by_a_400(caller: Caller) -> None:
    speak(caller, list_limit=20)
    reply = caller.get(CONTACTS, limit="21")
    assert (reply.status, reply.body["category"]) == (400, "VALIDATION_ERROR")
    assert "at most 20" in reply.body["message"]
    assert len(caller.get(CONTACTS, limit="20").ids) == 20


def test_a_page_with_a_refused_record_is_a_500_unless_it_names_no_property(caller: Caller) -> None:
    speak(caller, list_refuses=True, batch_refusal={"records": ["contacts/51"]})
    assert caller.get(CONTACTS, properties="email").status == 500
    assert caller.get(CONTACTS, properties="email", limit="1").ids == ["1"]
    assert caller.get(CONTACTS, properties="email", after="52").status == 200
    assert "51" in caller.get(CONTACTS).ids
    assert "51" in caller.get(CONTACTS, properties="").ids
    assert played(caller) == {"list_refuses": 1}


@pytest.mark.parametrize("cycle", [1, 2, 3])
@pytest.mark.parametrize("style", ["id", "restart", "opaque"])
def test_the_cursors_lead_in_a_circle(caller: Caller, cycle: int, style: str) -> None:
    speak(caller, list_cursor_cycle=cycle, list_cursor=style)
    cursors: list[str] = []
    firsts: list[str] = []
    query: dict[str, str] = {}
    for _ in range(2 * cycle):
        page = caller.get(CONTACTS, limit="10", **query)
        firsts.append(page.ids[0])
        query = {"after": page.body["paging"]["next"]["after"]}
        cursors.append(query["after"])
    assert firsts[:cycle] == firsts[cycle:]
    assert len(set(cursors)) == len(set(firsts)) == cycle
    assert "paging" not in caller.get(CONTACTS, limit="60").body
