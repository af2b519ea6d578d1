"""Contacts of a seeded portal: each made at once, or, where they are many, when it is looked at."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from random import Random
from typing import Final

from typing_extensions import override

from hubspot_sandbox.chance import Chance
from hubspot_sandbox.pipelines import Owner
from hubspot_sandbox.records import Record
from hubspot_sandbox.seed_contacts import contact_moments, contact_values

#: More contacts than these are made when they are looked at: a million would fill 3 GB.
MADE_AT_ONCE: Final = 100_000
_KEPT: Final = 1_024

_LINKS: Final = "num_associated_deals"


def make_contacts(
    chance: Chance, ids: Sequence[int], until: int, owners: Sequence[Owner]
) -> list[Record]:
    """Return contacts with these ids, made and last modified before `until` (ms)."""
    late = LateValues(Random(chance.draw()), owners) if len(ids) > MADE_AT_ONCE else None
    people = []
    for number, record_id in enumerate(ids):
        created, modified = contact_moments(chance, until)
        values: Mapping[str, str]
        if late is None:
            values = contact_values(chance, number, created, modified, owners)
        else:
            values = LateProperties(late, number, created, modified)
        people.append(
            Record(id=record_id, created_at=created, modified_at=modified, properties=values)
        )
    return people


class LateValues:
    """Makes the values of a contact, the same whenever it is asked."""

    def __init__(self, rng: Random, owners: Sequence[Owner]) -> None:
        self._seed = rng.getrandbits(64)
        self._owners = owners
        self.of = lru_cache(maxsize=_KEPT)(self._make)

    def _make(self, number: int, created: int, modified: int) -> dict[str, str]:
        chance = Chance(Random(self._seed + number))
        return contact_values(chance, number, created, modified, self._owners)


class LateProperties(Mapping[str, str]):
    """The properties of one contact, made when one is read."""

    __slots__ = ("_created", "_late", "_links", "_modified", "_number")

    def __init__(
        self, late: LateValues, number: int, created: int, modified: int, links: int = 0
    ) -> None:
        self._late = late
        self._number = number
        self._created = created
        self._modified = modified
        self._links = links

    def with_links(self, links: int) -> "LateProperties":
        """Return the same properties of a contact with so many deals."""
        return LateProperties(self._late, self._number, self._created, self._modified, links)

    @override
    def __getitem__(self, name: str) -> str:
        return str(self._links) if name == _LINKS else self._values()[name]

    @override
    def __contains__(self, name: object) -> bool:
        return name == _LINKS or name in self._values()

    @override
    def __iter__(self) -> Iterator[str]:
        yield from self._values()
        yield _LINKS

    @override
    def __len__(self) -> int:
        return len(self._values()) + 1

    def _values(self) -> dict[str, str]:
        return self._late.of(self._number, self._created, self._modified)
