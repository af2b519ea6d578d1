"""The target's reader: any bytes are messages or refused by line number, and never quoted."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

from hypothesis import example, given
from hypothesis import strategies as st
from security.fuzzing import JSON, MARK, TEXT, damaged, tries, trying
from singer_sdk.singerlib.json import deserialize_json

from target_crmhub_postgres.errors import InputBrokenOffError, InvalidRecordError
from target_crmhub_postgres.mapping import load_mapping
from target_crmhub_postgres.messages import MessageReader
from target_crmhub_postgres.quick_messages import QuickDecoder

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = ("RECORD", "SCHEMA", "STATE", "ACTIVATE_VERSION")
REFUSAL = re.compile(
    r"line \d+: (is not JSON in UTF-8|is no message: must be an object"
    r"|type must be RECORD, SCHEMA, STATE or ACTIVATE_VERSION|the input ends in its midst: .*)"
)
DECODER = QuickDecoder(load_mapping("hubspot"))

#: Messages of the right form, with anything for a value.
MESSAGES = st.fixed_dictionaries(
    {"type": st.sampled_from([*KINDS, "BATCH", MARK]) | JSON},
    optional={
        "stream": st.sampled_from(["contacts", "deals", "pipelines"]) | TEXT,
        "record": st.dictionaries(
            st.sampled_from(["id", "email", "amount", "updatedAt", "archived"]) | TEXT,
            JSON,
            max_size=4,
        ),
        "version": JSON,
        "time_extracted": JSON,
        "value": JSON,
    },
)
LINES = st.one_of(MESSAGES, JSON).map(lambda value: json.dumps(value).encode())
INPUTS = st.lists(damaged(LINES) | st.binary(max_size=30), max_size=4).map(b"\n".join)


def read(text: bytes) -> tuple[list[dict[str, Any]], str | None]:
    """The messages that were called back for, and what the line after them is refused with."""
    found: list[dict[str, Any]] = []
    callbacks: dict[str, Callable[[dict[str, Any]], None]] = dict.fromkeys(KINDS, found.append)
    try:
        MessageReader().process_lines(io.BytesIO(text), callbacks)
    except (InvalidRecordError, InputBrokenOffError) as refusal:
        return found, refusal.message
    return found, None


@tries(60, 2_500)
def test_any_bytes_are_read_or_refused_by_their_line(attempts: int) -> None:
    @trying(attempts)
    @given(INPUTS)
    @example(b"[" * 100_000)
    @example(b'{"type": "STATE", "value": ' + b"[" * 100_000)
    @example(b'{"type": "STATE", "value": ' + b"1" * 5_000 + b"}")
    @example(b'{"type": "STATE", "value": 1e999999999}')
    @example(b'{"type": "STATE", "value": 1e9999999999999999999}')
    @example(b'{"type": "STATE", "value": "\xff"}')
    def holds(text: bytes) -> None:
        messages, refusal = read(text)
        assert all(message["type"] in KINDS for message in messages)
        assert refusal is None or REFUSAL.fullmatch(refusal), refusal

    holds()


@tries(150, 5_000)
def test_what_is_json_is_read_as_the_sdks_reader_reads_it(attempts: int) -> None:
    @trying(attempts)
    @given(st.dictionaries(TEXT, JSON, max_size=3))
    def holds(message: dict[str, Any]) -> None:
        try:
            line = json.dumps(message, allow_nan=False)
        except ValueError:  # what Python alone takes for JSON
            return
        assert MessageReader().deserialize_json(line.encode()) == whole(deserialize_json(line))

    holds()


@tries(150, 5_000)
def test_the_quick_decoder_reads_what_the_full_reader_reads_or_nothing(attempts: int) -> None:
    @trying(attempts)
    @given(damaged(LINES) | st.binary(max_size=30))
    @example(b'{"type": "RECORD", "stream": "contacts", "record": {"id": "1", "email": "a"}}')
    @example(b'{"type": "RECORD", "stream": "contacts", "record": {"x": ' + b"[" * 60_000)
    def holds(line: bytes) -> None:
        quick = DECODER.decode(line)
        if quick is None:
            return
        message = MessageReader().deserialize_json(line)
        stream = DECODER.streams[type(quick)]
        assert (message["type"], message["stream"]) == ("RECORD", stream)
        for name, attribute in DECODER.shapes[stream].attributes.items():
            value = getattr(quick.record, attribute)
            if value is None or isinstance(value, str | bool):
                assert message["record"].get(name) == value

    holds()


def whole(value: object) -> object:
    """The value with every half of a character replaced, which UTF-8 cannot say."""
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [whole(each) for each in value]
        case dict():
            return {whole(name): whole(each) for name, each in value.items()}
        case _:
            return value
