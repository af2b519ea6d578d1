"""HubSpot's account ids, as settings and answers hold them."""

from __future__ import annotations

import re

#: HubSpot's account ids are whole numbers (`portalId`); nineteen digits are what 64 bits hold.
_ACCOUNT_ID = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_LARGEST = 10**19 - 1


def read_account_id(value: object) -> str | None:
    """Return a HubSpot account id as text, or None where the value is not one.

    Args:
        value: A whole number, or its digits without leading zeros.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST:
        return str(value)
    return value if isinstance(value, str) and _ACCOUNT_ID.fullmatch(value) else None
