"""How much is tried: a little each time, the same; and a lot, always something else."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

#: In what is made up, so that one sees whether an answer or a message quotes it.
MARK = "zzfuzzmark"

TEXT = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", "\0", "\ud83d", "\udc00x", "\ufeff", MARK, "{}", "[", '"', "\\", "a.b"]),
)
NUMBERS = st.one_of(
    st.integers(),
    st.integers(-(10**400), 10**400),
    st.floats(allow_nan=True, allow_infinity=True),
)
#: Whatever JSON can say, and what Python's reader takes for JSON beside it.
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def tries(few: int, many: int) -> pytest.MarkDecorator:
    """Run a test with `few` examples in `make test`, with `many` in `make test-long`."""
    return pytest.mark.parametrize(
        "attempts",
        [pytest.param(few, id="few"), pytest.param(many, id="many", marks=pytest.mark.long)],
    )


def trying(attempts: int) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Settings of a property: a small number of tries is the same each time, and any is in CI.

    There a find of today would stop a change that has no part in it.
    """
    return settings(
        max_examples=attempts,
        derandomize=attempts < 1_000 or "CI" in os.environ,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@st.composite
def damaged(draw: st.DrawFn, good: st.SearchStrategy[bytes]) -> bytes:
    """Bytes that were good once: cut off, with bytes put in, taken out or changed."""
    text = bytearray(draw(good))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(text)))
        text[place : place + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(text[: draw(st.integers(0, len(text)))] if draw(st.booleans()) else text)
