"""Prints states, each as one line of JSON, its numbers as they came."""

from __future__ import annotations

import os
import sys
from typing import Any, Final

import msgspec

from target_crmhub_postgres.errors import OutputGoneError

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def print_state(state: dict[str, Any]) -> None:
    """Print a state, numbers that were read as Decimal exact; raises OutputGoneError."""
    try:
        sys.stdout.write(f"{_ENCODER.encode(state).decode()}\n")
        sys.stdout.flush()
    except OSError:
        # Python would flush what is left at exit, and fail again.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - until exit
        raise OutputGoneError(
            "a state cannot be printed, as standard output is closed or full: "
            "run again, what was committed stays"
        ) from None
