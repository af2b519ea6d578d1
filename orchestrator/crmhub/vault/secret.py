"""A value that nothing prints by mistake."""

from __future__ import annotations

import hmac
from typing import Never, final

from typing_extensions import override

_STARS = "********"


@final
class Secret:
    """A secret text. Every way to print it prints stars; `reveal` is the only way to it.

    It cannot be pickled, copied, hashed or serialised, and is equal to no plain text. Python keeps
    strings in memory until it needs the room again; nothing here can change that.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        """Keep the text."""
        self.__value = value

    def reveal(self) -> str:
        """The text itself, for the one place that needs it."""
        return self.__value

    @override
    def __eq__(self, other: object) -> bool:
        """Whether both hold the same text, in time that does not depend on where they differ."""
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__value.encode(), other.__value.encode())

    @override
    def __hash__(self) -> Never:
        raise TypeError("a secret has no hash: one could look it up in a table of guesses")

    @override
    def __repr__(self) -> str:
        return f"Secret({_STARS})"

    @override
    def __str__(self) -> str:
        return _STARS

    @override
    def __format__(self, _specification: str) -> str:
        return _STARS

    @override
    def __reduce_ex__(self, _protocol: object) -> Never:
        raise TypeError("a secret is neither pickled nor copied: hand over the object itself")

    @override
    def __getstate__(self) -> Never:
        raise TypeError("a secret does not give away its state: use reveal() where it is needed")
