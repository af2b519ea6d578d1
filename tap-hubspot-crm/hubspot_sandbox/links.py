"""Associations between deals and contacts, with their labels."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hubspot_sandbox.object_types import ObjectType


@dataclass(frozen=True, kw_only=True)
class LinkType:
    """One kind of link as seen from each side; the unlabelled one has no label."""

    label: str | None
    category: str
    #: Type id as seen from the deal, and as seen from the contact.
    from_deal: int
    from_contact: int

    def type_id(self, from_type: ObjectType) -> int:
        """Return the type id as seen from records of this type."""
        return self.from_deal if from_type == "deals" else self.from_contact


UNLABELLED: Final = LinkType(label=None, category="HUBSPOT_DEFINED", from_deal=3, from_contact=4)
LINK_TYPES: Final = (
    UNLABELLED,
    LinkType(label="Decision maker", category="USER_DEFINED", from_deal=17, from_contact=18),
    LinkType(label="Champion", category="USER_DEFINED", from_deal=19, from_contact=20),
    LinkType(label="Billing contact", category="USER_DEFINED", from_deal=21, from_contact=22),
)
LABELS: Final = tuple(kind.label for kind in LINK_TYPES if kind.label is not None)

_BY_LABEL: Final = {kind.label: kind for kind in LINK_TYPES}


class Links:
    """Who is associated with whom; every link has the unlabelled type and any labels beside."""

    def __init__(self) -> None:
        self._contacts: dict[int, dict[int, tuple[str, ...]]] = {}
        self._deals: dict[int, set[int]] = {}

    def add(self, deal_id: int, contact_id: int, labels: Iterable[str] = ()) -> None:
        """Link a deal and a contact, replacing the labels of a link that is there already.

        Raises:
            ValueError: a label the portal doesn't have.
        """
        wanted = tuple(sorted(set(labels)))
        if not set(wanted) <= set(LABELS):
            raise ValueError(f"unknown association label: use some of {', '.join(LABELS)}")
        self._contacts.setdefault(deal_id, {})[contact_id] = wanted
        self._deals.setdefault(contact_id, set()).add(deal_id)

    def remove(self, deal_id: int, contact_id: int) -> None:
        """Take a link away, all its labels with it; nothing happens where there is none."""
        self._contacts.get(deal_id, {}).pop(contact_id, None)
        self._deals.get(contact_id, set()).discard(deal_id)

    def of(self, from_type: ObjectType, record_id: int) -> dict[int, tuple[str, ...]]:
        """Return the ids linked with a record, each with the labels of its link."""
        if from_type == "deals":
            return dict(self._contacts.get(record_id, {}))
        if from_type != "contacts":
            return {}
        return {deal: self._contacts[deal][record_id] for deal in self._deals.get(record_id, ())}

    def forget(self, object_type: ObjectType, record_id: int) -> dict[int, tuple[str, ...]]:
        """Take every link of a record away and return what it had."""
        links = self.of(object_type, record_id)
        for other in links:
            if object_type == "deals":
                self.remove(record_id, other)
            else:
                self.remove(other, record_id)
        return links

    def move(self, object_type: ObjectType, old_id: int, new_id: int) -> None:
        """Give a record's links to another one; labels of links both have are joined."""
        kept = self.of(object_type, new_id)
        for other, labels in self.forget(object_type, old_id).items():
            joined = {*labels, *kept.get(other, ())}
            deal, contact = (new_id, other) if object_type == "deals" else (other, new_id)
            self.add(deal, contact, joined)


def are_linked(one_type: ObjectType, other_type: ObjectType) -> bool:
    """Return whether records of two types can be linked: only a deal and a contact are."""
    return {one_type, other_type} == {"deals", "contacts"}


def link_types(labels: Iterable[str]) -> list[LinkType]:
    """Return the types of a link with these labels, the unlabelled one first."""
    return [UNLABELLED, *(_BY_LABEL[label] for label in labels)]
