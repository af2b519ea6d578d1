"""Which rows HubSpot changed without a trace since, so that only a full pass can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap.model.comparison import ObjectStream

    from hubspot_sandbox.sandbox import SandboxPortal

Key: TypeAlias = tuple[str, str]


class Silence:
    """Follows a portal's changes: what leaves no trace, and what later gives it away after all."""

    def __init__(self, portal: SandboxPortal) -> None:
        self._portal = portal
        self._keys: set[Key] = set()

    @property
    def keys(self) -> frozenset[Key]:
        """Stream and key of every row that may differ until the next full pass."""
        return frozenset(self._keys)

    def broken(self, stream: ObjectStream, ids: Iterable[str]) -> None:
        """Live records were modified: a search shows them, and their links are read again."""
        for id_ in ids:
            self._keys.discard((stream, id_))
            for deal_id in self._deals(stream, id_):
                self._keys.discard(("deal_contacts", deal_id))

    def archived(self, stream: ObjectStream, id_: str, deals: Iterable[str]) -> None:
        """A record was archived: the archived listing shows it, but not whose links it had.

        Args:
            stream: Contacts or deals.
            id_: The record.
            deals: The deals that showed it before.
        """
        self._keys.discard((stream, id_))
        if stream == "contacts":
            self.links_changed(deals)

    def restored(self, stream: ObjectStream, id_: str) -> None:
        """A record came back without being modified."""
        self._keys.add((stream, id_))
        self.links_changed(self._deals(stream, id_))

    def purged(self, stream: ObjectStream, ids: Sequence[str], deals: Iterable[str]) -> None:
        """Records, and those that were merged into them, went for good.

        Args:
            stream: Contacts or deals.
            ids: The records.
            deals: The deals that showed them before.
        """
        self._keys.update((stream, id_) for id_ in ids)
        self.links_changed(deals)
        if stream == "deals":
            self.links_changed(ids)

    def links_changed(self, deals: Iterable[str]) -> None:
        """The links of these deals changed, nothing else of them."""
        self._keys.update(("deal_contacts", deal_id) for deal_id in deals)

    def _deals(self, stream: ObjectStream, id_: str) -> list[str]:
        return deals_of(self._portal, stream, id_)


def deals_of(portal: SandboxPortal, stream: ObjectStream, id_: str) -> list[str]:
    """Return the live deals whose set of contacts a record is part of, or is."""
    if stream == "deals":
        return [id_]
    return [str(deal_id) for deal_id in portal.linked("contacts", int(id_))]
