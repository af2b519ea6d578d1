"""What a dialect does to one request: chosen by its seed, remembered id by id, and counted."""

import threading
from collections import Counter
from typing import Final

from hubspot_sandbox.dialect import Dialect, Lapse, Refusal
from hubspot_sandbox.faults import share

_REMEMBERED_IDS: Final = 200_000


class Quirks:
    """Plays the lapses and refusals of a sandbox's dialect; which ones does not hang on time."""

    def __init__(self) -> None:
        #: How often each switch made an answer another one, by the switch's name.
        self.played: Counter[str] = Counter()
        self._in_a_row: Counter[tuple[object, ...]] = Counter()
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Begin again: no id was asked yet and nothing was counted."""
        with self._lock:
            self.played.clear()
            self._in_a_row.clear()

    def count(self, switch: str, times: int = 1) -> None:
        """Count that a switch made an answer another one."""
        if times:
            with self._lock:
                self.played[switch] += times

    def lapses(self, lapse: Lapse, seed: int, *key: object) -> bool:
        """Return whether an id of this key meets a lapse now, and remember that it was asked."""
        if not lapse.share or share(seed, "lapse", *key) >= lapse.share:
            return False
        if lapse.times is None:
            return True
        with self._lock:
            if len(self._in_a_row) > _REMEMBERED_IDS:
                self._in_a_row.clear()
            if self._in_a_row[key] >= lapse.times:
                del self._in_a_row[key]
                return False
            self._in_a_row[key] += 1
        return True


def is_refused(dialect: Dialect, refusal: Refusal, object_type: str, record_id: object) -> bool:
    """Return whether a record is among those that HubSpot can't read."""
    if f"{object_type}/{record_id}" in refusal.records:
        return True
    chance = share(dialect.seed, "refused", object_type, str(record_id)) if refusal.share else 1.0
    return chance < refusal.share
