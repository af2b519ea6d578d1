"""Bookmarks to and from the JSON of Singer's state.

Reading is strict: a state of another tap, or one damaged by hand, would make a run skip records
without a word, so it is refused.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from tap_hubspot_crm.definitions import SENSITIVITIES
from tap_hubspot_crm.errors import InvalidSettingsError
from tap_hubspot_crm.packed_ids import pack_ids, unpack_ids
from tap_hubspot_crm.state import (
    ARCHIVED_LIMIT,
    BOOKMARKS,
    Bookmark,
    FullPass,
    IdRange,
    Phase,
)
from tap_hubspot_crm.timekeeping import format_moment, parse_moment
from tap_hubspot_crm.windows import SEEN_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime


def read_bookmarks(state: object) -> dict[str, Bookmark]:
    """Return the bookmark of every stream; a stream without one gets an empty one.

    Args:
        state: The parsed JSON of Singer's `--state`.

    Raises:
        InvalidSettingsError: The state is not one that this tap wrote.
    """
    if not isinstance(state, dict) or not set(state) <= {"bookmarks", "currently_syncing"}:
        raise _refused("it is no JSON object with the one member bookmarks")
    bookmarks = state.get("bookmarks", {})
    if not isinstance(bookmarks, dict):
        raise _refused("its member bookmarks is no object")
    if not set(bookmarks) <= set(BOOKMARKS):
        raise _refused("it has bookmarks of streams that this tap does not know")
    return {
        stream: _read_bookmark(stream, kind, bookmarks.get(stream, {}))
        for stream, kind in BOOKMARKS.items()
    }


def write_bookmark(bookmark: Bookmark) -> dict[str, Any]:
    """Return the JSON of a bookmark; what is empty is left out."""
    written = {
        item.name: _WRITERS[item.name](getattr(bookmark, item.name)) for item in fields(bookmark)
    }
    return {name: value for name, value in written.items() if value}


def keep_newest(ids: Iterable[str], limit: int) -> frozenset[str]:
    """Return at most `limit` of the ids, the greatest: in HubSpot mostly the youngest records."""
    kept = frozenset(ids)
    return kept if len(kept) <= limit else frozenset(sorted(kept, key=int)[-limit:])


def _read_bookmark(stream: str, kind: type[Bookmark], value: object) -> Bookmark:
    if not isinstance(value, dict):
        raise _refused(f"the bookmark of {stream} is no object")
    known = {item.name for item in fields(kind)}
    if not set(value) <= known:
        raise _refused(f"the bookmark of {stream} has members that this tap never writes")
    read: dict[str, Any] = {}
    for name, part in value.items():
        try:
            read[name] = _READERS[name](part)
        except (ValueError, TypeError, KeyError, OverflowError):
            raise _refused(f"member {name} of the bookmark of {stream} is malformed") from None
    return kind(**read)


def _refused(why: str) -> InvalidSettingsError:
    return InvalidSettingsError(
        f"the state is not one of tap-hubspot-crm: {why}; clear the state to begin with a full pass"
    )


def _write_moment(value: datetime | None) -> str | None:
    return None if value is None else format_moment(value)


def _read_seen(value: object) -> dict[str, int]:
    if not isinstance(value, dict):
        raise TypeError
    return {
        row_id: int(modified)
        for modified, row_ids in value.items()
        for row_id in _read_ids(row_ids)
    }


def _write_seen(seen: Mapping[str, int]) -> dict[str, list[str]]:
    """Group by time: a bulk edit gives thousands of rows one millisecond."""
    pairs = [(modified, row_id) for row_id, modified in seen.items()]
    grouped = defaultdict(list)
    for modified, row_id in sorted(pairs, reverse=True)[:SEEN_LIMIT]:
        grouped[str(modified)].append(row_id)
    return dict(grouped)


def _read_number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError
    return value


def _read_full_pass(value: Mapping[str, Any]) -> FullPass:
    if not set(value) <= {"started_at", "phase", "open_ranges", "archived_ids"}:
        raise ValueError
    return FullPass(
        started_at=parse_moment(value["started_at"]),
        phase=Phase(value["phase"]),
        open_ranges=tuple(
            IdRange(after=_optional_text(after), before=None if before is None else _id(before))
            for after, before in value["open_ranges"]
        ),
        archived_ids=_read_packed(value["archived_ids"]),
    )


def _write_full_pass(value: FullPass | None) -> dict[str, Any] | None:
    if value is None:
        return None
    return {
        "started_at": _write_moment(value.started_at),
        "phase": value.phase.value,
        "open_ranges": [[part.after, part.before] for part in value.open_ranges],
        "archived_ids": _write_packed(value.archived_ids),
    }


def _read_packed(value: object) -> frozenset[str]:
    if not isinstance(value, str):
        raise TypeError
    return unpack_ids(value) if value else frozenset()


def _write_packed(ids: frozenset[str]) -> str:
    return pack_ids(keep_newest(ids, ARCHIVED_LIMIT)) if ids else ""


def _read_ids(value: object) -> frozenset[str]:
    if not isinstance(value, list):
        raise TypeError
    return frozenset(map(_id, value))


def _write_ids(ids: frozenset[str]) -> list[str]:
    return sorted(ids, key=int)


def _read_names(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        raise TypeError
    return frozenset(value)


def _id(value: object) -> str:
    if not isinstance(value, str) or not value.isdecimal():
        raise ValueError
    return value


def _optional_text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError
    return value


def _as_is(value: object) -> object:
    return value


def _read_digest(value: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", value):
        raise ValueError
    return value


def _read_refused(value: str) -> str:
    if value not in SENSITIVITIES:
        raise ValueError
    return value


_READERS: Mapping[str, Callable[[Any], object]] = {
    "digest": _read_digest,
    "properties_digest": _read_digest,
    "properties_at": parse_moment,
    "refused": _read_refused,
    "unreadable": _read_names,
    "unread": _read_ids,
    "bookmark": parse_moment,
    "seen": _read_seen,
    "seen_deals": _read_seen,
    "seen_contacts": _read_seen,
    "version": _read_number,
    "shortfalls": _read_number,
    "full_pass_at": parse_moment,
    "archived_at": parse_moment,
    "archived_ids": _read_packed,
    "full_pass": _read_full_pass,
    "owed_deals": _read_ids,
    "gone_deals": _read_ids,
    "owed_contacts": _read_ids,
}
_WRITERS: Mapping[str, Callable[[Any], object]] = {
    "digest": _as_is,
    "properties_digest": _as_is,
    "properties_at": _write_moment,
    "refused": _as_is,
    "unreadable": sorted,
    "unread": _write_ids,
    "bookmark": _write_moment,
    "seen": _write_seen,
    "seen_deals": _write_seen,
    "seen_contacts": _write_seen,
    "version": _as_is,
    "shortfalls": _as_is,
    "full_pass_at": _write_moment,
    "archived_at": _write_moment,
    "archived_ids": _write_packed,
    "full_pass": _write_full_pass,
    "owed_deals": _write_ids,
    "gone_deals": _write_ids,
    "owed_contacts": _write_ids,
}
