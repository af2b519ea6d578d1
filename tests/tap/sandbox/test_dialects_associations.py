"""Batch reads of associations that keep silent, lead in circles and refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tap.sandbox.dialects import LINKS, deals_with_contacts, played, sets, speak

if TYPE_CHECKING:
    from tap.sandbox.caller import Caller, Reply


def _found(reply: Reply) -> set[str]:
    return {result["from"]["id"] for result in reply.body["results"]}


def _empty(reply: Reply) -> set[str]:
    errors = reply.body.get("errors", ())
    return {id_ for error in errors for id_ in error["context"]["fromObjectId"]}


def test_a_set_is_passed_over_and_then_answered(caller: Caller) -> None:
    deals = deals_with_contacts(caller)
    speak(caller, associations_silence={"share": 1})
    first, again = sets(caller, *deals), sets(caller, *deals)
    assert (_found(first), _empty(first)) == (set(), set())
    assert _found(again) == set(deals)
    assert played(caller) == {"associations_silence": len(deals)}


def test_silence_is_the_pairs_own(caller: Caller) -> None:
    speak(caller, associations_silence={"share": 1})
    [deal] = deals_with_contacts(caller)[:1]
    assert not _found(sets(caller, deal))
    [contact] = [str(id_) for id_ in caller.portal.linked("deals", int(deal))][:1]
    path = "/crm/associations/2026-09/contacts/deals/batch/read"
    other = caller.post(path, {"inputs": [{"id": contact}]})
    assert not _found(other), "the first time from the other side"
    assert _found(sets(caller, deal)) == {deal}


@pytest.mark.parametrize(("form", "status"), [("pending", "PENDING"), ("empty", "COMPLETE")])
def test_silence_takes_other_forms(caller: Caller, form: str, status: str) -> None:
    deals = deals_with_contacts(caller)
    speak(caller, associations_silence={"share": 0.5, "times": None, "form": form})
    reply = sets(caller, *deals, "999")
    assert (reply.body["status"], bool(_found(reply))) == (status, form == "pending")
    assert len(_found(reply)) < len(deals)
    assert ("errors" in reply.body) == (form == "pending")


def test_a_set_may_only_be_answered_alone(caller: Caller) -> None:
    first, second, *_ = deals_with_contacts(caller)
    speak(caller, associations_silence={"share": 1, "times": None, "answers_alone": True})
    assert not _found(sets(caller, first, second))
    assert _found(sets(caller, first)) == {first}


def test_a_set_comes_empty_the_first_time(caller: Caller) -> None:
    deals = deals_with_contacts(caller)
    speak(caller, associations_missing={"share": 1})
    first, again = sets(caller, *deals), sets(caller, *deals)
    assert (_found(first), _empty(first)) == (set(), set(deals))
    assert _found(again) == set(deals)
    assert played(caller) == {"associations_missing": len(deals)}


def test_fewer_inputs_may_be_allowed(caller: Caller) -> None:
    speak(caller, associations_inputs=100)
    replies = [sets(caller, *map(str, range(count))) for count in (100, 101)]
    assert [reply.status for reply in replies] == [207, 400]
    assert "maximum number of inputs" in replies[1].body["message"]


def test_a_refused_set_is_a_500_or_an_error_of_another_category(caller: Caller) -> None:
    first, second, *_ = deals_with_contacts(caller)
    speak(caller, associations_refusal={"records": [f"deals/{first}"]})
    assert sets(caller, first, second).status == 500
    assert sets(caller, second).status == 200
    speak(caller, associations_refusal={"records": [f"deals/{first}"], "answer": "error"})
    reply = sets(caller, first, second)
    assert (reply.status, _found(reply), _empty(reply)) == (207, {second}, {first})
    assert reply.body["errors"][0]["category"] == "INTERNAL_ERROR"
    assert caller.batch("deals", first).ids == [first], "the record itself is readable"


def test_errors_may_come_without_their_ids(caller: Caller) -> None:
    speak(caller, errors_name_ids=False)
    [error] = sets(caller, "999").body["errors"]
    assert "context" not in error


@pytest.mark.parametrize("cycle", [1, 2, 3])
def test_the_cursors_of_one_set_lead_in_a_circle(empty: Caller, cycle: int) -> None:
    deal = empty.portal.create("deals", {})
    contacts = [empty.portal.create("contacts", {}) for _ in range(7)]
    for contact in contacts:
        empty.portal.associate(deal, contact)
    short = empty.portal.create("deals", {})
    empty.portal.associate(short, contacts[0])
    speak(empty, associations_page=2, associations_cursor_cycle=cycle)
    pages: list[str] = []
    cursors: list[str] = []
    entry = {"id": deal}
    for _ in range(2 * cycle):
        [result] = empty.post(LINKS, {"inputs": [entry]}).body["results"]
        pages.append(result["to"][0]["toObjectId"])
        entry = {"id": deal, "after": result["paging"]["next"]["after"]}
        cursors.append(entry["after"])
    assert pages[:cycle] == pages[cycle:]
    assert len(set(cursors)) == len(set(pages)) == cycle
    assert "paging" not in sets(empty, short).body["results"][0]
