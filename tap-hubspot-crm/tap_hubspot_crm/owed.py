"""What the passes of contacts and deals leave to `deal_contacts`: links that no search shows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap_hubspot_crm.object_types import CONTACTS, DEALS
from tap_hubspot_crm.state import OWED_LIMIT

if TYPE_CHECKING:
    from tap_hubspot_crm.events import Touched
    from tap_hubspot_crm.state import AssociationsBookmark


def owing(
    bookmark: AssociationsBookmark, object_type: str, touched: Touched
) -> AssociationsBookmark:
    """Return the bookmark with rows whose associations are to be renewed.

    Args:
        bookmark: The bookmark of `deal_contacts`.
        object_type: Whose rows they are; only deals and contacts have associations that are read.
        touched: Rows that came back, or are gone; which deals a contact that is gone belonged to
            is a thing HubSpot no longer tells.
    """
    if bookmark.bookmark is None or object_type not in {CONTACTS.name, DEALS.name}:
        return bookmark
    if object_type == CONTACTS.name:
        owed = replace(bookmark, owed_contacts=bookmark.owed_contacts | touched.returned)
    else:
        owed = replace(
            bookmark,
            owed_deals=(bookmark.owed_deals - touched.gone) | touched.returned,
            gone_deals=(bookmark.gone_deals - touched.returned) | touched.gone,
        )
    if max(len(owed.owed_deals), len(owed.gone_deals), len(owed.owed_contacts)) > OWED_LIMIT:
        # Too many to name: every deal is read again instead.
        return replace(bookmark, full_pass_at=None)
    return owed
