"""Which properties a token may read, found out where HubSpot refuses a request for all of them.

HubSpot's sensitive-data guide: the schema needs no scope, so a listing may name properties that
the token may not read. Naming one of them fails the whole request (403 `MISSING_SCOPES`, public bug
reports). More than a thousand properties in one request have been answered with 500.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from tap_hubspot_crm.dividing import divide, may_succeed_in_part
from tap_hubspot_crm.errors import MissingScopesError, TapError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

T = TypeVar("T")

logger = logging.getLogger("HubSpotConnector")

_FORBIDDEN = 403


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """The properties to ask for, and how many of them in one request."""

    names: tuple[str, ...]
    most: int | None = None

    def parts(self) -> list[tuple[str, ...]]:
        """Return the names in parts, each for one request."""
        most = self.most or max(1, len(self.names))
        return [self.names[start : start + most] for start in range(0, len(self.names), most)]


class ReadableProperties:
    """The properties that one reader asks for; safe between threads."""

    def __init__(
        self,
        *,
        names: Iterable[str],
        required: str,
        sensitivities: Mapping[str, str],
    ) -> None:
        """Begin with what the stream wants.

        Args:
            names: The properties, without the required one.
            required: The one that is part of every request.
            sensitivities: `sensitive` or `highly_sensitive` of the properties that are.
        """
        self._required = required
        self._sensitivities = sensitivities
        kept = [name for name in dict.fromkeys(names) if name != required]
        self._asked = _Asked(names=tuple(kept))
        self._lock = threading.Lock()
        #: What HubSpot refused.
        self.refused: frozenset[str] = frozenset()
        #: Scopes that HubSpot named when it refused them.
        self.scopes: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """What is asked for, the required property included."""
        return (*self._asked.names, self._required)

    @property
    def fit_one_request(self) -> bool:
        """Whether all are asked for at once."""
        return self._asked.most is None

    def ask(
        self,
        call: Callable[[Sequence[str]], T],
        *,
        probe: Callable[[Sequence[str]], object] | None = None,
    ) -> list[T]:
        """Return what a request for each part of the properties brings; mostly there is one.

        Properties that the token may not read are found out and left out from then on.

        Args:
            call: Makes the request for some properties.
            probe: Makes one that can only fail for its properties; by default the same.

        Raises:
            TapError: The request failed, and not because of a property that may be left out.
        """
        while True:
            asked = self._asked
            try:
                return [call((*part, self._required)) for part in asked.parts() or [()]]
            except TapError as error:
                if error.status != _FORBIDDEN or not self._narrow(asked, error, probe or call):
                    raise

    def narrow(self, error: TapError, call: Callable[[Sequence[str]], object]) -> bool:
        """Ask for fewer properties from now on, where that lets a request succeed.

        Args:
            error: What a request for all of them ended with.
            call: Makes the same request for some of them, with few tries.

        Returns:
            Whether the request is worth another try.
        """
        return self._narrow(self._asked, error, call)

    def _narrow(
        self, asked: _Asked, error: TapError, call: Callable[[Sequence[str]], object]
    ) -> bool:
        with self._lock:
            if self._asked is not asked:
                # Another thread has found it out meanwhile.
                return True
            if not asked.names:
                return False
            probe = _Probe(call, self._required)
            found = self._without_sensitive(asked, error, probe) or _by_halves(asked, probe)
            if found is None:
                return False
            refused = set(asked.names) - set(found.names)
            if refused:
                self.refused |= refused
                self.scopes |= {*error.scopes, *probe.scopes}
                logger.info("%d properties are left out: HubSpot refuses them", len(refused))
            self._asked = found
            return True

    def _without_sensitive(
        self, asked: _Asked, error: TapError, probe: _Probe[object]
    ) -> _Asked | None:
        """Leave out all properties of the sensitivity whose scope is missing, if that helps."""
        kinds: set[str] = set()
        scopes: Collection[str] = error.scopes
        while kinds != (wider := kinds | {*map(_sensitivity, scopes)} - {""}):
            kinds = wider
            kept = tuple(
                name for name in asked.names if self._sensitivities.get(name, "") not in kinds
            )
            if len(kept) == len(asked.names):
                return None
            refusal = probe.fails(kept)
            if refusal is None:
                return replace(asked, names=kept)
            scopes = refusal.scopes
        return None


class _Probe(Generic[T]):
    """Tries a request with some properties and keeps the scopes that refusals name."""

    def __init__(self, call: Callable[[Sequence[str]], T], required: str) -> None:
        self._call = call
        self._required = required
        self.scopes: set[str] = set()

    def __call__(self, names: Sequence[str]) -> T:
        try:
            return self._call((*names, self._required))
        except MissingScopesError as error:
            self.scopes |= {*error.scopes}
            raise

    def fails(self, names: Sequence[str]) -> TapError | None:
        """Return what a request for these properties ends with, None if it succeeds."""
        try:
            self(names)
        except TapError as error:
            if not may_succeed_in_part(error):
                raise
            return error
        return None


def _by_halves(asked: _Asked, probe: _Probe[object]) -> _Asked | None:
    """Return what can be asked for, None if not even the required property alone can."""
    if probe.fails(()) is not None:
        return None
    if len(asked.names) == 1:
        return replace(asked, names=())
    division = divide(probe, asked.names)
    if not division.answers:
        return None
    kept = tuple(name for name in asked.names if name not in division.refused)
    # Where each part succeeded and all together did not, there were too many.
    return replace(asked, names=kept, most=asked.most if division.refused else division.largest)


def _sensitivity(scope: str) -> str:
    """Return which sensitivity a scope is about (`crm.objects.contacts.sensitive.read.v2`)."""
    parts = scope.split(".")
    return next((kind for kind in ("highly_sensitive", "sensitive") if kind in parts), "")
