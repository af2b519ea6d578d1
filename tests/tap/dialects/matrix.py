"""The dialects that the tap is run against."""

from __future__ import annotations

from typing import Final

from tap.dialects.cases import EQUAL, KEPT, Case

from hubspot_sandbox.dialect import Dialect, Lapse, Refusal, Silence
from hubspot_sandbox.faults import FaultRule

#: Silence to the end is no answer, and so is a cursor that leads back.
_NO_ANSWER: Final = "unexpected_response"
_SOME: Final = 0.02
_MANY: Final = 0.3
_FOR_EVER: Final = None

_SENSITIVE: Final = (
    Case(name="documented"),
    Case(name="sensitive properties listed, naming refused", properties="all"),
    *(
        Case(
            name=f"listing of sensitive properties answers {status}",
            dialect=Dialect(sensitive_listing=status),
            properties="all",
        )
        for status in ("400", "403", "404")
    ),
    Case(
        name="naming a sensitive property is ignored",
        dialect=Dialect(sensitive_naming="ignored"),
        properties="all",
    ),
    Case(
        name="list, batch read and search each refuse a property",
        dialect=Dialect(
            list_sensitive=("city", "description"),
            batch_sensitive=("company", "dealtype"),
            search_sensitive=("jobtitle", "hs_next_step"),
        ),
        properties="all",
    ),
    *(
        Case(name=f"refusal: {name}", dialect=dialect, properties="all")
        for name, dialect in (
            ("scopes in the top-level context", Dialect(scopes_in="context")),
            ("no scopes", Dialect(scopes_in="nowhere")),
            ("no category", Dialect(scopes_category=False)),
            ("no category, no scopes", Dialect(scopes_category=False, scopes_in="nowhere")),
            ("alternative scopes", Dialect(scopes_named="alternatives")),
            ("markup for a scope", Dialect(scopes_named="markup")),
            ("a megabyte for a scope", Dialect(scopes_named="megabyte")),
        )
    ),
)
_LISTS: Final = (
    Case(name="list: pages of 40 at most", dialect=Dialect(list_limit=40)),
    *(
        Case(name=f"list: made-up cursor {style}", dialect=Dialect(list_cursor=style))
        for style in ("restart", "rounded", "refused", "error", "opaque")
    ),
    Case(name="list: rows in no order", dialect=Dialect(shuffles_list_pages=True)),
    *(
        Case(
            name=f"list: cursors lead back after {cycle}",
            dialect=Dialect(list_cursor_cycle=cycle),
            outcomes=(_NO_ANSWER,),
            exceptions={"incremental": (EQUAL,)},
        )
        for cycle in (1, 2, 3)
    ),
    *(
        Case(
            name=f"list: 500 for a page with a refused record ({answer} to a batch read)",
            dialect=Dialect(list_refuses=True, batch_refusal=Refusal(share=_SOME, answer=answer)),
            outcomes=(KEPT,),
        )
        for answer in ("500", "error")
    ),
)
_BATCHES: Final = (
    Case(name="batch: errors answer 200", dialect=Dialect(partial_status=200), properties="many"),
    Case(
        name="batch: errors without ids", dialect=Dialect(errors_name_ids=False), properties="many"
    ),
    Case(name="batch: 40 inputs at most", dialect=Dialect(batch_inputs=40), properties="many"),
    Case(
        name="batch: 500 above 60 properties",
        dialect=Dialect(batch_properties=60),
        properties="many",
    ),
    Case(
        name="batch: 404 where none exists",
        dialect=Dialect(batch_all_missing="404"),
        properties="many",
    ),
    Case(
        name="batch: archived invisible",
        dialect=Dialect(batch_reads_archived=False),
        outcomes=(KEPT,),
        properties="many",
    ),
    Case(
        name="batch: said to be missing once",
        dialect=Dialect(batch_missing=Lapse(share=_MANY)),
        properties="many",
    ),
    *(
        Case(
            name=f"batch: {answer} for a refused record",
            dialect=Dialect(batch_refusal=Refusal(share=_SOME, answer=answer)),
            properties="many",
            outcomes=(KEPT,),
        )
        for answer in ("500", "error")
    ),
)
_SILENCES: Final = (
    ("silent once", Silence(share=_MANY), (EQUAL,)),
    ("silent twice", Silence(share=_MANY, times=2), (EQUAL,)),
    ("answers only alone", Silence(share=_SOME, times=None, answers_alone=True), (EQUAL,)),
    ("PENDING once", Silence(share=_MANY, form="pending"), (EQUAL,)),
    ("empty once", Silence(share=_SOME, form="empty"), (EQUAL,)),
    ("silent for ever about some", Silence(share=_SOME, times=_FOR_EVER), (KEPT, _NO_ANSWER)),
    (
        "PENDING for ever about some",
        Silence(share=_SOME, times=_FOR_EVER, form="pending"),
        (KEPT, _NO_ANSWER),
    ),
    ("silent for ever", Silence(share=1, times=_FOR_EVER), (_NO_ANSWER,)),
    ("empty for ever", Silence(share=1, times=_FOR_EVER, form="empty"), (_NO_ANSWER,)),
)
_SILENT: Final = (
    *(
        Case(
            name=f"batch: {name}",
            dialect=Dialect(batch_silence=silence),
            properties="many",
            outcomes=outcomes,
        )
        for name, silence, outcomes in _SILENCES
    ),
    *(
        Case(
            name=f"associations: {name}",
            dialect=Dialect(associations_silence=silence),
            outcomes=outcomes,
        )
        for name, silence, outcomes in _SILENCES
    ),
)
_ASSOCIATIONS: Final = (
    Case(name="associations: 100 inputs at most", dialect=Dialect(associations_inputs=100)),
    Case(name="associations: pages of 1", dialect=Dialect(associations_page=1)),
    Case(
        name="associations: empty the first time",
        dialect=Dialect(associations_missing=Lapse(share=_MANY)),
    ),
    *(
        Case(
            name=f"associations: cursors lead back after {cycle}",
            dialect=Dialect(associations_page=1, associations_cursor_cycle=cycle),
            outcomes=(_NO_ANSWER, KEPT),
        )
        for cycle in (1, 2, 3)
    ),
    *(
        Case(
            name=f"associations: {answer} for a refused deal",
            dialect=Dialect(associations_refusal=Refusal(share=_SOME, answer=answer)),
            outcomes=(EQUAL, KEPT),
        )
        for answer in ("500", "error")
    ),
)
_SEARCHES: Final = (
    *(
        Case(name=f"search: {name}", dialect=dialect)
        for name, dialect in (
            ("numeric sort, text filter", Dialect(search_filter="text")),
            ("text sort, numeric filter", Dialect(search_sort="text")),
            ("text sort, text filter", Dialect(search_sort="text", search_filter="text")),
            ("rows displaced over the ends of pages", Dialect(search_swapped_ends=1)),
            ("1 % of the rows displaced by 300", Dialect(search_displaced=0.01)),
            ("sort ignored", Dialect(search_sort="none")),
            ("total missing", Dialect(search_total="missing")),
            ("total negative", Dialect(search_total="negative")),
            ("total too low", Dialect(search_total="low")),
            ("total missing, sort ignored", Dialect(search_total="missing", search_sort="none")),
            ("total too low, sort ignored", Dialect(search_total="low", search_sort="none")),
        )
    ),
    # What is gone stays in the target as long as rows are counted that no search shows.
    Case(
        name="search: total too high", dialect=Dialect(search_total="high"), outcomes=(EQUAL, KEPT)
    ),
    # A count that is far too high looks like records that the listing does not show.
    Case(
        name="search: total growing",
        dialect=Dialect(search_total="growing"),
        outcomes=(EQUAL, KEPT, _NO_ANSWER),
    ),
)
_FAILURES: Final = (
    *(
        Case(name=f"one page of the edge: {kind}", failing=FaultRule(kind=kind), failures=1)
        for kind in ("html_400", "html_403", "html_404", "html_408")
    ),
    Case(name="one 401 on a static token", failing=FaultRule(kind="unauthorized"), failures=1),
    Case(
        name="401 for ever",
        failing=FaultRule(kind="unauthorized"),
        failures=1_000_000,
        outcomes=("access_denied",),
    ),
    Case(
        name="DAILY by message",
        failing=FaultRule(kind="daily_by_message"),
        failures=1_000_000,
        outcomes=("rate_limit",),
    ),
    Case(
        name="429 with Retry-After 0",
        failing=FaultRule(kind="ten_secondly", retry_after_seconds=0),
        spell_seconds=8,
    ),
    Case(
        name="503 with an absurd Retry-After",
        failing=FaultRule(kind="503", retry_after_seconds=10**9),
        failures=1,
        outcomes=(EQUAL, "hubspot_unavailable"),
    ),
    *(
        Case(name=f"a minute of {kind}", failing=FaultRule(kind=kind), spell_seconds=60)
        for kind in ("477", "503")
    ),
)
CASES: Final = (
    *_SENSITIVE,
    *_LISTS,
    *_BATCHES,
    *_SILENT,
    *_ASSOCIATIONS,
    *_SEARCHES,
    *_FAILURES,
)
