"""The benchmarks run from end to end at reduced counts, and their arithmetic is right."""

from __future__ import annotations

import pytest
from benchmarks.canned_portal import CannedPortal
from benchmarks.ceilings import least_seconds, reading_seconds
from benchmarks.markdown import table
from benchmarks.quick_run import quick_run

from tap_hubspot_crm.json_bodies import read_json_object


@pytest.mark.long
def test_the_quick_benchmarks_print_every_row(python_environment: dict[str, str]) -> None:
    run = quick_run("benchmarks.tap", python_environment)
    assert [len(rows) for rows in run.rows] == [4, 3, 1, 3, 2]
    emission, full, incremental, quiet, same = run.rows
    assert all(float(cell.replace(",", "")) > 0 for row in emission for cell in row[1:])
    assert [row[-1] for row in (*full, *incremental, *same)] == ["yes"] * 6
    assert [row[-2:] for row in quiet] == [["0", "0"], ["50", "0"], ["0", "0"]]
    # Read again is nothing, neither without a change nor right after one.
    assert [row[-3] for row in quiet] == ["0", "50", "0"]
    assert "contacts changed in one millisecond" in run.progress


@pytest.mark.parametrize(
    ("records", "limit", "seconds"),
    [(0, 110, 0), (11_000, 110, 0), (11_001, 110, 10), (50_000, 110, 40), (50_000, 190, 20)],
)
def test_the_least_time_counts_the_first_burst(records: int, limit: int, seconds: int) -> None:
    assert least_seconds(records, limit) == seconds


def test_a_run_within_the_start_up_leaves_no_time_for_reading() -> None:
    assert reading_seconds(42.0) == 40.0
    assert reading_seconds(1.5) == 0.0


def test_the_canned_portal_lists_every_contact_once() -> None:
    portal = CannedPortal(1_000)
    ids: list[str] = []
    after = "0"
    while True:
        page = read_json_object(portal.answer("/contacts", {"limit": "100", "after": after}))
        assert page is not None
        ids += [row["id"] for row in page["results"]]
        assert all(row["properties"]["hs_object_id"] == row["id"] for row in page["results"])
        if "paging" not in page:
            break
        after = page["paging"]["next"]["after"]
    assert len(ids) == len(set(ids)) == 1_000
    assert len(page["results"][0]["properties"]) == 26


def test_a_table_is_markdown() -> None:
    assert table("Title", ["a", "bb"], [[1, "x"], ["long", 2]]) == (
        "### Title\n\n| a    | bb |\n|------|----|\n| 1    | x  |\n| long | 2  |\n"
    )
