"""Batch reads that keep silent, lie about what is there, and refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tap.sandbox.dialects import played, speak

if TYPE_CHECKING:
    from tap.sandbox.caller import Caller

PATH = "/crm/objects/2026-09/contacts/batch/read"


def _silent(caller: Caller, ids: list[str]) -> set[str]:
    """Return which of the ids an answer passes over."""
    reply = caller.batch("contacts", *ids)
    told = {id_ for error in reply.body.get("errors", ()) for id_ in error["context"]["ids"]}
    return set(ids) - set(reply.ids) - told


def _ids(caller: Caller) -> list[str]:
    return [str(id_) for id_ in caller.portal.stores["contacts"].ids()]


def test_an_id_is_passed_over_as_often_as_told_and_then_answered(caller: Caller) -> None:
    speak(caller, batch_silence={"share": 1, "times": 2})
    passed = [_silent(caller, ["1", "51", "999"]) for _ in range(10)]
    everything = {"1", "51", "999"}
    assert passed == [everything, everything, set(), set(), set()] * 2
    assert played(caller) == {"batch_silence": 12}


def test_a_share_of_the_ids_is_passed_over_always_and_the_seed_says_which(caller: Caller) -> None:
    ids = _ids(caller)
    speak(caller, batch_silence={"share": 0.3, "times": None})
    first = _silent(caller, ids)
    assert 5 < len(first) < 35
    assert all(_silent(caller, ids) == first for _ in range(3))
    speak(caller, seed=1)
    assert _silent(caller, ids) != first


def test_a_silent_id_may_be_answered_alone(caller: Caller) -> None:
    speak(caller, batch_silence={"share": 1, "times": None, "answers_alone": True})
    assert _silent(caller, ["1", "51"]) == {"1", "51"}
    assert caller.batch("contacts", "51").ids == ["51"]
    speak(caller, batch_silence={"share": 1, "times": None})
    assert caller.batch("contacts", "51").ids == []


def test_a_pending_answer_holds_what_is_there(caller: Caller) -> None:
    speak(caller, batch_silence={"share": 0.3, "times": None, "form": "pending"})
    reply = caller.batch("contacts", *_ids(caller))
    assert (reply.status, reply.body["status"]) == (200, "PENDING")
    assert 25 < len(reply.ids) < 55
    [answered] = reply.ids[:1]
    assert caller.batch("contacts", answered).body["status"] == "COMPLETE"


def test_an_empty_answer_has_neither_results_nor_errors(caller: Caller) -> None:
    speak(caller, batch_silence={"share": 0.3, "form": "empty"})
    ids = [*_ids(caller), "999"]
    reply = caller.batch("contacts", *ids)
    assert (reply.status, reply.ids, "errors" in reply.body) == (200, [], False)
    again = caller.batch("contacts", *ids)
    assert (again.status, len(again.ids)) == (207, 60)


def test_records_that_are_there_are_said_not_to_be(caller: Caller) -> None:
    speak(caller, batch_missing={"share": 1})
    reply = caller.batch("contacts", "1", "51")
    assert (reply.ids, reply.body["errors"][0]["context"]) == ([], {"ids": ["1", "51"]})
    assert caller.batch("contacts", "1", "51").ids == ["1", "51"]
    assert played(caller) == {"batch_missing": 2}


def test_none_of_the_ids_may_be_one_404(caller: Caller) -> None:
    speak(caller, batch_all_missing="404")
    reply = caller.batch("contacts", "999", "998")
    assert (reply.status, reply.body["category"]) == (404, "OBJECT_NOT_FOUND")
    assert caller.batch("contacts", "999", "1").status == 207


def test_archived_records_may_be_invisible(caller: Caller) -> None:
    caller.portal.archive("contacts", "51")
    speak(caller, batch_reads_archived=False)
    reply = caller.batch("contacts", "51", archived=True)
    assert (reply.ids, reply.body["errors"][0]["context"]) == ([], {"ids": ["51"]})
    assert caller.get("/crm/objects/2026-09/contacts", archived="true").ids == ["51"]


def test_fewer_inputs_may_be_allowed(caller: Caller) -> None:
    speak(caller, batch_inputs=2)
    reply = caller.batch("contacts", "1", "51", "101")
    assert (reply.status, reply.body["category"]) == (400, "VALIDATION_ERROR")
    assert "maximum number of inputs" in reply.body["message"]
    assert reply.body["message"].endswith(" is 2")
    assert caller.batch("contacts", "1", "51").status == 200


def test_too_many_properties_may_be_a_500(caller: Caller) -> None:
    speak(caller, batch_properties=2)
    statuses = [
        caller.post(PATH, {"inputs": [{"id": "1"}], "properties": names}).status
        for names in (["email", "city"], ["email", "city", "phone"])
    ]
    assert statuses == [200, 500]


def test_a_refused_record_is_a_500_for_every_read_that_holds_it(caller: Caller) -> None:
    speak(caller, batch_refusal={"records": ["contacts/51"]})
    assert caller.batch("contacts", "1", "51").status == 500
    assert caller.batch("contacts", "51").status == 500
    assert caller.get("/crm/objects/2026-09/contacts/51").status == 500
    assert caller.batch("contacts", "1").status == 200
    assert caller.batch("deals", "1", "51").status == 200
    assert "51" in caller.get("/crm/objects/2026-09/contacts").ids


def test_a_refused_record_may_be_an_error_of_another_category(caller: Caller) -> None:
    speak(caller, batch_refusal={"records": ["contacts/51"], "answer": "error"})
    reply = caller.batch("contacts", "1", "51", "999")
    assert (reply.status, reply.ids, reply.body["numErrors"]) == (207, ["1"], 2)
    told = {error["category"]: error["context"]["ids"] for error in reply.body["errors"]}
    assert told == {"INTERNAL_ERROR": ["51"], "OBJECT_NOT_FOUND": ["999"]}


def test_a_share_of_the_records_is_refused(caller: Caller) -> None:
    speak(caller, batch_refusal={"share": 0.2, "answer": "error"})
    first, again = (caller.batch("contacts", *_ids(caller)) for _ in range(2))
    assert first.ids == again.ids
    assert 35 < len(first.ids) < 58


def test_errors_may_come_without_their_ids(caller: Caller) -> None:
    speak(caller, errors_name_ids=False)
    [error] = caller.batch("contacts", "1", "999").body["errors"]
    assert (error["category"], "context" in error) == ("OBJECT_NOT_FOUND", False)


@pytest.mark.parametrize(
    "switches",
    [
        {"batch_silence": {"share": 1.5}},
        {"batch_silence": {"form": "loud"}},
        {"batch_silence": {"often": 1}},
        {"batch_refusal": {"share": -1}},
        {"search_displaced": 2},
        {"batch_inputs": None},
        {"batch_refusal": {"records": "contacts/51"}},
    ],
)
def test_a_switch_that_cannot_be_is_refused(caller: Caller, switches: dict[str, object]) -> None:
    before = caller.sandbox.dialect
    assert caller.control("PUT", "/sandbox/dialect", switches).status == 400
    assert caller.sandbox.dialect == before
