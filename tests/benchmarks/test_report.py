"""The report says what the benchmarks printed, and tells when a ratio is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from benchmarks.figures import FIGURES, Figure, lost, number
from benchmarks.markdown import table
from benchmarks.report import (
    MARKDOWN_PATH,
    PARTS,
    Part,
    Table,
    figures_table,
    markdown,
    read_report,
    read_tables,
    write_report,
)

if TYPE_CHECKING:
    from pathlib import Path

RATIO = Figure(name="share", part="tap", title="Full", column="share", least=95, is_ratio=True)


def part(*tables: Table) -> Part:
    return Part(
        measured_on="2026-11-22", revision="abc", machine={"memory": "1 GiB"}, tables=tables
    )


def test_tables_are_read_as_they_were_printed() -> None:
    printed = table("One", ["a", "b"], [["1", "2, and 3"]]) + table("Two", ["c"], [["x"], ["y"]])
    first, second = read_tables(f"before\n{printed}\n```\n| in a plan\n```\n")
    assert first == Table(title="One", head=["a", "b"], rows=[["1", "2, and 3"]])
    assert second.rows == [["x"], ["y"]]


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1,017", 1017), ("94.7%", 94.7), ("40 (default)", 40), ("+9", 9), ("-0.5", -0.5)],
)
def test_a_cell_holds_one_number(cell: str, value: float) -> None:
    assert number(cell) == value


def test_the_committed_report_is_what_its_measurements_say() -> None:
    assert MARKDOWN_PATH.read_text(encoding="utf-8") == markdown(read_report())


def test_every_figure_of_a_part_that_was_measured_stands_in_the_committed_report() -> None:
    report = read_report()
    assert {"tap", "target"} <= report.keys()
    told = figures_table(report)
    for figure in FIGURES:
        assert figure.part in PARTS
        assert (figure.name in told) is (figure.part in report), figure.name


def test_a_written_report_is_read_back(tmp_path: Path) -> None:
    parts = {"readers": part(Table(title="Queries", head=["q"], rows=[["one"]]))}
    write_report(parts, tmp_path)
    read = read_report(tmp_path / "REPORT.json")
    assert markdown(read) == markdown(parts)
    assert (tmp_path / "REPORT.md").read_text(encoding="utf-8") == markdown(parts)
    assert read_report(tmp_path / "none.json") == {}


@pytest.mark.parametrize(("before", "after", "is_lost"), [(95, 90, False), (95, 70, True)])
def test_a_ratio_is_lost_when_it_is_a_fifth_below_the_report(
    before: float, after: float, *, is_lost: bool
) -> None:
    assert RATIO.is_lost(before, after) is is_lost
    assert replace(RATIO, least=None, most=1.0).is_lost(after, before) is is_lost
    assert not replace(RATIO, is_ratio=False).is_lost(before, after)


def test_the_check_compares_parts_that_both_reports_hold() -> None:
    report = read_report()
    assert lost(report, {}) == lost({}, report) == lost(report, report) == []
    slower = [
        replace(
            each,
            rows=[
                [
                    "10.0%" if column == "share of the ceiling" else cell
                    for column, cell in zip(each.head, row, strict=True)
                ]
                for row in each.rows
            ],
        )
        for each in report["tap"].tables
    ]
    told = lost(report, {"tap": replace(report["tap"], tables=slower)})
    assert [line.partition(":")[0] for line in told] == [
        "full pass at 110 calls per 10 s, % of HubSpot's ceiling",
        "full pass at 190 calls per 10 s, % of HubSpot's ceiling",
    ]
