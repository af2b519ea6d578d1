"""HubSpot's bodies, read with every digit of every number."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn

import msgspec

_DECODER = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


def read_json_object(content: bytes) -> dict[str, Any] | None:
    """Return the JSON object of a body, or None where it is cut or something else."""
    try:
        return _DECODER.decode(content)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return _read_leniently(content)


def _read_leniently(content: bytes) -> dict[str, Any] | None:
    """Return what the quick reader refuses and JSON allows: half a surrogate pair in a text."""
    try:
        body = json.loads(content, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _refuse(constant: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python reads and JSON does not know."""
    raise ValueError(constant)
