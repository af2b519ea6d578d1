"""Reads Singer messages from lines, numbers exact, and refuses a broken line by its number."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec
from singer_sdk.singerlib.encoding.base import GenericSingerReader, SingerMessageType
from typing_extensions import override

from target_crmhub_postgres.errors import InputBrokenOffError, InvalidRecordError
from target_crmhub_postgres.lines import Alarm, blocks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from target_crmhub_postgres.quick_messages import QuickMessage

#: Every number with a point or an exponent becomes a Decimal: no binary float anywhere.
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)
#: Characters of an integer that Python converts; it refuses more than 4,300 digits.
_LONGEST_INTEGER: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What goes on while lines are read."""

    #: Decodes what needs no closer look; None for the rest.
    decode: Callable[[bytes | str], QuickMessage | None]
    #: The same for whole lines, one message of each; None if one of them has to be looked at.
    decode_lines: Callable[[bytes | str], Sequence[QuickMessage] | None]
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
        #: Whether the line at hand ends with a line feed; only the last one may lack it.
        self._is_whole = True

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

        def process(line: bytes | str) -> None:
            counts[self._process(line, callbacks)] += 1

        with self.lifetime() as reading:
            source = _bytes_of(file_input or self.default_input)
            for block in blocks_of(source, reading.alarm, reading.on_alarm):
                self._is_whole = _ends_a_line(block)
                messages = reading.decode_lines(block)
                taken = (
                    self._take_lines(block, reading, process)
                    if messages is None
                    else self._take(messages, partial(_lines_in, block), reading, process)
                )
                counts[SingerMessageType.RECORD] += taken
        return counts

    def _take_lines(
        self, block: bytes | str, reading: Reading, process: Callable[[bytes | str], None]
    ) -> int:
        """Take lines one by one; return how many records were taken without a closer look."""
        taken = 0
        lines: list[bytes | str] = []
        decoded: list[QuickMessage] = []
        for line in _lines_in(block):
            message = reading.decode(line)
            if message is not None:
                lines.append(line)
                decoded.append(message)
                continue
            taken += self._take(decoded, lambda: lines, reading, process)
            lines.clear()
            decoded.clear()
            self._line_number += 1
            if line.strip():
                process(line)
        return taken + self._take(decoded, lambda: lines, reading, process)

    def _take(
        self,
        messages: Sequence[QuickMessage],
        lines: Callable[[], Sequence[bytes | str]],
        reading: Reading,
        process: Callable[[bytes | str], None],
    ) -> int:
        """Take decoded messages; return how many were taken without a closer look."""
        before, declined = self._line_number, 0
        for place in reading.take(messages):
            declined += 1
            self._line_number = before + place + 1
            line = lines()[place]
            if reading.decode(line) != messages[place]:
                raise InvalidRecordError(f"line {self._line_number}: is not one message")
            process(line)
        self._line_number = before + len(messages)
        return len(messages) - declined

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
        """Return the message; InvalidRecordError if the line is no JSON object.

        InputBrokenOffError if it is the beginning of one.
        """
        try:
            message = _DECODER.decode(line)
        except (msgspec.DecodeError, RecursionError, UnicodeError, InvalidOperation):
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
        """Read what the fast decoder refuses although a record may hold it.

        HubSpot lets half a character (a lone surrogate) through: it becomes U+FFFD. A number that
        is too large for any type costs a record that value, not the line.
        """
        try:
            return _without_surrogates(_loaded(line))
        except (ValueError, RecursionError):
            pass  # their words quote the line
        if not self._is_whole:
            raise InputBrokenOffError(
                f"line {self._line_number}: the input ends in its midst: "
                "see why its source ended, run again, what was committed stays"
            )
        raise InvalidRecordError(f"line {self._line_number}: is not JSON in UTF-8")


@contextlib.contextmanager
def _alone() -> Iterator[Reading]:
    """Read every message in full, for callers that have only callbacks."""
    alarm = Alarm()
    try:
        yield Reading(
            decode=lambda _: None,
            decode_lines=lambda _: None,
            take=lambda _: iter(()),
            alarm=alarm,
            on_alarm=lambda: None,
        )
    finally:
        alarm.close()


def _bytes_of(source: IO[bytes] | IO[str]) -> IO[bytes] | IO[str]:
    """Return the bytes beneath a file that was opened as text."""
    return source.buffer if isinstance(source, io.TextIOWrapper) else source


def _lines_in(block: bytes | str) -> Sequence[bytes | str]:
    """Return the lines of a block; what was read as text comes as one line."""
    return [block] if isinstance(block, str) else block.removesuffix(b"\n").split(b"\n")


def _ends_a_line(block: bytes | str) -> bool:
    return block.endswith("\n") if isinstance(block, str) else block.endswith(b"\n")


def _loaded(line: bytes | str) -> object:
    """Return what a line holds, numbers of any size as a Decimal; ValueError if it is not JSON.

    NaN and Infinity are not JSON, but Python writes them: they pass in a RECORD only.
    """
    has_odd_number = False

    def number(text: str) -> Decimal:
        nonlocal has_odd_number
        try:
            found = Decimal(text)
        except InvalidOperation:
            # No Decimal has an exponent of 19 digits.
            found = Decimal("Infinity")
        has_odd_number = has_odd_number or not found.is_finite()
        return found

    def integer(text: str) -> int | Decimal:
        return int(text) if len(text) <= _LONGEST_INTEGER else number(text)

    message = json.loads(line, parse_float=number, parse_int=integer, parse_constant=number)
    is_record = isinstance(message, dict) and message.get("type") == "RECORD"
    if has_odd_number and not is_record:
        raise ValueError("a number that only a record may hold")
    return message


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
