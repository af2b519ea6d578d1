"""A set of associations is whole or unread; it is only empty where HubSpot says so twice."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from tap.canned import DATE, URL, FakeTime, client_for

from tap_hubspot_crm.association_sets import AssociationReader
from tap_hubspot_crm.errors import UnexpectedResponseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests_mock import Mocker

SETS = f"{URL}/crm/associations/2026-09/deals/contacts/batch/read"
IDS = [str(id_) for id_ in range(1, 1001)]
#: Every seventh deal has no contacts.
EMPTY = {id_ for id_ in IDS if int(id_) % 7 == 0}


@dataclass(kw_only=True)
class FakeSets:
    """Deals of which each has the contact with its own id, but for those in `EMPTY`."""

    #: Given all ids asked for: what is passed over in silence.
    silent: Callable[[list[str]], set[str]] = lambda _ids: set()
    #: The status that these ids are answered with, or None.
    status: Callable[[list[str]], int | None] = lambda _ids: None
    #: Members of the answer that replace the right ones.
    instead: dict[str, Any] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)

    def serve(self, mocker: Mocker) -> AssociationReader:
        """Answer for these deals, and return what reads them."""
        mocker.post(SETS, text=self._respond)
        return AssociationReader(client_for(FakeTime()), "deals", "contacts")

    def _respond(self, request: Any, context: Any) -> str:  # noqa: ANN401 - requests_mock's own
        context.headers.update(DATE)
        ids = [item["id"] for item in request.json()["inputs"]]
        self.sizes.append(len(ids))
        status = self.status(ids)
        if status is not None:
            context.status_code = status
            return json.dumps({"category": "OBJECT_NOT_FOUND" if status == 404 else "X"})
        answered = [id_ for id_ in ids if id_ not in self.silent(ids)]
        body = {
            "results": [_set(id_) for id_ in answered if id_ not in EMPTY],
            "errors": [_none(id_) for id_ in answered if id_ in EMPTY],
            **self.instead,
        }
        return json.dumps(body)


def _set(id_: str, **more: object) -> dict[str, Any]:
    to = {"toObjectId": int(id_), "associationTypes": [{"category": "H", "typeId": 3}]}
    return {"from": {"id": id_}, "to": [to], **more}


def _none(id_: str) -> dict[str, Any]:
    return {"category": "OBJECT_NOT_FOUND", "context": {"fromObjectId": [id_]}}


def _expected(ids: list[str]) -> dict[str, set[str]]:
    return {id_: set() if id_ in EMPTY else {id_} for id_ in ids}


def _found(reader: AssociationReader, ids: list[str]) -> dict[str, set[str]]:
    return {id_: set(links) for id_, links in reader.read(ids).links.items()}


def test_all_sets_come_with_one_request_and_the_empty_ones_with_a_second(
    requests_mock: Mocker,
) -> None:
    fake = FakeSets()
    assert _found(fake.serve(requests_mock), IDS) == _expected(IDS)
    assert fake.sizes == [1000, len(EMPTY)]


def test_a_set_that_comes_empty_once_is_not_empty(requests_mock: Mocker) -> None:
    answers = [{"results": [], "errors": [_none("1")]}, {"results": [_set("1")]}]
    requests_mock.post(SETS, [{"json": body, "headers": DATE} for body in answers])
    reader = AssociationReader(client_for(FakeTime()), "deals", "contacts")
    assert _found(reader, ["1"]) == {"1": {"1"}}


@pytest.mark.parametrize("at_once", [999, 99, 1])
def test_sets_passed_over_in_silence_are_asked_for_again(
    requests_mock: Mocker, at_once: int
) -> None:
    fake = FakeSets(
        silent=lambda ids: {"8", "14", "15"} & set(ids) if len(ids) > at_once else set()
    )
    assert _found(fake.serve(requests_mock), IDS) == _expected(IDS)


def test_a_set_without_any_answer_is_unread(requests_mock: Mocker) -> None:
    fake = FakeSets(silent=lambda ids: {"8", "14"} & set(ids))
    sets = fake.serve(requests_mock).read(IDS)
    assert set(sets.unread) == {"8", "14"}
    assert not {"8", "14"} & set(sets.links)


@pytest.mark.parametrize("instead", [{"results": [], "errors": []}, {"status": "PENDING"}])
def test_an_answer_that_says_nothing_empties_nothing(
    requests_mock: Mocker, instead: dict[str, Any]
) -> None:
    fake = FakeSets(instead=instead)
    sets = fake.serve(requests_mock).read(IDS)
    assert not sets.links
    assert set(sets.unread) == set(IDS)
    assert len(fake.sizes) < 30


def test_a_maximum_of_a_hundred_is_kept_from_then_on(requests_mock: Mocker) -> None:
    fake = FakeSets(status=lambda ids: 400 if len(ids) > 100 else None)
    reader = fake.serve(requests_mock)
    assert _found(reader, IDS) == _expected(IDS)
    fake.sizes.clear()
    assert _found(reader, IDS) == _expected(IDS)
    assert max(fake.sizes) == 100


def test_a_deal_that_hubspot_refuses_for_good_does_not_cost_the_others(
    requests_mock: Mocker,
) -> None:
    fake = FakeSets(status=lambda ids: 500 if "8" in ids else None)
    sets = fake.serve(requests_mock).read(IDS)
    assert sets.unread == {"8": "x"}
    assert set(sets.links) == set(IDS) - {"8"}


def test_a_404_means_that_none_of_the_deals_has_any(requests_mock: Mocker) -> None:
    fake = FakeSets(status=lambda _: 404)
    assert _found(fake.serve(requests_mock), ["1", "2"]) == {"1": set(), "2": set()}
    assert fake.sizes == [2, 2]


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_cursor_of_a_set_that_comes_back_ends_by_class(
    requests_mock: Mocker, length: int
) -> None:
    pages = [
        {"json": {"results": [_set("1", paging={"next": {"after": str(n % length)}})]}}
        for n in range(10)
    ]
    requests_mock.post(SETS, [{**page, "headers": DATE} for page in pages])
    reader = AssociationReader(client_for(FakeTime()), "deals", "contacts")
    with pytest.raises(UnexpectedResponseError, match="came twice"):
        reader.read(["1"])


def test_a_further_page_that_is_said_not_to_be_there_does_not_cut_the_set_short(
    requests_mock: Mocker,
) -> None:
    first = {"results": [_set("1", paging={"next": {"after": "x"}})]}
    second = {"results": [{**_set("2"), "from": {"id": "1"}}]}
    answers = [first, {"results": [], "errors": [_none("1")]}, first, second]
    requests_mock.post(SETS, [{"json": body, "headers": DATE} for body in answers])
    reader = AssociationReader(client_for(FakeTime()), "deals", "contacts")
    assert _found(reader, ["1"]) == {"1": {"1", "2"}}


def test_a_set_whose_further_page_never_comes_is_unread_after_a_bounded_number_of_requests(
    requests_mock: Mocker,
) -> None:
    first = {"results": [_set("1", paging={"next": {"after": "x"}})]}
    gone = {"results": [], "errors": [_none("1")]}
    answers = [first, gone] * 50
    requests_mock.post(SETS, [{"json": body, "headers": DATE} for body in answers])
    reader = AssociationReader(client_for(FakeTime()), "deals", "contacts")
    assert set(reader.read(["1"]).unread) == {"1"}
    assert requests_mock.call_count < 20
