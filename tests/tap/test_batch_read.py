"""Every id that is asked for is accounted for, and one odd record does not cost the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tap.canned import FakeTime, client_for
from tap.fake_objects import FakeObjects, RefusedError, missing_scopes

from tap_hubspot_crm.errors import HubSpotUnavailableError, MissingScopesError
from tap_hubspot_crm.objects import ObjectReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from requests_mock import Mocker

    from tap_hubspot_crm.reading import Reading

IDS = [str(id_) for id_ in range(1, 101)]


def _reader(fake_time: FakeTime, *properties: str, **sensitive: str) -> ObjectReader:
    return ObjectReader(client_for(fake_time), "contacts", properties, sensitivities=sensitive)


def _ids(reading: Reading) -> list[str]:
    return [row.id for row in reading.rows]


@pytest.mark.parametrize("times", [1, 2, 3])
def test_ids_passed_over_in_silence_are_asked_for_again(
    requests_mock: Mocker, fake_time: FakeTime, times: int
) -> None:
    left = {"7": times, "8": times}

    def silent(ids: list[str]) -> set[str]:
        passed_over = {id_ for id_ in ids if left.get(id_, 0) > 0}
        for id_ in passed_over:
            left[id_] -= 1
        return passed_over

    FakeObjects(ids=range(1, 101), silent=silent).serve(requests_mock)
    reading = _reader(fake_time).read(IDS)
    assert _ids(reading) == IDS
    assert not reading.unread
    assert not reading.missing


def test_an_id_that_is_answered_only_alone_is_read(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    portal = FakeObjects(
        ids=range(1, 101), silent=lambda ids: {"7"} & set(ids) if len(ids) > 1 else set()
    )
    portal.serve(requests_mock)
    assert _ids(_reader(fake_time).read(IDS)) == IDS
    assert portal.batches[-1] == 1


def test_an_id_without_any_answer_is_unread_and_not_missing(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    FakeObjects(ids=range(1, 101), silent=lambda ids: {"7", "100"} & set(ids)).serve(requests_mock)
    reading = _reader(fake_time).read([*IDS, "500"][1:])
    assert set(reading.unread) == {"7", "100"}
    assert reading.missing == {"500"}
    assert _ids(reading) == [id_ for id_ in IDS[1:] if id_ not in {"7", "100"}]


def test_a_portal_that_answers_nothing_costs_a_bounded_number_of_requests(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    portal = FakeObjects(ids=range(1, 101), silent=set)
    portal.serve(requests_mock)
    reading = _reader(fake_time).read(IDS)
    assert set(reading.unread) == set(IDS)
    assert len(portal.batches) < 30


def test_pending_says_nothing_about_what_it_lacks(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    FakeObjects(ids=range(1, 101)).serve(requests_mock)
    url = "https://api.test/crm/objects/2026-09/contacts/batch/read"
    date = {"Date": "Sun, 22 Nov 2026 10:00:00 GMT"}
    error = {"category": "OBJECT_NOT_FOUND", "context": {"ids": ["1"]}}
    body = {"status": "PENDING", "results": [], "errors": [error]}
    requests_mock.post(url, json=body, headers=date)
    reading = _reader(fake_time).read(["1"])
    assert not reading.missing
    assert set(reading.unread) == {"1"}


def test_a_404_means_that_none_of_the_ids_exists(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    def refuse(*_: object) -> None:
        raise RefusedError(404, {"category": "OBJECT_NOT_FOUND"})

    FakeObjects(ids=[], on_batch=refuse).serve(requests_mock)
    assert _reader(fake_time).read(["1", "2"]).missing == {"1", "2"}


@pytest.mark.parametrize("culprits", [{"7"}, {"1", "100"}, {"1", "2", "3", "50"}])
def test_records_that_hubspot_refuses_for_good_do_not_cost_the_others(
    requests_mock: Mocker, fake_time: FakeTime, culprits: set[str]
) -> None:
    def refuse(ids: list[str], _: Sequence[str]) -> None:
        if culprits & set(ids):
            raise RefusedError(500, {"category": "INTERNAL_ERROR"})

    FakeObjects(ids=range(1, 101), on_batch=refuse).serve(requests_mock)
    reading = _reader(fake_time).read(IDS)
    assert reading.unread == dict.fromkeys(culprits, "internal_error")
    assert _ids(reading) == [id_ for id_ in IDS if id_ not in culprits]


def test_a_single_record_is_only_called_refused_where_another_can_be_read(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    def refuse(ids: list[str], _: Sequence[str]) -> None:
        if "7" in ids:
            raise RefusedError(500)

    FakeObjects(ids=range(1, 101), on_batch=refuse).serve(requests_mock)
    assert set(_reader(fake_time, "email").read(["7"]).unread) == {"7"}


def test_an_outage_ends_the_run_and_blames_no_record(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    def refuse(*_: object) -> None:
        raise RefusedError(503)

    portal = FakeObjects(ids=range(1, 101), on_batch=refuse)
    portal.serve(requests_mock)
    with pytest.raises(HubSpotUnavailableError):
        _reader(fake_time, "email").read(IDS)
    assert 60 < sum(fake_time.slept) < 300
    assert len(portal.batches) < 80


def test_an_outage_of_a_minute_is_outlasted(requests_mock: Mocker, fake_time: FakeTime) -> None:
    begun = fake_time.now

    def refuse(*_: object) -> None:
        if fake_time.now < begun + 60:
            raise RefusedError(477)

    FakeObjects(ids=range(1, 101), on_batch=refuse).serve(requests_mock)
    assert _ids(_reader(fake_time, "email").read(IDS)) == IDS


def test_a_maximum_that_hubspot_names_is_kept_from_then_on(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    def refuse(ids: list[str], _: Sequence[str]) -> None:
        if len(ids) > 50:
            raise RefusedError(400, {"category": "VALIDATION_ERROR"})

    portal = FakeObjects(ids=range(1, 101), on_batch=refuse)
    portal.serve(requests_mock)
    reader = _reader(fake_time)
    assert _ids(reader.read(IDS)) == IDS
    portal.batches.clear()
    assert _ids(reader.read(IDS)) == IDS
    assert portal.batches == [50, 50]
    assert fake_time.slept == []


def test_properties_that_the_token_may_not_read_are_left_out_once_and_for_all(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    scope = "crm.objects.contacts.sensitive.read.v2"

    def refuse(_: Sequence[str], names: list[str]) -> None:
        if {"secret", "diagnosis"} & set(names):
            raise missing_scopes(scope)

    portal = FakeObjects(ids=range(1, 101), on_batch=refuse)
    portal.serve(requests_mock)
    names = ["email", "secret", "city", "diagnosis"]
    reader = _reader(fake_time, *names, secret="sensitive", diagnosis="sensitive")
    assert _ids(reader.read(IDS)) == IDS
    assert reader.properties.refused == {"secret", "diagnosis"}
    assert reader.properties.scopes == {scope}
    # Refused, tried without the sensitive ones, read.
    assert len(portal.batches) == 3
    assert _ids(reader.read(IDS)) == IDS
    assert len(portal.batches) == 4


@pytest.mark.parametrize("status", [403, 400, 500])
def test_a_refused_property_that_no_definition_marks_is_found_by_halves(
    requests_mock: Mocker, fake_time: FakeTime, status: int
) -> None:
    names = [f"p{number}" for number in range(40)]

    def refuse(_: Sequence[str], asked: list[str]) -> None:
        if "p13" in asked:
            raise missing_scopes() if status == 403 else RefusedError(status, {"category": "X"})

    FakeObjects(ids=range(1, 101), on_batch=refuse).serve(requests_mock)
    reader = _reader(fake_time, *names)
    assert _ids(reader.read(IDS)) == IDS
    assert reader.properties.refused == {"p13"}


def test_more_properties_than_hubspot_takes_are_read_in_parts(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    names = [f"p{number}" for number in range(1500)]

    def refuse(_: Sequence[str], asked: list[str]) -> None:
        if len(asked) > 1000:
            raise RefusedError(500)

    portal = FakeObjects(ids=range(1, 101), on_batch=refuse)
    portal.serve(requests_mock)
    reader = _reader(fake_time, *names)
    reading = reader.read(IDS)
    assert _ids(reading) == IDS
    assert reader.properties.refused == frozenset()
    assert all(
        list(reading.rows[0].values.__struct_fields__)
        and getattr(reading.rows[0].values, f"value_{name.encode().hex()}") == "x"
        for name in names
    )


def test_a_token_without_the_scope_of_the_object_is_told_so(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    def refuse(*_: object) -> None:
        raise missing_scopes("crm.objects.contacts.read")

    portal = FakeObjects(ids=range(1, 101), on_batch=refuse)
    portal.serve(requests_mock)
    with pytest.raises(MissingScopesError, match=r"crm\.objects\.contacts\.read"):
        _reader(fake_time, "email").read(IDS)
    assert len(portal.batches) <= 3


def test_many_refused_records_do_not_starve_the_few_that_can_be_read(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    culprits = {str(id_) for id_ in range(1, 8)}

    def refuse(ids: list[str], _: Sequence[str]) -> None:
        if culprits & set(ids):
            raise RefusedError(500)

    FakeObjects(ids=range(1, 101), on_batch=refuse).serve(requests_mock)
    reading = _reader(fake_time, "email").read([str(id_) for id_ in range(1, 10)])
    assert set(reading.unread) == culprits
    assert _ids(reading) == ["8", "9"]


def test_records_are_not_called_refused_where_hubspot_has_just_come_back(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    """It serves a record beside them first, and then them."""
    is_back: list[bool] = []

    def refuse(ids: list[str], _: Sequence[str]) -> None:
        if not set(ids) & set(IDS[:20]):
            is_back.append(True)
        elif not is_back:
            raise RefusedError(500)

    FakeObjects(ids=range(1, 101), on_batch=refuse).serve(requests_mock)
    reading = _reader(fake_time, "email").read(IDS[:20])
    assert is_back
    assert _ids(reading) == IDS[:20]
    assert not reading.unread
