"""Ids for new records, as uneven as HubSpot's."""

from random import Random
from typing import Final

from hubspot_sandbox.records import RecordStore

#: Where the ids of younger records begin.
LATE_FROM: Final = 100_000_000_000
_LATE_GAP: Final = 5_000
_SHARE_BELOW_NEWEST: Final = 0.1


def unused_id(store: RecordStore, rng: Random) -> int:
    """Return an id no record has or had; one in ten lies below the newest.

    HubSpot promises no order (community question 927832), so nobody may rely on one.
    """
    newest = max(LATE_FROM, store.highest_id)
    if rng.random() < _SHARE_BELOW_NEWEST:
        lower = newest - rng.randint(1, _LATE_GAP)
        taken = (store.live, store.archived, store.gone)
        if lower > LATE_FROM and not any(lower in ids for ids in taken):
            return lower
    return newest + rng.randint(1, _LATE_GAP)
