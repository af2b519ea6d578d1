"""What the self-check looks at, and what each check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from tap_hubspot_crm.errors import ERRORS, InternalError, TapError
from tap_hubspot_crm.object_types import OBJECT_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: `handled`: the portal differs from HubSpot's documentation, and the tap copes with it.
#: `unknown`: the portal has nothing to try it on.
Verdict: TypeAlias = Literal["as documented", "handled", "unknown", "problem"]

ACCOUNT: Final = "account"
RATE_LIMITS: Final = "rate limits"
PIPELINES: Final = "pipelines"
OWNERS: Final = "owners"
SENSITIVE_LISTING: Final = "sensitive listing"
SENSITIVE_READING: Final = "sensitive reading"
SEARCH_ORDER: Final = "search order"
SEARCH_FILTER: Final = "search filter"
SEARCH_BOUNDARY: Final = "search boundary"
SEARCH_TOTAL: Final = "search total"
LIST_CURSOR: Final = "list cursor"
BATCH_READ: Final = "batch read"
MERGED_ID: Final = "merged id"
ASSOCIATIONS_101: Final = "associations, 101 ids"
ASSOCIATIONS_1000: Final = "associations, 1,000"
ASSOCIATIONS_ANSWERS: Final = "associations, answers"

#: What to do about records that get no answer at all.
SILENCE_REMEDY: Final = (
    "Run a sync: it names these records and keeps what was stored of them. Report them to HubSpot."
)

#: Every check with its question, in the order of the table.
CHECKS: Final[Mapping[str, str]] = {
    ACCOUNT: "Which account does the token read, and is it the expected one?",
    RATE_LIMITS: "Do response headers name the limits?",
    **dict.fromkeys(OBJECT_TYPES, "May the token list these records?"),
    PIPELINES: "May the token read the pipelines of deals?",
    OWNERS: "May the token read the owners?",
    SENSITIVE_LISTING: "Does HubSpot list the sensitive properties?",
    SENSITIVE_READING: "What does a request get that names one of them?",
    SEARCH_ORDER: "Does a search sort ids of different lengths as numbers?",
    SEARCH_FILTER: "Does its filter compare them as numbers?",
    SEARCH_BOUNDARY: "Does `GTE` include the id that it names?",
    SEARCH_TOTAL: "Does a walk by id find as many records as HubSpot counts?",
    LIST_CURSOR: "Does the list begin at an id that HubSpot did not give out as a cursor?",
    BATCH_READ: "Does a batch read of 100 ids answer for each of them?",
    MERGED_ID: "Does a batch read of a merged id bring the record that it is part of now?",
    ASSOCIATIONS_101: "Does one request take more than 100 ids?",
    ASSOCIATIONS_1000: "Does one request take 1,000 ids?",
    ASSOCIATIONS_ANSWERS: "Does it answer for each id?",
}


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What one check found."""

    #: One of `CHECKS`.
    name: str
    verdict: Verdict
    #: In plain words; never a value of a record, a token or a body. Ids may be in it.
    seen: str
    #: What to do about a problem; empty otherwise.
    remedy: str = ""
    #: The class that a run would end with; empty unless it is a problem.
    error_class: str = ""


def documented(name: str, seen: str) -> CheckResult:
    """Return the result of a check that found what HubSpot documents."""
    return CheckResult(name=name, verdict="as documented", seen=seen)


def handled(name: str, seen: str) -> CheckResult:
    """Return the result of a check that found something else, with which the tap copes."""
    return CheckResult(name=name, verdict="handled", seen=seen)


def unknown(name: str, seen: str) -> CheckResult:
    """Return the result of a check that had nothing to try."""
    return CheckResult(name=name, verdict="unknown", seen=seen)


def problem(name: str, error: TapError, *, remedy: str = "") -> CheckResult:
    """Return the result of a check that found what a run would end with, or lose records by.

    Args:
        name: One of `CHECKS`.
        error: What was found.
        remedy: What to do about it; what its class says by default.
    """
    return CheckResult(
        name=name,
        verdict="problem",
        seen=error.message,
        remedy=remedy or error.remedy,
        error_class=error.error_class,
    )


def error_of(results: Iterable[CheckResult]) -> TapError | None:
    """Return the error that a self-check with these results ends with; None without a problem."""
    problems = [result for result in results if result.verdict == "problem"]
    if not problems:
        return None
    first, *others = problems
    kinds = {kind.error_class: kind for kind in ERRORS}
    more = f"; problems with these, too: {', '.join(each.name for each in others)}"
    return kinds.get(first.error_class, InternalError)(
        f"self-check, {first.name}: {first.seen}{more if others else ''}"
    )
