"""Writes Singer messages: whole lines only, many to a flush, never torn by a signal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

from singer_sdk.singerlib import RecordMessage
from singer_sdk.singerlib.encoding import SimpleSingerWriter
from typing_extensions import override

from tap_hubspot_crm.errors import Terminated

if TYPE_CHECKING:
    from singer_sdk.singerlib import Message


class LineWriter(SimpleSingerWriter):
    """Flushes at every message that is no record, so that a state never waits behind a buffer."""

    def __init__(self) -> None:
        """Begin idle."""
        super().__init__()
        self._writing = False
        self._signal: int | None = None

    @override
    def write_message(self, message: Message) -> None:
        line = self.format_message(message) + "\n"
        self._writing = True
        try:
            sys.stdout.write(line)
            if not isinstance(message, RecordMessage):
                sys.stdout.flush()
        finally:
            self._writing = False
        if self._signal is not None:
            self._end(self._signal)

    def stop(self, signal_number: int) -> None:
        """End the run now, or, called in the middle of a line, right after it.

        Raises:
            Terminated: Now.
        """
        if self._writing:
            self._signal = signal_number
        else:
            self._end(signal_number)

    def _end(self, signal_number: int) -> NoReturn:
        self._signal = None
        raise Terminated(signal_number)
