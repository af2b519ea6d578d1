"""HubSpot's account ids, as people and answers give them."""

from __future__ import annotations

import re
from typing import Final

#: HubSpot's account ids (`portalId`, `hub_id`) are whole numbers; nineteen digits fill 64 bits.
_ACCOUNT_ID: Final = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)
_LARGEST: Final = 10**19 - 1


def read_account_id(value: object) -> str | None:
    """The account id as text; None where the value is neither such a number nor its digits."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _LARGEST:
        return str(value)
    return value if isinstance(value, str) and _ACCOUNT_ID.fullmatch(value) else None
