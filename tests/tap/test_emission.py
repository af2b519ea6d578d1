"""Records go out in blocks of encoded lines, and say what the SDK's own path says."""

from __future__ import annotations

import io
import json
import signal
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.singerlib import RecordMessage, StateMessage
from singer_sdk.singerlib.encoding import SimpleSingerWriter
from typing_extensions import override

from tap_hubspot_crm.errors import Terminated
from tap_hubspot_crm.events import Rows
from tap_hubspot_crm.output import BLOCK_SIZE, LineWriter
from tap_hubspot_crm.record_lines import RecordLines
from tap_hubspot_crm.tap import TapHubSpotCrm

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap.conftest import Connection
    from typing_extensions import Buffer

READ_AT = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)
STREAMS = ("contacts", "deals", "deal_contacts", "owners", "pipelines")
#: A map of each stream under its own name: the SDK treats every record, and changes none.
BY_THE_SDK = {"stream_maps": {stream: {"__alias__": stream} for stream in STREAMS}}


def _rows(*records: dict[str, Any], read_at: datetime = READ_AT) -> Rows:
    return Rows(records=records, version=7, read_at=read_at)


def _records(messages: Iterable[Mapping[str, Any]]) -> list[tuple[str, object]]:
    """Return stream and record of each RECORD, in an order of their own: the tap's is none."""
    found = [(m["stream"], m["record"]) for m in messages if m["type"] == "RECORD"]
    return sorted(found, key=str)


@pytest.mark.parametrize(
    "record",
    [
        {"id": "1", "archived": False, "archivedAt": None},
        {"x": Decimal("19999999999999.99"), "y": Decimal("-1E+40"), "z": Decimal("0.10")},
        {"x": Decimal("0.200000000000000011102230246251565404236316680908203125")},
        {"x": 2**70, "y": -1, "z": True},
        {"x": 'Ünique “quotes” " \\ / \u2028 \x00 \x1f \x7f 😀'},
        {"x": "half a pair: \ud800", "y": "whole"},
        {"contacts": [{"id": "5", "types": [{"category": "A", "type_id": 3, "label": None}]}]},
        {},
    ],
)
@pytest.mark.parametrize("read_at", [READ_AT, READ_AT.astimezone(timezone(timedelta(hours=3)))])
def test_a_line_says_what_the_sdks_line_says(record: dict[str, Any], read_at: datetime) -> None:
    line = RecordLines("deals").lines(_rows(record, read_at=read_at)).decode()
    message = RecordMessage(stream="deals", record=record, version=7, time_extracted=read_at)
    expected = SimpleSingerWriter().format_message(message)
    assert line.endswith("}\n")
    assert line.count("\n") == 1
    assert json.loads(line, parse_float=str) == json.loads(expected, parse_float=str)


def test_lines_say_what_each_record_of_a_page_is_also_beside_one_that_is_hard_to_write() -> None:
    records = [{"id": "1", "x": "a\nb"}, {"id": "2", "x": "half a pair: \ud800"}, {"id": "3"}]
    for page in ([], records[:1], records, [records[0], records[2]]):
        lines = RecordLines("deals").lines(_rows(*page)).splitlines(keepends=True)
        assert lines == [RecordLines("deals").lines(_rows(record)) for record in page]


@pytest.mark.parametrize(
    ("settings", "streams"),
    [
        (BY_THE_SDK, STREAMS),
        # Flattening turns what is nested into text, so it is compared where nothing is.
        ({"flattening_enabled": True, "flattening_max_depth": 1}, ("contacts", "deals")),
    ],
    ids=["stream maps", "flattening"],
)
def test_both_paths_print_the_same_records(
    connection: Connection, settings: dict[str, Any], streams: tuple[str, ...]
) -> None:
    quick = _records(connection.sync_partly(None))
    by_the_sdk = _records(connection.sync_partly(None, **settings))
    for stream in streams:
        told = [record for name, record in quick if name == stream]
        assert told
        assert told == [record for name, record in by_the_sdk if name == stream]


