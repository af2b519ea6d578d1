"""A listing that cannot be served as asked for is asked for less; only HubSpot's cursor ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tap.canned import FakeTime, client_for
from tap.fake_objects import FakeObjects, RefusedError, missing_scopes

from tap_hubspot_crm.errors import HubSpotUnavailableError, UnexpectedResponseError
from tap_hubspot_crm.objects import ObjectReader
from tap_hubspot_crm.range_listing import list_in_ranges
from tap_hubspot_crm.state import IdRange

if TYPE_CHECKING:
    from collections.abc import Callable

    from requests_mock import Mocker

IDS = [str(id_) for id_ in range(1, 351)]


def _listed(
    requests_mock: Mocker, fake_time: FakeTime, portal: FakeObjects
) -> tuple[ObjectReader, list[str], dict[str, str]]:
    """Return the reader, the ids of all rows that came with the property, and what is unread."""
    portal.serve(requests_mock)
    reader = ObjectReader(client_for(fake_time), "contacts", ["email"])
    ids: list[str] = []
    unread: dict[str, str] = {}
    for page in reader.list_pages(archived=False):
        ids += [row.id for row in page.reading.rows if "x" in repr(row.values)]
        unread |= page.reading.unread
    return reader, ids, unread


def _refuse_if(
    status: int, is_refused: Callable[[int, list[int], list[str]], bool]
) -> Callable[[int, list[int], list[str]], None]:
    def check(limit: int, ids: list[int], names: list[str]) -> None:
        if is_refused(limit, ids, names):
            raise RefusedError(status, {"category": "X"})

    return check


def test_a_smaller_maximum_is_found_and_kept(requests_mock: Mocker, fake_time: FakeTime) -> None:
    portal = FakeObjects(ids=range(1, 351), on_list=_refuse_if(400, lambda limit, *_: limit > 50))
    _, ids, _ = _listed(requests_mock, fake_time, portal)
    assert ids == IDS
    assert portal.pages == [100, *[50] * 7]
    assert fake_time.slept == []


def test_a_page_that_fails_with_properties_is_read_by_id(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    portal = FakeObjects(
        ids=range(1, 351),
        on_list=_refuse_if(500, lambda _, ids, names: 7 in ids and "email" in names),
    )
    _, ids, unread = _listed(requests_mock, fake_time, portal)
    assert ids == IDS
    assert not unread
    assert portal.batches == [100]


@pytest.mark.parametrize("culprits", [{7}, {7, 8, 9}, {1, 350}])
def test_records_that_no_page_can_hold_are_passed_and_named(
    requests_mock: Mocker, fake_time: FakeTime, culprits: set[int]
) -> None:
    portal = FakeObjects(
        ids=range(1, 351), on_list=_refuse_if(500, lambda _, ids, __: bool(culprits & set(ids)))
    )
    _, ids, unread = _listed(requests_mock, fake_time, portal)
    assert ids == [id_ for id_ in IDS if int(id_) not in culprits]
    assert unread == {str(id_): "x" for id_ in culprits}


def test_a_listing_that_is_down_ends_the_run(requests_mock: Mocker, fake_time: FakeTime) -> None:
    portal = FakeObjects(ids=range(1, 351), on_list=_refuse_if(503, lambda *_: True))
    with pytest.raises(HubSpotUnavailableError):
        _listed(requests_mock, fake_time, portal)
    assert sum(fake_time.slept) < 300


def test_a_property_that_the_list_refuses_is_left_out(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    def refuse(_: int, __: list[int], names: list[str]) -> None:
        if "secret" in names:
            raise missing_scopes()

    FakeObjects(ids=range(1, 351), on_list=refuse).serve(requests_mock)
    reader = ObjectReader(client_for(fake_time), "contacts", ["email", "secret", "city"])
    rows = [row for page in reader.list_pages(archived=False) for row in page.reading.rows]
    assert [row.id for row in rows] == IDS
    assert reader.properties.refused == {"secret"}


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_cursor_that_comes_back_ends_the_listing_by_class(
    requests_mock: Mocker, fake_time: FakeTime, length: int
) -> None:
    cursors = [str(number % length + 2) for number in range(10)]
    pages = [
        {
            "json": {"results": [], "paging": {"next": {"after": cursor}}},
            "headers": {"Date": "Sun, 22 Nov 2026 10:00:00 GMT"},
        }
        for cursor in cursors
    ]
    requests_mock.get("https://api.test/crm/objects/2026-09/contacts", pages)
    reader = ObjectReader(client_for(fake_time), "contacts")
    with pytest.raises(UnexpectedResponseError, match="came twice"):
        list(reader.list_pages(archived=False))
    assert requests_mock.call_count == length + 1


def test_a_made_up_cursor_that_fails_costs_no_row(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    """HubSpot has answered 500 to a cursor that it did not give out."""
    given: set[int] = {1, *range(101, 3002, 100)}

    def refuse(_: int, ids: list[int], __: list[str]) -> None:
        if ids and ids[0] not in given:
            raise RefusedError(500)

    FakeObjects(ids=range(1, 3002), on_list=refuse).serve(requests_mock)
    reader = ObjectReader(client_for(fake_time), "contacts", ["email"])
    ids = [
        row.id for part in list_in_ranges(reader, [IdRange()]) for row in part.reading.rows
        if row.id in part.ids
    ]  # fmt: skip
    reader.client.close()
    assert sorted(map(int, ids)) == list(range(1, 3002))


def _open_ranges_after(reader: ObjectReader, ends: list[tuple[IdRange, ...]]) -> None:
    ends.extend(part.open_ranges for part in list_in_ranges(reader, [IdRange()]))


@pytest.mark.parametrize("listed", [0, 100])
def test_a_listing_that_lacks_most_of_what_a_search_counts_is_not_believed(
    requests_mock: Mocker, fake_time: FakeTime, listed: int
) -> None:
    FakeObjects(ids=range(1, 351), unlisted=range(listed + 1, 351)).serve(requests_mock)
    reader = ObjectReader(client_for(fake_time), "contacts", ["email"])
    ends: list[tuple[IdRange, ...]] = []
    with pytest.raises(UnexpectedResponseError, match=f"lists {listed} .* counts 350"):
        _open_ranges_after(reader, ends)
    # The next run begins the listing from its start.
    assert ends[-1] == (IdRange(),)
    reader.client.close()


def test_a_listing_that_lacks_a_few_rows_is_believed_since_the_index_runs_behind(
    requests_mock: Mocker, fake_time: FakeTime
) -> None:
    FakeObjects(ids=range(1, 351), unlisted=range(301, 351)).serve(requests_mock)
    reader = ObjectReader(client_for(fake_time), "contacts", ["email"])
    ends: list[tuple[IdRange, ...]] = []
    _open_ranges_after(reader, ends)
    assert ends[-1] == ()
    reader.client.close()
