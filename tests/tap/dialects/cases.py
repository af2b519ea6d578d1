"""One way for HubSpot to answer, and what must come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from hubspot_sandbox.dialect import Dialect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hubspot_sandbox.faults import FaultRule

#: The passes a case is looked at in. Each but the first begins with a complete copy and changes
#: since. The resumed one is a full pass that is killed half-way, and the run after it; the
#: disturbed one is a full pass with resets, cut answers and a used-up limit on top.
PassName: TypeAlias = Literal["first", "full", "incremental", "resumed", "disturbed"]
PASSES: Final[tuple[PassName, ...]] = ("first", "full", "incremental", "resumed", "disturbed")

#: What a run reads: a few properties by name, all of the portal, or more than an address can hold.
Properties: TypeAlias = Literal["few", "all", "many"]

#: The consumer holds what the portal holds.
EQUAL: Final = "equal"
#: It does, but for records that HubSpot refuses and for those that a later full pass removes.
KEPT: Final = "kept"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One way for HubSpot to answer."""

    name: str
    dialect: Dialect = field(default_factory=Dialect)
    #: These come on top, right before the pass: so many requests fail, or all for so long.
    failing: FaultRule | None = None
    failures: int = 0
    spell_seconds: int = 0
    #: What may come of a pass: the name of an error class says that the run ends by it, with
    #: nothing lost.
    outcomes: tuple[str, ...] = (EQUAL,)
    #: What may come of a pass where that differs.
    exceptions: Mapping[PassName, tuple[str, ...]] = field(default_factory=dict)
    properties: Properties = "few"
    settings: Mapping[str, Any] = field(default_factory=dict)

    def may_become(self, pass_name: PassName) -> tuple[str, ...]:
        """Return what may come of this pass."""
        return self.exceptions.get(pass_name, self.outcomes)

    @property
    def unreadable(self) -> frozenset[str]:
        """Properties that the token may not read in some kind of request."""
        dialect = self.dialect
        return frozenset(
            (*dialect.list_sensitive, *dialect.batch_sensitive, *dialect.search_sensitive)
        )
