"""The self-check against portals of every dialect: each line says what this portal does."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest
from tap.self_check.checking import checked, other_than_documented

from hubspot_sandbox.dialect import Dialect, Lapse, Refusal, Silence
from tap_hubspot_crm.self_check.table import table_of

if TYPE_CHECKING:
    from tap.canned import FakeTime
    from tap.conftest import Connection

AGAIN = "the tap searches again"
#: A dialect, the checks that are not as documented with it, and words of what they saw.
DIALECTS: list[tuple[Dialect, dict[str, tuple[str, str]]]] = [
    (Dialect(), {}),
    (Dialect(sensitive_listing="400"), {
        "sensitive listing": ("handled", "status 400"),
        "sensitive reading": ("unknown", "no property"),
    }),
    (Dialect(sensitive_listing="403"), {
        "sensitive listing": ("handled", "status 403"),
        "sensitive reading": ("unknown", "no property"),
    }),
    (Dialect(sensitive_naming="ignored"), {"sensitive reading": ("problem", "send null")}),
    (Dialect(scopes_in="nowhere", scopes_category=False), {}),
    (Dialect(search_sort="text"), {
        "search order": ("handled", "sorted as text"),
        "search total": ("handled", AGAIN),
        "associations, 1,000": ("unknown", "ids are known here"),
    }),
    (Dialect(search_sort="none"), {
        "search order": ("handled", "out of place"),
        "search boundary": ("handled", "do not begin"),
        "search total": ("handled", AGAIN),
        "associations, 1,000": ("unknown", "ids are known here"),
    }),
    (Dialect(search_filter="text"), {
        "search filter": ("handled", "compared as text"),
        "search boundary": ("handled", "do not begin"),
        "search total": ("handled", AGAIN),
        "associations, 1,000": ("unknown", "ids are known here"),
    }),
    (Dialect(search_displaced=0.05), {
        "search order": ("handled", "out of place"),
        "search boundary": ("handled", "do not begin"),
        "search total": ("handled", AGAIN),
    }),
    (Dialect(search_total="missing"), {"search total": ("handled", "no usable total")}),
    (Dialect(search_total="negative"), {"search total": ("handled", "no usable total")}),
    (Dialect(search_total="growing"), {"search total": ("handled", AGAIN)}),
    (Dialect(search_total="low"), {"search total": ("handled", AGAIN)}),
    (Dialect(list_cursor="restart"), {"list cursor": ("handled", "begins at 101;")}),
    (Dialect(list_cursor="opaque"), {"list cursor": ("handled", "begins at 101;")}),
    (Dialect(list_cursor="rounded"), {"list cursor": ("handled", "begins at")}),
    (Dialect(list_cursor="refused"), {"list cursor": ("handled", "status 400")}),
    (Dialect(list_cursor="error"), {"list cursor": ("handled", "status 500")}),
    (Dialect(list_limit=50), {
        "contacts": ("handled", "50 records a page"),
        "deals": ("handled", "50 records a page"),
    }),
    (Dialect(shuffles_list_pages=True), {"list cursor": ("handled", "no order")}),
    (Dialect(batch_inputs=50), {"batch read": ("handled", "status 400")}),
    (Dialect(batch_refusal=Refusal(share=0.02)), {"batch read": ("handled", "status 500")}),
    (Dialect(batch_silence=Silence(share=0.2)), {"batch read": ("handled", "got no answer")}),
    (Dialect(batch_silence=Silence(share=0.2, form="pending")), {
        "batch read": ("handled", "got no answer"),
    }),
    (Dialect(batch_silence=Silence(share=0.2, times=None)), {
        "batch read": ("problem", "none alone"),
    }),
    (Dialect(batch_missing=Lapse(share=0.2)), {"batch read": ("handled", "said not to")}),
    (Dialect(associations_inputs=100), {
        "associations, 101 ids": ("handled", "101 ids are refused (status 400), 100 are answered"),
        "associations, 1,000": ("handled", "1,000 ids are refused (status 400), 100 are answered"),
    }),
    (Dialect(associations_inputs=101), {
        "associations, 1,000": ("handled", "1,000 ids are refused (status 400), 101 are answered"),
    }),
    (Dialect(associations_refusal=Refusal(share=0.02)), {
        "associations, 101 ids": ("handled", "status 500"),
        "associations, 1,000": ("handled", "status 500"),
    }),
    (Dialect(associations_silence=Silence(share=0.2)), {
        "associations, answers": ("handled", "got no answer"),
    }),
    (Dialect(associations_silence=Silence(share=0.2, form="pending")), {
        "associations, answers": ("handled", "1,000 of 1,000 ids got no answer"),
    }),
    (Dialect(associations_silence=Silence(share=0.2, form="empty")), {
        "associations, answers": ("handled", "1,000 of 1,000 ids got no answer"),
    }),
    (Dialect(associations_silence=Silence(share=0.2, times=None)), {
        "associations, answers": ("problem", "none alone"),
    }),
]  # fmt: skip


def switches_of(dialect: object) -> str:
    """Return what a dialect differs in, as the name of its test."""
    if not isinstance(dialect, Dialect):
        return ""
    usual = asdict(Dialect())
    switched = {name: value for name, value in asdict(dialect).items() if value != usual[name]}
    return ",".join(f"{name}={value}" for name, value in switched.items()) or "usual"


@pytest.mark.parametrize(("dialect", "expected"), DIALECTS, ids=switches_of)
def test_each_line_says_what_the_portal_does(
    connection: Connection,
    fake_time: FakeTime,
    dialect: Dialect,
    expected: dict[str, tuple[str, str]],
) -> None:
    connection.running.sandbox.dialect = dialect
    results = checked(connection, fake_time)
    verdicts = {name: verdict for name, (verdict, _) in expected.items()}
    assert other_than_documented(results) == verdicts, table_of([*results.values()])
    for name, (_, words) in expected.items():
        assert words in results[name].seen, results[name].seen
        is_problem = results[name].verdict == "problem"
        assert bool(results[name].remedy) == bool(results[name].error_class) == is_problem
