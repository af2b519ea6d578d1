"""The list's `after`: what HubSpot gives out, and what it makes of one that it didn't."""

import base64
import binascii
import zlib
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from hubspot_sandbox.calls import whole_number
from hubspot_sandbox.dialect import CursorStyle
from hubspot_sandbox.errors import internal_error, invalid_request
from hubspot_sandbox.records import RecordStore

_ROUND: Final = 1_000


def write_cursor(style: CursorStyle, last_id: int) -> str:
    """Return the cursor that follows a page ending with this id."""
    following = str(last_id + 1)
    return _wrap(following) if style == "opaque" else following


def before_next(ids: Sequence[int], last_id: int, limit: int, cycle: int) -> int:
    """Return the id that the next page follows where so many pages lead round; -1: the start.

    Args:
        ids: All that are listed, in order.
        last_id: The last of this page.
        limit: The ids of a page.
        cycle: After so many pages the first of them comes again.
    """
    number = (bisect_left(ids, last_id) + 1 - limit) // limit
    if number % cycle != cycle - 1:
        return last_id
    start = (number + 1 - cycle) * limit
    return ids[start - 1] if start else -1


def is_made_up(style: CursorStyle, text: str, store: RecordStore) -> bool:
    """Return whether the list never gave this cursor out."""
    if style == "opaque":
        return not _unwrap(text)
    return not (text.isdecimal() and (text == "0" or store.was_id(int(text) - 1)))


def read_cursor(style: CursorStyle, text: str, store: RecordStore) -> int:
    """Return the id a page starts from.

    Raises:
        ApiError: no cursor at all, or one that was not given out where that is refused.
    """
    if style == "opaque":
        return _unwrap(text)
    start = whole_number(text, "after")
    if style == "id" or not is_made_up(style, text, store):
        return start
    if style == "error":
        raise internal_error()
    if style == "refused":
        raise invalid_request("The after parameter is no valid cursor", parameter=["after"])
    return start // _ROUND * _ROUND if style == "rounded" else 0


def _wrap(text: str) -> str:
    check = zlib.crc32(text.encode())
    return base64.urlsafe_b64encode(f"{text}:{check}".encode()).decode().rstrip("=")


def _unwrap(cursor: str) -> int:
    """Return the id in an opaque cursor, 0 for one that was not given out."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        return 0
    start = text.partition(":")[0]
    return int(start) if start.isdecimal() and _wrap(start) == cursor else 0
