"""HubSpot's cursor of the next page, which alone says whether there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_hubspot_crm.errors import UnexpectedResponseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_hubspot_crm.endpoints import Endpoint


def following_cursor(paged: Mapping[str, Any], endpoint: Endpoint) -> str | None:
    """Return the cursor of the next page, None on the last.

    Args:
        paged: What has pages: the body of an answer, or one of its results.
        endpoint: What was asked, for the message.

    Raises:
        UnexpectedResponseError: What stands in its place is no cursor.
    """
    paging = paged.get("paging")
    following = paging.get("next") if isinstance(paging, dict) else paging
    after = following.get("after") if isinstance(following, dict) else following
    if after is None:
        return None
    if not isinstance(after, str | int) or after == "":
        raise UnexpectedResponseError(
            f"the cursor in HubSpot's answer to {endpoint.path} is malformed"
        )
    return str(after)


class CursorTrail:
    """The cursors of one listing, each of which may come once."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Begin before the first page; the endpoint is for messages."""
        self._endpoint = endpoint
        self._passed: set[str] = set()

    def step(self, cursor: str | None) -> str | None:
        """Return the cursor of the next page.

        Raises:
            UnexpectedResponseError: It was followed before, so that the listing has no end.
        """
        if cursor is not None:
            if cursor in self._passed:
                raise UnexpectedResponseError(
                    f"a cursor of {self._endpoint.path} came twice: it does not advance"
                )
            self._passed.add(cursor)
        return cursor
