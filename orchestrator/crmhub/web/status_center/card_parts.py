"""A card as a part of a page or of a stream."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from crmhub.web.pages import fragment

if TYPE_CHECKING:
    from crmhub.web.status_center.cards import Card

#: Some two kilobytes each. Most connections look as they did when they were last looked at.
_KEPT: Final = 4096


@lru_cache(maxsize=_KEPT)
def card_part(card: Card) -> Markup:
    """The card's HTML: the same in every session, for it holds no token."""
    return Markup(fragment("status_center/card.html", card=card))  # noqa: S704 - escaped by its template
