"""What answers of HubSpot say about each record's set of associations."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from tap_hubspot_crm.object_requests import absent_ids, is_complete
from tap_hubspot_crm.paging import CursorTrail, following_cursor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tap_hubspot_crm.endpoints import Endpoint

#: Kind of an association: category, type id, label.
LinkType = tuple[str, int, str | None]
#: Id of the other record to the kinds of its association.
Links = dict[str, set[LinkType]]


class SetsAccount:
    """What is known of each record's set."""

    def __init__(self, endpoint: Endpoint, ids: Sequence[str]) -> None:
        self._endpoint = endpoint
        #: Cursor of the next page of each set that is not read to its end.
        self._cursors: dict[str, str | None] = dict.fromkeys(ids)
        self._trails = {id_: CursorTrail(endpoint) for id_ in ids}
        self.links: dict[str, Links] = {id_: {} for id_ in ids}
        self._pages: Counter[str] = Counter()
        self.answered_at: datetime | None = None

    @property
    def pages(self) -> int:
        """How many pages of the sets are read."""
        return self._pages.total()

    @property
    def open(self) -> list[str]:
        """Records whose sets are not read to their end."""
        return list(self._cursors)

    @property
    def empty(self) -> list[str]:
        """Records whose sets were read to their end, and have nothing in them."""
        return [id_ for id_, links in self.links.items() if not links and id_ not in self._cursors]

    def inputs(self, ids: Sequence[str]) -> list[dict[str, str]]:
        """Return what to ask for to read on in these sets."""
        cursors = ((id_, self._cursors[id_]) for id_ in ids)
        return [
            {"id": id_} if after is None else {"id": id_, "after": after} for id_, after in cursors
        ]

    def none_of(self, ids: Sequence[str]) -> None:
        """Note that HubSpot has none of these records."""
        for id_ in ids:
            self._cursors.pop(id_, None)

    def take(self, body: Mapping[str, Any], asked: Sequence[str]) -> list[str]:
        """Add the associations of an answer; return the records that have a further page."""
        if not is_complete(body):
            # It may hold a part of a set.
            return []
        following: list[str] = []
        for result in body["results"]:
            from_id = str(result["from"]["id"])
            if from_id not in self._cursors:
                continue
            self._add(self.links[from_id], result.get("to") or ())
            self._pages[from_id] += 1
            after = following_cursor(result, self._endpoint)
            if after is None:
                del self._cursors[from_id]
            else:
                self._cursors[from_id] = self._trails[from_id].step(after)
                following.append(from_id)
        for id_ in absent_ids(body, asked, under="fromObjectId"):
            if self._cursors.get(id_) is None:
                self.none_of([id_])
            else:
                # HubSpot gave out the cursor of a further page: the set is read from its start.
                self._cursors[id_] = None
                self._trails[id_] = CursorTrail(self._endpoint)
                self.links[id_].clear()
                del self._pages[id_]
        return following

    @staticmethod
    def _add(links: Links, found: Sequence[Mapping[str, Any]]) -> None:
        for to in found:
            # The specification says text, recorded answers hold numbers.
            to_id = str(to["toObjectId"])
            if not to_id.isdecimal():
                raise ValueError
            types = links.setdefault(to_id, set())
            types.update(_link_type(item) for item in to["associationTypes"])


def _link_type(item: Mapping[str, Any]) -> LinkType:
    label = item.get("label")
    return str(item["category"]), int(item["typeId"]), None if label is None else str(label)
