"""Writes Singer messages: whole lines only, many to a block, never torn by a signal."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

import msgspec
from singer_sdk.singerlib import ActivateVersionMessage, RecordMessage, StateMessage
from singer_sdk.singerlib.encoding import SimpleSingerWriter
from typing_extensions import override

from tap_hubspot_crm.errors import Terminated

if TYPE_CHECKING:
    from singer_sdk.singerlib import Message

#: Bytes of records that go out at once: a pipe takes 64 KiB, and a target reads meanwhile.
BLOCK_SIZE: Final = 256 * 1024


@dataclass(slots=True)
class KeptVersionMessage(ActivateVersionMessage):
    """ACTIVATE_VERSION with records that were not sent and exist; an addition to Singer."""

    kept: list[str]


class LineWriter(SimpleSingerWriter):
    """Holds records back until a block is full, or until a message that is no record.

    So a state never waits behind records, nor goes out before them.
    """

    def __init__(self) -> None:
        """Begin idle."""
        super().__init__()
        self._held = bytearray()
        self._writing = False
        self._signal: int | None = None

    @override
    def write_message(self, message: Message) -> None:
        line = f"{self.format_message(message)}\n".encode()
        self._take(line, at_once=not isinstance(message, RecordMessage))

    @override
    def serialize_message(self, message: Message) -> str:
        if isinstance(message, StateMessage):
            # The SDK copies a state to the last id before it writes it.
            state = {"type": "STATE", "value": message.value}
            return msgspec.json.encode(state).decode()
        return super().serialize_message(message)

    def write_record_lines(self, lines: bytes | bytearray) -> None:
        """Write RECORD messages that are encoded already.

        Args:
            lines: Whole lines of UTF-8, each with its line feed.
        """
        self._take(lines, at_once=False)

    def flush(self) -> None:
        """Write what is held back."""
        self._take(b"", at_once=True)

    def stop(self, signal_number: int) -> None:
        """End the run now, or, called in the middle of a line, right after it.

        Raises:
            Terminated: Now.
        """
        if self._writing:
            self._signal = signal_number
        else:
            self._end(signal_number)

    def _take(self, lines: bytes | bytearray, *, at_once: bool) -> None:
        self._writing = True
        try:
            self._held += lines
            if at_once or len(self._held) >= BLOCK_SIZE:
                self._send()
        finally:
            self._writing = False
        if self._signal is not None:
            self._end(self._signal)

    def _send(self) -> None:
        block = bytes(self._held)
        # Before the writing: what a broken pipe did not take is not tried again.
        self._held.clear()
        binary = getattr(sys.stdout, "buffer", None)
        if binary is None:
            # A caller in the same process collects text.
            for line in block.split(b"\n")[:-1]:
                sys.stdout.write(f"{line.decode()}\n")
        else:
            left = memoryview(block)
            while left:
                # Under PYTHONUNBUFFERED a signal ends a write to a full pipe before all is taken.
                left = left[binary.write(left) :]
        sys.stdout.flush()

    def _end(self, signal_number: int) -> NoReturn:
        self._signal = None
        raise Terminated(signal_number)
