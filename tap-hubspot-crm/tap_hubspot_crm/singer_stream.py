"""Between the SDK's Stream and this tap's passes: events in, Singer messages out.

The SDK keeps bookmarks by the greatest value seen and announces versions at the start; neither
can promise completeness, so bookmarks and versions come from the passes.
"""

from __future__ import annotations

import abc
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import RemoveRecordTransform, SameRecordTransform
from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from singer_sdk.streams import Stream
from typing_extensions import override

from tap_hubspot_crm.errors import (
    InternalError,
    TapError,
    UnexpectedResponseError,
    concerns_one_stream,
)
from tap_hubspot_crm.events import Checkpoint, CompletePass, Rows, Touched
from tap_hubspot_crm.output import KeptVersionMessage, LineWriter
from tap_hubspot_crm.probe import intervals_of
from tap_hubspot_crm.record_lines import RecordLines, as_dictionary
from tap_hubspot_crm.state import Bookmark

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping
    from datetime import datetime

    from singer_sdk.helpers.types import Context, Record
    from singer_sdk.singerlib import RecordMessage

    from tap_hubspot_crm.events import Event
    from tap_hubspot_crm.object_passes import Intervals
    from tap_hubspot_crm.tap import TapHubSpotCrm


AnyBookmark = TypeVar("AnyBookmark", bound=Bookmark)


class HubSpotStream(Stream):
    """A stream that sends what its passes tell it to."""

    # Records are built to their schema already.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    #: Whether a record is built without the fields that the catalog deselects.
    records_are_selected = False

    #: The tap, which holds the client and the bookmarks.
    _tap: TapHubSpotCrm

    def __init__(self, tap: TapHubSpotCrm, schema: dict[str, Any] | None = None) -> None:
        """Make the stream of a tap."""
        super().__init__(tap, schema=schema)
        self._read_at: datetime | None = None

    @abc.abstractmethod
    def events(self) -> Iterator[Event]:
        """Tell what to send, in order."""

    @abc.abstractmethod
    def check_access(self) -> None:
        """Ask for as little of the stream as shows that the token may read it.

        Raises:
            TapError: It may not.
        """

    @property
    def intervals(self) -> Intervals:
        """When the slower passes are due; a catalog that asks for FULL_TABLE gets a full pass."""
        intervals = intervals_of(self._tap.settings)
        if self.replication_method == REPLICATION_FULL_TABLE:
            return replace(intervals, full=timedelta(0))
        return intervals

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        for event in self.events():
            if isinstance(event, Rows):
                yield from map(as_dictionary, event.records)

    @override
    def _write_schema_message(self) -> None:
        """Leave it to the first event: a stream that may not be read is not announced."""

    def announce(self) -> None:
        """Write the SCHEMA."""
        super()._write_schema_message()

    @override
    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[dict[str, Any], None, None]:
        """Send what the passes tell, with state at their safe points only."""
        try:
            yield from self._send_events()
        except TapError as error:
            if not concerns_one_stream(error):
                raise
            self._tap.note_failure(self.name, error)
        finally:
            if isinstance(self._tap.message_writer, LineWriter):
                self._tap.message_writer.flush()

    def _send_events(self) -> Generator[dict[str, Any], None, None]:
        sent = 0
        stated = 0
        writer = self._line_writer()
        lines = RecordLines(self.name)
        with self.get_record_counter() as counter, self.get_sync_timer():
            for event in self._announced(self.events()):
                match event:
                    case Rows() if writer is not None:
                        writer.write_record_lines(lines.lines(event))
                        counter.increment(len(event.records))
                        sent += len(event.records)
                    case Rows():
                        for record in self._sent_by_sdk(event, sent):
                            counter.increment()
                            sent += 1
                            yield record
                    case Checkpoint():
                        self._tap.bookmarks[self.name] = event.bookmark
                        if sent - stated >= self.STATE_MSG_FREQUENCY:
                            stated = sent
                            self._tap.write_bookmarks()
                    case Touched():
                        self._tap.owe_associations(self.name, event)
                    case CompletePass() if not event.kept:
                        self._write_activate_version_message(event.version)
                    case CompletePass():
                        self._name_kept(event)
        self._tap.write_bookmarks()

    def _name_kept(self, event: CompletePass) -> None:
        """End a full pass that lacks records, for a target that is told to keep them.

        Any other target would drop them, so it is sent nothing, and drops what is gone after the
        next full pass that lacks none.
        """
        if not self._tap.settings.activate_with_kept:
            self.logger.warning(
                "%s: no ACTIVATE_VERSION is sent: HubSpot refused %d records, which a target "
                "would drop; see setting activate_with_kept",
                self.name, len(event.kept),
            )  # fmt: skip
            return
        for stream_map in self.stream_maps:
            if not isinstance(stream_map, RemoveRecordTransform):
                kept = sorted(event.kept, key=int)
                self._tap.write_message(
                    KeptVersionMessage(
                        stream=stream_map.stream_alias, version=event.version, kept=kept
                    )
                )

    def _announced(self, events: Iterator[Event]) -> Iterator[Event]:
        """Yield events, and write the SCHEMA before the first; before the end if none comes."""
        first = next(events, None)
        self.announce()
        if first is not None:
            yield first
            yield from events

    def _sent_by_sdk(self, rows: Rows, sent: int) -> Iterator[dict[str, Any]]:
        """Write records one by one in the SDK's own way, which maps, flattens and deselects."""
        self._stream_version = rows.version
        self._read_at = rows.read_at
        for number, record in enumerate(map(as_dictionary, rows.records), sent):
            self._check_max_record_limit(current_record_index=number)
            self._write_record_message(record)
            yield record

    def _line_writer(self) -> LineWriter | None:
        """Return what takes encoded records, or None where the SDK has to treat each of them."""
        writer = self._tap.message_writer
        as_they_are = all(
            isinstance(each, SameRecordTransform) and not each.flattening_enabled
            for each in self.stream_maps
        )
        if (
            not isinstance(writer, LineWriter)
            or not as_they_are
            or len(self.stream_maps) != 1
            or self.ABORT_AT_RECORD_COUNT is not None
            or not (self.records_are_selected or all(self.mask.values()))
        ):
            return None
        return writer

    @override
    def _generate_record_messages(self, record: Record) -> Generator[RecordMessage, None, None]:
        for message in super()._generate_record_messages(record):
            message.time_extracted = self._read_at
            yield message

    @override
    def _write_state_message(self) -> None:
        self._tap.write_bookmarks()

    @property
    @override
    def emit_activate_version_messages(self) -> bool:
        # The SDK would send it before the first record; ours follows the last of a full pass.
        return False

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        # The SDK's signpost is the machine's clock, and ends up in state.
        return None

    @override
    def get_batch_config(self, config: Mapping[str, Any]) -> None:
        return None

    def _bookmark(self, kind: type[AnyBookmark]) -> AnyBookmark:
        """Return where the stream stands, which is a bookmark of this kind."""
        bookmark = self._tap.bookmarks[self.name]
        if not isinstance(bookmark, kind):
            raise InternalError(f"{self.name} has a bookmark of another kind")
        return bookmark

    def _selected_schemas(self) -> dict[str, Mapping[str, Any]]:
        """Return the JSON Schema of each field that the catalog selects, as SCHEMA announces it."""
        properties = self.effective_schema.get("properties")
        if not isinstance(properties, dict):
            raise UnexpectedResponseError(f"the schema of {self.name} has no properties")
        return {
            name: schema for name, schema in properties.items() if self.mask["properties", name]
        }
