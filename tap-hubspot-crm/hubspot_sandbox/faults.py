"""Failures on purpose: which kinds, how often, on which paths; the same seed fails the same way.

Whether a request fails hangs on the seed, on the request itself and on how often it was asked
before, not on the order in which requests of several threads happen to arrive.
"""

import hashlib
import threading
from collections import Counter
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

PathKind: TypeAlias = Literal[
    "list",
    "one",
    "search",
    "batch",
    "associations",
    "properties",
    "pipelines",
    "owners",
    "account",
    "token",
    "write",
]
FaultKind: TypeAlias = Literal[
    # 429 of a policy, though nothing is used up.
    "ten_secondly",
    "secondly",
    "daily",
    # Answers of HubSpot and of the edge in front of it.
    "423",
    "477",
    "500",
    "502",
    "503",
    "504",
    "521",
    "523",
    "524",
    "expired",
    # A 401 and a limit of the day that only words tell.
    "unauthorized",
    "daily_by_message",
    # Pages of the edge.
    "html_400",
    "html_403",
    "html_404",
    "html_408",
    # What happens on the way.
    "reset",
    "time_out",
    "cut_body",
    "html",
    "half_json",
]

PATH_KINDS: Final[tuple[PathKind, ...]] = get_args(PathKind)
FAULT_KINDS: Final[tuple[FaultKind, ...]] = get_args(FaultKind)

_REMEMBERED_REQUESTS: Final = 200_000


@dataclass(frozen=True, kw_only=True)
class FaultRule:
    """One kind of failure and how often it happens."""

    kind: FaultKind
    #: Share of the requests it fits that fail so, from 0 to 1.
    rate: float = 0.0
    #: Where it happens; empty: everywhere.
    paths: tuple[PathKind, ...] = ()
    #: In which portal; None: in all, and at the token endpoint.
    portal_id: int | None = None
    #: Said with a status; None: nothing is said.
    retry_after_seconds: int | None = None
    #: How late a `time_out` answers.
    stall_seconds: float = 120.0

    def __post_init__(self) -> None:
        """Refuse what can't be played."""
        if self.kind not in FAULT_KINDS:
            raise ValueError(f"kind must be one of {', '.join(FAULT_KINDS)}")
        if not set(self.paths) <= set(PATH_KINDS):
            raise ValueError(f"paths must be some of {', '.join(PATH_KINDS)}")
        if not 0 <= self.rate <= 1:
            raise ValueError("rate must be from 0 to 1")

    def fits(self, kind: PathKind, portal_id: int | None) -> bool:
        """Return whether the rule is about such requests."""
        return (not self.paths or kind in self.paths) and self.portal_id in {None, portal_id}


@dataclass(frozen=True, kw_only=True)
class Faults:
    """How a sandbox fails: none by default."""

    #: The first that fits has the first share of requests, the second the next and so on.
    rules: tuple[FaultRule, ...] = ()
    seed: int = 0
    #: After so many failures in a row of one and the same request it succeeds; None: no bound.
    most_in_a_row: int | None = None


class FaultPlan:
    """Decides for each request whether and how it fails."""

    def __init__(self) -> None:
        self.faults = Faults()
        #: How many failures there were, by kind.
        self.played: Counter[FaultKind] = Counter()
        self._next: list[tuple[FaultRule, int]] = []
        self._spells: list[tuple[FaultRule, int]] = []
        self._asked: dict[bytes, tuple[int, int]] = {}
        self._lock = threading.Lock()

    @property
    def is_active(self) -> bool:
        """Whether any request can fail."""
        return bool(self.faults.rules or self._next or self._spells)

    def fail_next(self, rule: FaultRule, count: int = 1) -> None:
        """Let the next requests that a rule fits fail, whatever its rate."""
        with self._lock:
            self._next.append((rule, count))

    def fail_until(self, rule: FaultRule, until_ms: int) -> None:
        """Let all requests that a rule fits fail until a moment of the sandbox's clock."""
        with self._lock:
            self._spells.append((rule, until_ms))

    def forget(self) -> None:
        """Begin anew: nothing was asked, nothing has failed, nothing is to fail next."""
        with self._lock:
            self.played.clear()
            self._asked.clear()
            self._next.clear()
            self._spells.clear()

    def draw(
        self, request: str, kind: PathKind, portal_id: int | None, now_ms: int
    ) -> FaultRule | None:
        """Return how a request fails, None where it doesn't.

        Args:
            request: all of the request that tells it from others, without its token.
            kind: what it is about.
            portal_id: whose it is, None where nobody can say yet.
            now_ms: when it comes, milliseconds since 1970.
        """
        with self._lock:
            self._spells = [(spell, until) for spell, until in self._spells if now_ms < until]
            fitting = (spell for spell, _ in self._spells if spell.fits(kind, portal_id))
            rule = next(fitting, None) or self._take_next(kind, portal_id)
            if rule is None:
                rule = self._draw_by_rate(request, kind, portal_id)
            if rule is not None:
                self.played[rule.kind] += 1
            return rule

    def _take_next(self, kind: PathKind, portal_id: int | None) -> FaultRule | None:
        for place, (rule, count) in enumerate(self._next):
            if rule.fits(kind, portal_id):
                self._next[place : place + 1] = [(rule, count - 1)] if count > 1 else []
                return rule
        return None

    def _draw_by_rate(
        self, request: str, kind: PathKind, portal_id: int | None
    ) -> FaultRule | None:
        faults = self.faults
        if not faults.rules:
            return None
        key = hashlib.blake2b(f"{faults.seed} {request}".encode(), digest_size=8).digest()
        times, in_a_row = self._asked.get(key, (0, 0))
        rule = _by_chance(faults, kind, portal_id, share(faults.seed, key.hex(), times))
        if faults.most_in_a_row is not None and in_a_row >= faults.most_in_a_row:
            rule = None
        if len(self._asked) > _REMEMBERED_REQUESTS:
            self._asked.clear()
        self._asked[key] = (times + 1, 0 if rule is None else in_a_row + 1)
        return rule


def share(*what: object) -> float:
    """Return a number from 0 up to 1 that hangs on these things alone, as if by chance."""
    digest = hashlib.blake2b(repr(what).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def _by_chance(
    faults: Faults, kind: PathKind, portal_id: int | None, left: float
) -> FaultRule | None:
    for rule in faults.rules:
        if rule.fits(kind, portal_id):
            left -= rule.rate
            if left < 0:
                return rule
    return None
