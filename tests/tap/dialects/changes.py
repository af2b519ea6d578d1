"""What happens to a portal between the complete copy of it and the pass that is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap.model.comparison import OBJECT_STREAMS

from hubspot_sandbox.index_lag import SearchHabits
from hubspot_sandbox.properties import PropertyDefinition

if TYPE_CHECKING:
    from tap.model.stage import Stage

_HOUR_MS = 3_600_000
#: Contacts that no deal is associated with: they can go and no deal shows it.
_FREE = 14
#: So many that their names don't fit into an address.
_MORE_PROPERTIES = 160
#: The search learns of a change within the time that the tap looks back.
_LAG_MS = 3_000_000


def prepare(stage: Stage, *, has_many_properties: bool) -> None:
    """Fill a portal with what the changes need."""
    portal = stage.portal
    for _ in range(_FREE):
        portal.create("contacts", {"firstname": "Free"})
    portal.archive("contacts", *stage.ids("contacts")[-2:])
    portal.archive("deals", *stage.ids("deals")[-2:])
    if has_many_properties:
        for stream in OBJECT_STREAMS:
            for number in range(_MORE_PROPERTIES):
                name = f"made_up_property_number_{number:03d}"
                definition = PropertyDefinition(name=name, label=name, group="custom")
                portal.add_property(stream, definition)
            portal.touch(stream, stage.ids(stream), {"made_up_property_number_077": "filled"})


def change(stage: Stage, *, without_trace: bool) -> None:
    """Change records of every kind, hours after the last run.

    Args:
        stage: Where.
        without_trace: Whether also what only a full pass can find.
    """
    portal = stage.portal
    stage.clock.advance(3 * _HOUR_MS)
    contacts, deals = stage.ids("contacts"), stage.ids("deals")
    free = [id_ for id_ in contacts if not portal.linked("contacts", int(id_))]
    linked = [id_ for id_ in deals if portal.linked("deals", int(id_))]
    # Known to be archived, so that the archived listing shows that it is gone.
    for stream in OBJECT_STREAMS:
        portal.purge(stream, portal.stores[stream].ids(archived=True)[0])
    # An import touches more records in one millisecond than a page of a search holds.
    portal.touch("contacts", contacts, {"firstname": "Imported"})
    for id_ in deals[::3]:
        portal.edit("deals", id_, {"dealname": f"Renamed {id_}"})
    stage.clock.advance(1)
    for number, deal in enumerate(linked[:6]):
        if number % 2:
            portal.dissociate(deal, str(next(iter(portal.linked("deals", int(deal))))))
        portal.associate(deal, contacts[number])
        portal.edit("deals", deal, {"dealname": f"Moved {deal}"})
    new_deal = portal.create("deals", {"dealname": "New"})
    portal.associate(new_deal, portal.create("contacts", {"firstname": "New"}))
    portal.archive("contacts", *free[:3])
    portal.archive("deals", *deals[-3:])
    portal.merge("contacts", free[3], free[4])
    portal.merge("deals", linked[7], linked[8])
    if without_trace:
        portal.dissociate(linked[10], str(next(iter(portal.linked("deals", int(linked[10]))))))
        portal.purge("contacts", *free[5:8])
        portal.purge("deals", deals[-4], deals[-5])
    stage.clock.advance(3 * _HOUR_MS)
    # The search still shows these as live.
    portal.search_habits = SearchHabits(lag_ms=_LAG_MS)
    portal.archive("contacts", *free[8:11])
    portal.archive("deals", *deals[-8:-6])
