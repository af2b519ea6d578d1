"""What a dialect does to one request: chosen by its seed, remembered id by id, and counted."""

import threading
from collections import Counter
from typing import Final

from hubspot_sandbox.dialect import Dialect, Lapse, Refusal
from hubspot_sandbox.faults import share

_REMEMBERED_IDS: Final = 200_000
#: After its lapses an id is answered so often: more than one answer may be lost on its way.
_RIGHT_ANSWERS: Final = 3


class Quirks:
    """Plays the lapses and refusals of a sandbox's dialect; which ones does not hang on time."""

    def __init__(self) -> None:
        #: How often each switch made an answer another one, by the switch's name.
        self.played: Counter[str] = Counter()
        self._asked: Counter[tuple[object, ...]] = Counter()
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Begin again: no id was asked yet and nothing was counted."""
        with self._lock:
            self.played.clear()
            self._asked.clear()

    def count(self, switch: str, times: int = 1) -> None:
        """Count that a switch made an answer another one."""
        if times:
            with self._lock:
                self.played[switch] += times

    def lapses(self, lapse: Lapse, seed: int, *key: object) -> bool:
        """Return whether an id of this key meets a lapse now, and remember that it was asked."""
        if share(seed, "lapse", *key) >= lapse.share:
            return False
        if lapse.times is None:
            return True
        with self._lock:
            if len(self._asked) > _REMEMBERED_IDS:
                self._asked.clear()
            place = self._asked[key] % (lapse.times + _RIGHT_ANSWERS)
            self._asked[key] += 1
        return place < lapse.times


def is_refused(dialect: Dialect, refusal: Refusal, object_type: str, record_id: object) -> bool:
    """Return whether a record is among those that HubSpot can't read."""
    if not refusal.share and not refusal.records:
        return False
    if f"{object_type}/{record_id}" in refusal.records:
        return True
    return share(dialect.seed, "refused", object_type, str(record_id)) < refusal.share
