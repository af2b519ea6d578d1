"""A set of record ids as a short text, for state: sorted, differences only, deflated, base64.

Archived ids must be remembered between runs, since HubSpot does not say which were restored.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: No honest text of ours unpacks to more.
_LONGEST = 4_000_000


def pack_ids(ids: Iterable[str]) -> str:
    """Return the text of a set of decimal ids."""
    numbers = sorted({int(id_) for id_ in ids})
    steps = [*numbers[:1], *(after - before for before, after in pairwise(numbers))]
    packed = zlib.compress(",".join(map(str, steps)).encode(), level=9)
    return base64.b64encode(packed).decode()


def unpack_ids(text: str) -> frozenset[str]:
    """Return the set that `pack_ids` packed.

    Raises:
        ValueError: The text is not one of `pack_ids`.
    """
    try:
        inflate = zlib.decompressobj()
        steps = inflate.decompress(base64.b64decode(text, validate=True), _LONGEST).decode("ascii")
    except (binascii.Error, zlib.error) as error:
        raise ValueError("no packed ids") from error
    if not inflate.eof:
        raise ValueError("no packed ids")
    return frozenset(map(str, accumulate(int(step) for step in steps.split(","))) if steps else ())
