"""Reads Singer messages from lines, numbers exact, and refuses a broken line by its number."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec
from singer_sdk.singerlib.encoding.base import GenericSingerReader, SingerMessageType
from typing_extensions import override

from target_crmhub_postgres.errors import InvalidRecordError
from target_crmhub_postgres.lines import Alarm, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from target_crmhub_postgres.quick_messages import QuickMessage

#: Every number with a point or an exponent becomes a Decimal: no binary float anywhere.
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
#: Records that are taken together: enough that a step for all of them costs little each.
_AT_ONCE: Final = 500


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What goes on while lines are read."""

    #: Decodes what needs no closer look; None for the rest.
    decode: Callable[[bytes | str], QuickMessage | None]
    #: Takes decoded messages; yields the place of each that needs a closer look after all, which
    #: has to be over before the next one.
    take: Callable[[Sequence[QuickMessage]], Iterator[int]]
    #: Rings when what was read before cannot be written.
    alarm: Alarm
    #: Raises what that failed with.
    on_alarm: Callable[[], None]


class MessageReader(GenericSingerReader[bytes]):
    """Reads messages from bytes, or from text where a caller has opened a file so."""

    def __init__(self) -> None:
        super().__init__()
        #: Opens what is open while lines are read.
        self.lifetime: Callable[[], AbstractContextManager[Reading]] = _alone
        self._line_number = 0

    @property
    @override
    def default_input(self) -> IO[bytes]:
        """Standard input."""
        return sys.stdin.buffer

    @override
    def process_lines(
        self,
        file_input: IO[bytes] | None,
        callbacks: dict[str, Callable[[dict[str, Any]], None]],
    ) -> Counter[str]:
        """Call back for every message; return how many there were of each type."""
        counts: Counter[str] = Counter()
        lines: list[bytes | str] = []
        decoded: list[QuickMessage] = []

        def take_decoded() -> None:
            counts[SingerMessageType.RECORD] += len(decoded)
            for place in reading.take(decoded):
                counts[SingerMessageType.RECORD] -= 1
                counts[self._process(lines[place], callbacks)] += 1
            lines.clear()
            decoded.clear()

        with self.lifetime() as reading:
            decode = reading.decode
            source = _bytes_of(file_input or self.default_input)
            for line in lines_of(
                source, reading.alarm, reading.on_alarm, before_waiting=take_decoded
            ):
                self._line_number += 1
                message = decode(line)
                if message is not None:
                    lines.append(line)
                    decoded.append(message)
                    if len(decoded) < _AT_ONCE:
                        continue
                if decoded:
                    take_decoded()
                if message is None and line.strip():
                    counts[self._process(line, callbacks)] += 1
            if decoded:
                take_decoded()
        return counts

    def _process(
        self, line: bytes | str, callbacks: dict[str, Callable[[dict[str, Any]], None]]
    ) -> str:
        """Call back for the message in a line; return its type."""
        message = self.deserialize_json(line)
        kind = message.get("type")
        callback = callbacks.get(kind) if isinstance(kind, str) else None
        if callback is None:
            self._process_unknown_message(message)
        else:
            callback(message)
        return str(kind)

    @override
    def deserialize_json(self, line: bytes | str) -> dict[str, Any]:
        """Return the message; InvalidRecordError if the line is no JSON object."""
        try:
            message = _DECODER.decode(line)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            message = self._mended(line)
        if not isinstance(message, dict):
            raise InvalidRecordError(f"line {self._line_number}: is no message: must be an object")
        return message

    @override
    def _process_unknown_message(self, message_dict: dict[str, Any]) -> None:
        raise InvalidRecordError(
            f"line {self._line_number}: type must be RECORD, SCHEMA, STATE or ACTIVATE_VERSION"
        )

    def _mended(self, line: bytes | str) -> object:
        """HubSpot lets half a character (a lone surrogate) through: it becomes U+FFFD."""
        try:
            decoded = json.loads(line, parse_float=Decimal, parse_constant=_no_number)
            return _without_surrogates(decoded)
        except (ValueError, RecursionError):
            pass  # their words quote the line
        raise InvalidRecordError(f"line {self._line_number}: is not JSON in UTF-8")


@contextlib.contextmanager
def _alone() -> Iterator[Reading]:
    """Read every message in full, for callers that have only callbacks."""
    alarm = Alarm()
    try:
        yield Reading(
            decode=lambda _: None, take=lambda _: iter(()), alarm=alarm, on_alarm=lambda: None
        )
    finally:
        alarm.close()


def _bytes_of(source: IO[bytes] | IO[str]) -> IO[bytes] | IO[str]:
    """Return the bytes beneath a file that was opened as text."""
    return source.buffer if isinstance(source, io.TextIOWrapper) else source


def written_state(state: object) -> str:
    """Return a state as one line of JSON, its numbers as they came."""
    return _ENCODER.encode(state).decode()


def _no_number(_: str) -> object:
    message = "no JSON"
    raise ValueError(message)


def _without_surrogates(value: object) -> object:
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, list):
        return [_without_surrogates(each) for each in value]
    if isinstance(value, dict):
        return {
            _without_surrogates(name): _without_surrogates(each) for name, each in value.items()
        }
    return value
