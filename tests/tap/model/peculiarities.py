"""How HubSpot answers otherwise than documented: drawn by chance, several ways at once.

Each is bounded, so that a history can end: what is wrong for ever concerns few records, or stops
when the portal comes to rest.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, get_args

from hubspot_sandbox.dialect import Dialect, Lapse, Refusal, Silence, SilenceForm
from hubspot_sandbox.quirks import is_refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from random import Random

    from hubspot_sandbox.sandbox import SandboxPortal

_NO_ANSWER: Final = frozenset({"unexpected_response"})
#: A record that HubSpot refuses may be the only one that a run has to read.
_UNAVAILABLE: Final = frozenset({"hubspot_unavailable"})
_NEVER_MORE_THAN: Final = 6
#: What an answer met, by the switches that made it so.
COUNTED: Final[Mapping[str, frozenset[str]]] = {
    "silences": frozenset({"batch_silence", "associations_silence"}),
    "lapses": frozenset({"batch_missing", "associations_missing"}),
    "refusals": frozenset(
        {
            "sensitive_listing",
            "sensitive_naming",
            "batch_refusal",
            "list_refuses",
            "associations_refusal",
        }
    ),
    "halvings": frozenset(
        {"list_limit", "batch_inputs", "batch_properties", "associations_inputs"}
    ),
    "wrong searches": frozenset(
        {
            "search_sort",
            "search_filter",
            "search_swapped_ends",
            "search_displaced",
            "search_total",
        }
    ),
}


@dataclass(frozen=True, kw_only=True)
class Peculiarity:
    """One way to answer otherwise than documented."""

    changes: Mapping[str, Any]
    #: How a run may end that meets it.
    ends: frozenset[str] = frozenset()
    #: Whether runs can be complete in spite of it, so that it stays when the portal is at rest.
    is_bearable: bool = True


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """The dialect of a history."""

    meanwhile: Dialect
    #: When nothing changes any more.
    at_rest: Dialect
    ends: frozenset[str] = field(default_factory=frozenset)

    @property
    def without_refusals(self) -> Dialect:
        """The dialect at rest, every record readable."""
        return replace(
            self.at_rest,
            batch_refusal=Refusal(),
            associations_refusal=Refusal(),
            list_refuses=False,
            batch_reads_archived=True,
        )

    @property
    def unreadable(self) -> frozenset[str]:
        """Names of properties that the token may not read in some kind of request."""
        dialect = self.at_rest
        return frozenset((*dialect.list_sensitive, *dialect.batch_sensitive))


def draw_peculiarities(rng: Random, base: Dialect, *, seed: int, is_small: bool) -> Drawn:
    """Return a dialect with some peculiarities.

    Args:
        rng: Decides.
        base: The dialect without any.
        seed: Which records, rows and pages it falls on.
        is_small: Whether the portal has so few records that none may be refused.
    """
    kinds = [kind for kind in _KINDS if not (is_small and kind in _REFUSING)]
    count = rng.choice([0, 0, 1, 2, 3, 4, _NEVER_MORE_THAN])
    drawn = [kind(rng) for kind in rng.sample(kinds, min(count, len(kinds)))]
    bearable = [each for each in drawn if each.is_bearable]
    return Drawn(
        meanwhile=_changed(replace(base, seed=seed), drawn),
        at_rest=_changed(replace(base, seed=seed), bearable),
        ends=frozenset[str]().union(*(each.ends for each in drawn)),
    )


def is_misordered(dialect: Dialect) -> bool:
    """Say whether searches are in another order than they are asked for, or filtered by one."""
    return (
        dialect.search_sort != "number"
        or dialect.search_filter != "number"
        or dialect.search_swapped_ends > 0
        or dialect.search_displaced > 0
    )


def refused_rows(portal: SandboxPortal, dialect: Dialect) -> frozenset[tuple[str, str]]:
    """Return stream and key of each row that HubSpot gives no answer about, or none in full."""
    refused: set[tuple[str, str]] = set()
    # Lists show ids only where a page with properties is refused or too large.
    are_listed_bare = dialect.batch_properties is not None or dialect.list_refuses
    for stream in ("contacts", "deals"):
        store = portal.stores[stream]
        if are_listed_bare and not dialect.batch_reads_archived:
            # Nor does a bare row tell what was merged into it.
            losers = {id_ for id_ in store.merged_into if store.resolve(id_) in store.archived}
            refused |= {(stream, str(id_)) for id_ in (*store.archived, *losers)}
            refused |= {("deal_contacts", str(id_)) for id_ in losers if stream == "deals"}
        for id_ in (*store.live, *store.archived, *store.merged_into):
            ends = {id_, store.resolve(id_)}
            if any(is_refused(dialect, dialect.batch_refusal, stream, end) for end in ends):
                refused |= {(stream, str(id_)), ("deal_contacts", str(id_))}
            if is_refused(dialect, dialect.associations_refusal, stream, id_):
                refused.add(("deal_contacts", str(id_)))
    return frozenset(refused)


def _changed(base: Dialect, drawn: Iterable[Peculiarity]) -> Dialect:
    for each in drawn:
        base = replace(base, **each.changes)
    return base


def _sensitive(rng: Random) -> Peculiarity:
    return Peculiarity(
        changes={
            "sensitive_listing": rng.choice(["400", "403", "404"]),
            "sensitive_naming": rng.choice(["refused", "ignored"]),
        }
    )


def _scopes(rng: Random) -> Peculiarity:
    return Peculiarity(
        changes={
            "scopes_in": rng.choice(["errors", "context", "nowhere"]),
            "scopes_named": rng.choice(["one", "alternatives", "markup"]),
            "scopes_category": rng.random() < 0.5,
        }
    )


def _refused_properties(rng: Random) -> Peculiarity:
    changes = {
        name: (rng.choice(("phone", "amount", "lifecyclestage", "closedate")),)
        for name in rng.sample(["list_sensitive", "batch_sensitive"], rng.randint(1, 2))
    }
    return Peculiarity(changes=changes)


def _sizes(rng: Random) -> Peculiarity:
    changes = {
        "list_limit": rng.choice([2, 40]),
        "batch_inputs": rng.choice([2, 30]),
        "associations_inputs": rng.choice([2, 100]),
        "batch_properties": rng.choice([4, 40]),
    }
    return Peculiarity(changes=dict(rng.sample(sorted(changes.items()), rng.randint(1, 3))))


def _errors(rng: Random) -> Peculiarity:
    changes = {
        "errors_name_ids": False,
        "batch_all_missing": "404",
        "batch_reads_archived": False,
    }
    return Peculiarity(changes=dict(rng.sample(sorted(changes.items()), rng.randint(1, 3))))


def _silence(rng: Random) -> Peculiarity:
    name = rng.choice(["batch_silence", "associations_silence"])
    form: SilenceForm = rng.choice(get_args(SilenceForm))
    if rng.random() < 0.3:
        silence = Silence(share=rng.choice([0.05, 0.3]), times=None, answers_alone=True)
    else:
        # Not more often in a row: a run asks for an id alone twice before it ends by its class.
        silence = Silence(share=rng.choice([0.1, 0.5]))
    return Peculiarity(changes={name: replace(silence, form=form)})


def _silence_for_ever(rng: Random) -> Peculiarity:
    name = rng.choice(["batch_silence", "associations_silence"])
    silence = Silence(share=rng.choice([0.02, 1.0]), times=None)
    return Peculiarity(changes={name: silence}, ends=_NO_ANSWER, is_bearable=False)


def _lapses(rng: Random) -> Peculiarity:
    name = rng.choice(["batch_missing", "associations_missing"])
    return Peculiarity(changes={name: Lapse(share=rng.choice([0.1, 0.5]))})


def _circles(rng: Random) -> Peculiarity:
    length = rng.randint(1, 3)
    changes: Mapping[str, Any] = {"list_cursor_cycle": length}
    if rng.random() < 0.5:
        changes = {"associations_cursor_cycle": length, "associations_page": 2}
    return Peculiarity(changes=changes, ends=_NO_ANSWER, is_bearable=False)


def _refused_records(rng: Random) -> Peculiarity:
    # Lists that refuse a page are in the table of dialects, by themselves: together with cursors
    # that nobody may make up a run can only end by its class, and never completes.
    refusal = Refusal(share=0.03, answer=rng.choice(["500", "error"]))
    rng.random()
    return Peculiarity(changes={"batch_refusal": refusal}, ends=_UNAVAILABLE)


def _refused_associations(rng: Random) -> Peculiarity:
    refusal = Refusal(share=0.03, answer=rng.choice(["500", "error"]))
    return Peculiarity(changes={"associations_refusal": refusal}, ends=_UNAVAILABLE)


def _order(rng: Random) -> Peculiarity:
    return Peculiarity(
        changes={
            "search_sort": rng.choice(["number", "text", "none"]),
            "search_filter": rng.choice(["number", "text"]),
        }
    )


def _displaced(rng: Random) -> Peculiarity:
    if rng.random() < 0.5:
        return Peculiarity(changes={"search_swapped_ends": rng.choice([0.3, 1.0])})
    changes = {"search_displaced": 0.05, "search_displaced_by": rng.choice([3, 300])}
    return Peculiarity(changes=changes)


def _totals(rng: Random) -> Peculiarity:
    said = rng.choice(["missing", "negative", "growing", "low", "high"])
    # A count that is too high looks like records that neither search nor listing shows: nothing is
    # removed as long as that lasts.
    is_too_high = said in {"growing", "high"}
    return Peculiarity(
        changes={"search_total": said},
        ends=_NO_ANSWER if is_too_high else frozenset(),
        is_bearable=not is_too_high,
    )


_REFUSING: Final[tuple[Callable[[Random], Peculiarity], ...]] = (
    _refused_records,
    _refused_associations,
)
_KINDS: Final[tuple[Callable[[Random], Peculiarity], ...]] = (
    _sensitive,
    _scopes,
    _refused_properties,
    _sizes,
    _errors,
    _silence,
    _silence_for_ever,
    _lapses,
    _circles,
    *_REFUSING,
    _order,
    _displaced,
    _totals,
)