def test_the_quick_path_is_left_where_the_sdk_has_to_treat_records(connection: Connection) -> None:
    def quick(stream: str, catalog: dict[str, Any] | None = None, **settings: object) -> bool:
        tap = TapHubSpotCrm(config=connection.settings(**settings), catalog=catalog)
        found: Any = tap.streams[stream]
        return found._line_writer() is not None

    assert all(quick(stream) for stream in STREAMS)
    assert not any(quick(stream, **BY_THE_SDK) for stream in STREAMS)
    assert not quick("deals", flattening_enabled=True, flattening_max_depth=1)
    assert not quick("owners", stream_maps={"owners": "__NULL__"})
    catalog = TapHubSpotCrm(config=connection.settings()).catalog_dict
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if item["breadcrumb"] and item["breadcrumb"][-1] in {"email", "createdate"}:
                item["metadata"]["selected"] = False
    assert not quick("owners", catalog)
    # A record of contacts or deals is built without what is deselected.
    assert quick("contacts", catalog)
    assert quick("deals", catalog)


class _Pipe(io.BytesIO):
    """Notes the size of what is written at once, and may be disturbed by a signal."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []
        self.disturbed_by: LineWriter | None = None

    @override
    def write(self, block: Buffer, /) -> int:
        block = bytes(block)
        self.sizes.append(len(block))
        if self.disturbed_by is not None:
            self.disturbed_by.stop(signal.SIGTERM)
        return super().write(block)


class _FullPipe(io.BytesIO):
    """Takes three bytes at once, as an unbuffered pipe may when a signal comes."""

    @override
    def write(self, block: Buffer, /) -> int:
        return super().write(bytes(block)[:3])


class _BrokenPipe(io.BytesIO):
    @override
    def write(self, block: Buffer, /) -> int:
        raise BrokenPipeError(len(bytes(block)))


def test_records_go_out_in_blocks_and_a_state_at_once_with_all_before_it() -> None:
    pipe = _Pipe()
    writer = LineWriter()
    line = b'{"type":"RECORD"}\n' * 1000
    with redirect_stdout(io.TextIOWrapper(pipe, write_through=True)):
        writer.write_record_lines(line)
        assert pipe.sizes == []
        for _ in range(BLOCK_SIZE // len(line)):
            writer.write_record_lines(line)
        assert [size > BLOCK_SIZE - len(line) for size in pipe.sizes] == [True]
        writer.write_record_lines(line)
        writer.write_message(StateMessage(value={"bookmarks": {"a": [1, None]}}))
        lines = pipe.getvalue().splitlines()
        assert len(lines) == 1000 * (BLOCK_SIZE // len(line) + 2) + 1
        assert json.loads(lines[-1]) == {"type": "STATE", "value": {"bookmarks": {"a": [1, None]}}}
        writer.write_record_lines(line)
        writer.flush()
        assert len(pipe.getvalue().splitlines()) == len(lines) + 1000


def test_a_signal_in_the_middle_of_a_block_ends_the_run_after_it() -> None:
    pipe = _Pipe()
    writer = LineWriter()
    pipe.disturbed_by = writer
    with redirect_stdout(io.TextIOWrapper(pipe, write_through=True)):
        writer.write_record_lines(b"whole\n")
        with pytest.raises(Terminated):
            writer.flush()
        assert pipe.getvalue() == b"whole\n"
        pipe.disturbed_by = None
        with pytest.raises(Terminated):
            writer.stop(signal.SIGTERM)


def test_a_pipe_that_takes_less_at_once_gets_all_of_it() -> None:
    pipe = _FullPipe()
    writer = LineWriter()
    with redirect_stdout(io.TextIOWrapper(pipe, write_through=True)):
        writer.write_record_lines(b"a line\nanother\n")
        writer.flush()
        assert pipe.getvalue() == b"a line\nanother\n"


def test_what_a_broken_pipe_did_not_take_is_not_written_again() -> None:
    writer = LineWriter()
    with redirect_stdout(io.TextIOWrapper(_BrokenPipe(), write_through=True)):
        writer.write_record_lines(b"lost\n")
        with pytest.raises(BrokenPipeError):
            writer.flush()
    collected = io.StringIO()
    with redirect_stdout(collected):
        writer.flush()
    assert collected.getvalue() == ""
