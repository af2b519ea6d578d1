"""Recorded answers to reads of many records: what becomes of each id that was asked for."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from tap.canned import CONTACTS, URL, FakeTime, client_for
from tap.fake_objects import FakeObjects, RefusedError
from tap.recordings import answer, recording

from tap_hubspot_crm.association_sets import AssociationReader, link_record
from tap_hubspot_crm.definitions import read_definitions
from tap_hubspot_crm.errors import UnexpectedResponseError
from tap_hubspot_crm.objects import ObjectReader
from tap_hubspot_crm.properties import object_schema
from tap_hubspot_crm.reading import SILENCE
from tap_hubspot_crm.record_lines import as_dictionary
from tap_hubspot_crm.records import RecordShape
from tap_hubspot_crm.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from requests_mock import Mocker

    from tap_hubspot_crm.association_sets import AssociationSets
    from tap_hubspot_crm.reading import Reading

BATCH = f"{CONTACTS}/batch/read"
SETS = f"{URL}/crm/associations/2026-09/deals/contacts/batch/read"
PROPERTIES = f"{URL}/crm/properties/2026-09/contacts"


def _read(fake_time: FakeTime, *ids: str) -> Reading:
    return ObjectReader(client_for(fake_time), "contacts", ["email"]).read(ids)


def _read_sets(fake_time: FakeTime, *ids: str) -> AssociationSets:
    return AssociationReader(client_for(fake_time), "deals", "contacts").read(ids)


def _answer_to(names: dict[str, str], other: str) -> Callable[[Any, Any], object]:
    """Return the recording of the first of the ids that a request asks for, else the other one."""

    def respond(request: Any, context: Any) -> object:  # noqa: ANN401 - requests_mock's own
        asked = [item["id"] for item in request.json()["inputs"]]
        chosen = answer(next((names[id_] for id_ in names if id_ in asked), other))
        context.status_code = chosen["status_code"]
        context.headers.update(chosen["headers"])
        return chosen["json"]

    return respond


def test_records_that_hubspot_does_not_have_are_missing_and_the_others_are_read(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    requests_mock.post(BATCH, [answer("batch_read_not_found")])
    reading = _read(fake_time, "51", "101", "102")
    assert [row.id for row in reading.rows] == ["51"]
    assert reading.missing == {"101", "102"}
    assert not reading.unread
    assert requests_mock.call_count == 1


@pytest.mark.parametrize("name", ["batch_read_none_found", "batch_read_none_found_404"])
def test_a_batch_of_which_nothing_is_there_is_missing(
    requests_mock: Mocker, fake_time: FakeTime, name: str
) -> None:
    requests_mock.post(BATCH, [answer(name)])
    reading = _read(fake_time, "51", "101")
    assert reading.missing == {"51", "101"}
    assert fake_time.slept == []


def test_a_record_that_comes_under_another_id_was_merged(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    requests_mock.post(BATCH, [answer("batch_read_merged")])
    reading = _read(fake_time, "101")
    assert {loser: row.id for loser, row in reading.merged.items()} == {"101": "84805801"}
    assert not reading.missing
    assert not reading.unread


@pytest.mark.parametrize(
    "name",
    ["batch_read_pending", "batch_read_processing", "batch_read_canceled", "batch_read_empty"],
)
def test_a_batch_that_says_nothing_is_not_taken_for_the_absence_of_its_records(
    requests_mock: Mocker, fake_time: FakeTime, name: str
) -> None:
    requests_mock.post(BATCH, [answer(name)])
    reading = _read(fake_time, "51", "101")
    assert not reading.rows
    assert not reading.missing
    assert reading.unread == {"51": SILENCE, "101": SILENCE}
    assert requests_mock.call_count < 10


def test_a_record_that_is_passed_over_is_not_missing(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    requests_mock.post(BATCH, json=_answer_to({"51": "batch_read_silent"}, "batch_read_empty"))
    reading = _read(fake_time, "51", "101")
    assert [row.id for row in reading.rows] == ["51"]
    assert not reading.missing
    assert reading.unread == {"101": SILENCE}


def test_a_maximum_of_inputs_halves_the_batch(requests_mock: Mocker, fake_time: FakeTime) -> None:
    maximum = recording("batch_read_maximum")

    def refuse(ids: list[str], _: Sequence[str]) -> None:
        if len(ids) > 50:
            raise RefusedError(maximum.status, maximum.body)

    portal = FakeObjects(ids=range(1, 101), on_batch=refuse)
    portal.serve(requests_mock)
    reading = _read(fake_time, *map(str, range(1, 101)))
    assert len(reading.rows) == 100
    assert portal.batches == [100, 50, 50]
    assert fake_time.slept == []


def test_more_properties_than_hubspot_reads_are_asked_for_in_parts(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    too_much = recording("batch_read_too_much")

    def refuse(_: Sequence[str], names: list[str]) -> None:
        if len(names) > 1000:
            raise RefusedError(too_much.status, too_much.body)

    FakeObjects(ids=[1], on_batch=refuse).serve(requests_mock)
    names = [f"p{number}" for number in range(1200)]
    reader = ObjectReader(client_for(fake_time), "contacts", names)
    assert [row.id for row in reader.read(["1"]).rows] == ["1"]
    assert not reader.properties.refused


def test_no_associations_is_an_empty_set_and_numbers_are_ids(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    requests_mock.post(SETS, [answer("associations_none_found")])
    sets = _read_sets(fake_time, "501", "502")
    assert link_record("501", sets.links["501"]) == {
        "deal_id": "501",
        "contacts": [
            {
                "id": "29022297001",
                "types": [
                    {"category": "HUBSPOT_DEFINED", "type_id": 3, "label": None},
                    {"category": "USER_DEFINED", "type_id": 36, "label": "Decision maker"},
                ],
            }
        ],
    }
    assert sets.links["502"] == {}
    assert not sets.unread
    # The empty one is asked for twice.
    assert requests_mock.call_count == 2


def test_a_deal_that_only_the_number_of_errors_can_stand_for_is_not_empty(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    requests_mock.post(SETS, [answer("associations_none_found")])
    sets = _read_sets(fake_time, "501", "502", "503")
    assert set(sets.links) == {"501", "502"}
    assert sets.unread == {"503": SILENCE}


@pytest.mark.parametrize("name", ["batch_read_pending", "batch_read_canceled", "batch_read_empty"])
def test_an_association_read_that_says_nothing_empties_no_set(
    requests_mock: Mocker, fake_time: FakeTime, name: str
) -> None:
    requests_mock.post(SETS, [answer(name)])
    sets = _read_sets(fake_time, "51", "101")
    assert not sets.links
    assert set(sets.unread) == {"51", "101"}


def test_a_deal_whose_id_hubspot_refuses_costs_the_others_nothing(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    of_600 = {"600": "associations_invalid_input"}
    requests_mock.post(SETS, json=_answer_to(of_600, "associations_none_found"))
    sets = _read_sets(fake_time, "501", "502", "600")
    assert set(sets.links) == {"501", "502"}
    assert sets.unread == {"600": "validation_error"}
    assert fake_time.slept == []


def test_a_cursor_that_hubspot_ignores_ends_by_class(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    requests_mock.post(SETS, [answer("associations_cursor_repeats")])
    with pytest.raises(UnexpectedResponseError, match="came twice"):
        _read_sets(fake_time, "501")
    assert requests_mock.call_count == 2


def test_a_listing_is_followed_to_its_end_and_empty_values_are_null(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    requests_mock.get(CONTACTS, [answer("list_page"), answer("list_last_page")])
    requests_mock.get(PROPERTIES, [answer("properties_plain")])
    client = client_for(fake_time)
    definitions = read_definitions(client, "contacts", wanted=["email", "annualrevenue"]).items
    shape = RecordShape(
        stream="contacts",
        definitions=definitions,
        schemas=object_schema(definitions)["properties"],
    )
    reader = ObjectReader(client, "contacts", shape.properties)
    pages = list(reader.list_pages(archived=False))
    assert [page.ids for page in pages] == [("1", "51"), ("101",)]
    assert requests_mock.request_history[-1].qs["after"] == ["101"]
    rows = [row for page in pages for row in page.reading.rows]
    records = [as_dictionary(record) for record in shape.records(rows)]
    assert [record["email"] for record in records] == [
        "maria@example.com",
        None,
        "brian@example.com",
    ]
    revenue = Decimal("0.200000000000000011102230246251565404236316680908203125")
    assert [record["annualrevenue"] for record in records] == [revenue, None, None]


def test_a_portal_without_records_is_an_empty_listing(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    requests_mock.get(CONTACTS, [answer("list_empty")])
    reader = ObjectReader(client_for(fake_time), "contacts")
    assert [page.ids for page in reader.list_pages(archived=False)] == [()]


def test_sensitive_properties_are_known_as_such(requests_mock: Mocker, fake_time: FakeTime) -> None:
    requests_mock.get(PROPERTIES, [answer("properties_plain")])
    for sensitivity in ("sensitive", "highly_sensitive"):
        name = "properties_sensitive" if sensitivity == "sensitive" else "list_empty"
        requests_mock.get(f"{PROPERTIES}?dataSensitivity={sensitivity}", [answer(name)])
    definitions = read_definitions(client_for(fake_time), "contacts")
    assert {item.name: item.sensitivity for item in definitions.items} == {
        "email": "",
        "annualrevenue": "",
        "passport_number": "sensitive",
    }
    assert definitions.refused == ""


@pytest.mark.parametrize("name", ["missing_scopes_view_schema", "property_unknown"])
def test_sensitive_properties_may_be_kept_back(
    requests_mock: Mocker, fake_time: FakeTime, name: str
) -> None:
    requests_mock.get(PROPERTIES, [answer("properties_plain")])
    requests_mock.get(f"{PROPERTIES}?dataSensitivity=sensitive", [answer(name)])
    definitions = read_definitions(client_for(fake_time), "contacts")
    assert [item.name for item in definitions.items] == ["email", "annualrevenue"]
    assert definitions.refused == "sensitive"


def test_a_sensitive_property_that_may_not_be_read_is_left_out(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    refusal = recording("missing_scopes_errors")

    def refuse(_: Sequence[str], names: list[str]) -> None:
        if "passport_number" in names:
            raise RefusedError(refusal.status, refusal.body)

    FakeObjects(ids=[1], on_batch=refuse).serve(requests_mock)
    reader = ObjectReader(
        client_for(fake_time),
        "contacts",
        ["email", "passport_number"],
        sensitivities={"passport_number": "sensitive"},
    )
    assert [row.id for row in reader.read(["1"]).rows] == ["1"]
    assert reader.properties.refused == {"passport_number"}
    assert reader.properties.scopes == {"crm.objects.contacts.sensitive.read.v2"}


def test_a_search_counts_and_shows_what_it_found(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    requests_mock.post(f"{CONTACTS}/search", [answer("search_page")])
    reader = ObjectReader(client_for(fake_time), "contacts")
    assert reader.greatest_id() == (1, 3)


def test_a_search_beyond_what_hubspot_shows_ends_by_class(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    requests_mock.post(f"{CONTACTS}/search", [answer("search_beyond_limit")])
    reader = ObjectReader(client_for(fake_time), "contacts")
    with pytest.raises(UnexpectedResponseError, match="VALIDATION_ERROR"):
        next(reader.search(Window(lower=1)))
    # Asked for smaller pages first.
    assert requests_mock.call_count < 10
