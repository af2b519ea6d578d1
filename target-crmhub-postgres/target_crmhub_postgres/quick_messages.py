"""Decodes RECORD messages of flat streams straight into what the mapping names of them.

One pass in C reads the line, types the values and skips everything that is not stored. What does
not fit is declined here and read again in full, by the reader that can say what is wrong.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Protocol, Union, cast

import msgspec

from target_crmhub_postgres.values import LONGEST_TEXT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from target_crmhub_postgres.mapping import Kind, Mapping, Stream

#: A moment without a zone is declined: what it means is not for the decoder to say.
_MOMENT: Final = Annotated[dt.datetime, msgspec.Meta(tz=True)] | None
_TEXT: Final = str | None
#: Kind → type of a field. Numbers may come as text: whoever takes the value looks.
_TYPES: Final[dict[Kind, Any]] = {
    "text": _TEXT,
    "enumeration": _TEXT,
    "id": _TEXT,
    "date": _TEXT,
    "email_pseudonym": _TEXT,
    "email_pseudonyms": _TEXT,
    "phone_pseudonym": _TEXT,
    "boolean": bool | None,
    "timestamptz": _MOMENT,
    "integer": Any,
    "numeric": Any,
    "any": Any,
}
#: No number of so many characters has more digits than are stored.
_LONGEST_NUMBER: Final = 100
_NUL: Final = b"\\u0000"


class QuickMessage(Protocol):
    """A RECORD message."""

    #: The fields that the mapping names, by the attributes of `QuickShape`.
    record: msgspec.Struct
    time_extracted: object
    version: object


@dataclass(frozen=True, kw_only=True)
class QuickShape:
    """How the records of one stream are decoded."""

    stream: str
    #: The class of the stream's messages.
    message: type[QuickMessage]
    #: Field of the record → attribute of the decoded one: a field may have any name.
    attributes: dict[str, str]


class QuickDecoder:
    """Decodes the lines of the streams that it knows."""

    def __init__(self, mapping: Mapping) -> None:
        shapes = [_shape(stream) for stream in mapping.streams.values()]
        #: Stream → how it is decoded, for the flat streams.
        self.shapes = {shape.stream: shape for shape in shapes if shape is not None}
        #: The class of a message → its stream.
        self.streams = {shape.message: name for name, shape in self.shapes.items()}
        # A message is one of these classes, told apart by its stream.
        known: Any = Union[tuple(self.streams)] if self.shapes else msgspec.UnsetType  # noqa: UP007 - made at run time
        decoder = msgspec.json.Decoder(known, float_hook=_exact)
        self._decode, self._decode_lines = decoder.decode, decoder.decode_lines

    def decode(self, line: bytes | str) -> QuickMessage | None:
        """Return the message, None where the line is another one or needs a closer look."""
        if isinstance(line, str) or len(line) > LONGEST_TEXT or _has_nul(line):
            return None
        try:
            return cast("QuickMessage", self._decode(line))
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None

    def decode_lines(self, block: bytes | str) -> Sequence[QuickMessage] | None:
        """Return the messages of whole lines, one of each line, None where `decode` has to look.

        A quarter faster than line by line. JSON may be broken over lines; what `decode` makes of
        those lines then is not what is returned here for them.
        """
        if isinstance(block, str) or _may_have_long_text(block) or _has_nul(block):
            return None
        try:
            messages = cast("list[QuickMessage]", self._decode_lines(block))
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None
        lines = block.count(b"\n") + (not block.endswith(b"\n"))
        return messages if len(messages) == lines else None


def _has_nul(data: bytes) -> bool:
    """Say whether NUL stands in the text, which is for the full reader to take out."""
    # Looking for one byte is ten times as fast as looking for six.
    return b"\\" in data and _NUL in data


def _may_have_long_text(block: bytes) -> bool:
    """Say whether a line may be longer than a text that is stored; nearly always at a glance."""
    # Two halves of any longer line fill such a piece.
    piece = LONGEST_TEXT // 2
    return any(
        block.find(b"\n", start, start + piece) < 0
        for start in range(0, len(block) - piece + 1, piece)
    )


def _exact(text: str) -> Decimal:
    """Return the number; one that might have too many digits is declined (ValueError)."""
    if len(text) > _LONGEST_NUMBER or "e" in text or "E" in text:
        raise ValueError("a number for the full reader")
    return Decimal(text)


def _shape(stream: Stream) -> QuickShape | None:
    """Return the shape of a stream, None where it is not flat."""
    sources = [(source, column.kind) for column in stream.columns for source in column.sources]
    leads_deeper = any("." in source for source, _ in sources)
    if stream.table is None or stream.sets or leads_deeper:
        return None
    kinds: dict[str, Any] = {stream.key.field: str}
    for source, kind in (*sources, *stream.properties.items()):
        if kind not in _TYPES or kinds.setdefault(source, _TYPES[kind]) != _TYPES[kind]:
            return None
    attributes = {name: f"field_{index}" for index, name in enumerate(kinds)}
    fields = [
        (attributes[name], kind) if name == stream.key.field else (attributes[name], kind, None)
        for name, kind in kinds.items()
    ]
    record = msgspec.defstruct(
        "QuickRecord",
        fields,
        rename={attribute: name for name, attribute in attributes.items()},
        gc=False,
    )
    message = msgspec.defstruct(
        "QuickMessage",
        [
            ("type", Literal["RECORD"]),
            ("record", record),
            ("time_extracted", Any, None),
            ("version", Any, None),
        ],
        tag_field="stream",
        tag=stream.name,
        gc=False,
    )
    return QuickShape(
        stream=stream.name, message=cast("type[QuickMessage]", message), attributes=attributes
    )
