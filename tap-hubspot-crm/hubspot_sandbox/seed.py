"""Filling a new portal: owners, contacts, deals and who belongs to which deal."""

from dataclasses import replace
from random import Random
from typing import Final

from hubspot_sandbox.chance import Chance
from hubspot_sandbox.clock import DAY_MS
from hubspot_sandbox.links import LABELS
from hubspot_sandbox.new_ids import LATE_FROM
from hubspot_sandbox.pipelines import Owner
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.records import Record
from hubspot_sandbox.seed_deals import make_deal
from hubspot_sandbox.seeded_people import LateProperties, make_contacts
from hubspot_sandbox.words import FIRST_NAMES, OWNER_MARK

#: Nothing seeded is younger than this (2026-10-31): the same seed gives the same portal any day.
SEEDED_UNTIL: Final = 1_793_404_800_000

_EARLY_STEP: Final = 50
_ACTIVE_OWNERS: Final = 8
_INACTIVE_OWNERS: Final = 2
#: One deal in this many has no contact.
_EVERY_LONELY: Final = 20
#: So many deals have a note in their name in every portal.
_SURELY_NOTED: Final = 2
_SHARE_LABELLED: Final = 0.4
_SHARE_WITH_SECOND_DEAL: Final = 0.25


def seed_portal(portal: Portal, *, contacts: int, deals: int, seed: int) -> None:
    """Fill an empty portal; the same arguments give the same portal.

    Every contact is linked to one or two deals, where there are deals; one deal in twenty has no
    contact. With a clock that is behind `SEEDED_UNTIL`, everything lies before the clock instead.
    """
    rng = Random(f"{portal.portal_id} {contacts} {deals} {seed}")
    until = min(SEEDED_UNTIL, portal.clock.now_ms())
    owners = _owners(rng, until)
    for owner in owners:
        portal.put_owner(owner)
    chance = Chance(rng)
    people = make_contacts(chance, _ids(rng, contacts), until, owners)
    opportunities = [
        make_deal(chance, number, record_id, until, owners, contact=_noted(chance, people, number))
        for number, record_id in enumerate(_ids(rng, deals))
    ]
    portal.stores["contacts"].load(people)
    portal.stores["deals"].load(opportunities)
    linked = [deal.id for number, deal in enumerate(opportunities) if number % _EVERY_LONELY]
    for contact in people if linked else ():
        _link(portal, chance, contact.id, linked)
    _count_links_late(portal)
    portal.count_all_links()


def _count_links_late(portal: Portal) -> None:
    """Set the contacts' counts of deals without making their values."""
    store = portal.stores["contacts"]
    for record in store.live.values():
        if isinstance(record.properties, LateProperties):
            count = len(portal.links.of("contacts", record.id))
            if count:
                store.put(replace(record, properties=record.properties.with_links(count)))


def _noted(chance: Chance, people: list[Record], number: int) -> Record | None:
    """Return the contact a deal's name may speak of; for the first deals one with both notes."""
    if number >= _SURELY_NOTED:
        return chance.one(people) if people else None
    wanted = ("email", "hs_calculated_phone_number")
    return next((p for p in people if all(p.properties.get(name) for name in wanted)), None)


def _link(portal: Portal, chance: Chance, contact_id: int, deal_ids: list[int]) -> None:
    for _ in range(2 if chance.often(_SHARE_WITH_SECOND_DEAL) else 1):
        labels = [chance.one(LABELS)] if chance.often(_SHARE_LABELLED) else []
        portal.links.add(chance.one(deal_ids), contact_id, labels)


def _ids(rng: Random, count: int) -> list[int]:
    """Return ids as uneven as HubSpot's: 1, 51, 101 ..., then hundreds of thousands, then 10^11."""
    early = count // 4
    middle = count // 4
    ids = [1 + _EARLY_STEP * n for n in range(early)]
    current = _EARLY_STEP * early + 200_001
    for _ in range(middle):
        ids.append(current)
        current += 1 + int(rng.random() * 900)
    current = LATE_FROM + rng.randrange(10_000_000_000)
    for _ in range(count - early - middle):
        current += 1 + int(rng.random() ** 4 * 40_000_000)
        ids.append(current)
    return ids


def _owners(rng: Random, until: int) -> list[Owner]:
    people = [
        Owner(
            id=30_000_000 + 137 * n + rng.randrange(100),
            user_id=5_000_000 + 31 * n,
            email=f"{OWNER_MARK}.{n}@portal.example",
            first_name=FIRST_NAMES[(7 * n) % len(FIRST_NAMES)],
            last_name=f"Van {OWNER_MARK}",
            created_at=until - (700 - n) * DAY_MS,
            updated_at=until - (90 - n) * DAY_MS,
            archived=n >= _ACTIVE_OWNERS,
            team=("Sales north" if n % 2 else "Sales south") if n < _ACTIVE_OWNERS else None,
        )
        for n in range(_ACTIVE_OWNERS + _INACTIVE_OWNERS)
    ]
    queue = Owner(
        id=30_900_000,
        user_id=5_900_000,
        email=f"{OWNER_MARK}.queue@portal.example",
        first_name="Incoming",
        last_name=f"Queue {OWNER_MARK}",
        created_at=until - 650 * DAY_MS,
        updated_at=until - 80 * DAY_MS,
        type="QUEUE",
    )
    return [*people, queue]
