"""Blocks of lines of the input, and a way to wake who waits for the next one."""

from __future__ import annotations

import os
import select
import sys
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Bytes that are read at a time, at most.
_CHUNK: Final = 1 << 18


class Alarm:
    """Interrupts the wait for input from another thread."""

    def __init__(self) -> None:
        self._ear, self._mouth = os.pipe()

    def ring(self) -> None:
        """Wake whoever waits, now or later."""
        os.write(self._mouth, b"!")

    def fileno(self) -> int:
        """What becomes readable when it rings."""
        return self._ear

    def close(self) -> None:
        """Give back what the system lent."""
        os.close(self._ear)
        os.close(self._mouth)


def blocks_of(
    source: IO[bytes] | IO[str], alarm: Alarm, on_alarm: Callable[[], None]
) -> Iterator[bytes | str]:
    """Yield whole lines of the input, as many as have come: each ends with a line feed.

    The last one may lack it.

    Args:
        source: A pipe or file; or anything that yields lines, read without an ear for the alarm.
        alarm: What to listen to while there is no input.
        on_alarm: Called when it rings; it ends the reading by an error.
    """
    descriptor = _descriptor(source)
    if descriptor is None:
        yield from source
        return
    # A line may be as long as many chunks: they are put together once, at its end.
    parts: list[bytes] = []
    while True:
        ready, _, _ = select.select([descriptor, alarm.fileno()], [], [])
        if alarm.fileno() in ready:
            on_alarm()
        chunk = os.read(descriptor, _CHUNK)
        if not chunk:
            break
        end = chunk.rfind(b"\n") + 1
        if end:
            yield b"".join([*parts, chunk[:end]])
            parts.clear()
        if end < len(chunk):
            parts.append(chunk[end:])
    if parts:
        yield b"".join(parts)


def _descriptor(source: IO[bytes] | IO[str]) -> int | None:
    """Return the file's descriptor, None where it cannot be waited for."""
    # Windows waits for sockets only.
    if sys.platform == "win32" or source is not sys.stdin.buffer:
        return None
    return source.fileno()
