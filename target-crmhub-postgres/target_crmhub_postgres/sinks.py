"""Collects the records of a stream until a batch is full, the latest version of each key."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from singer_sdk.sinks import BatchSink
from typing_extensions import override

from target_crmhub_postgres.errors import InvalidRecordError
from target_crmhub_postgres.loader import Batch, SetBatch
from target_crmhub_postgres.rows import RecordReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.sinks.core import BaseJSONSchemaValidator

    from target_crmhub_postgres.rows import ReadRecord
    from target_crmhub_postgres.target import TargetCrmHubPostgres


class CrmSink(BatchSink):
    """The sink of one stream of the mapping."""

    def __init__(
        self,
        target: TargetCrmHubPostgres,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
    ) -> None:
        super().__init__(target, stream_name, schema, key_properties)
        self._target = target
        self._stream = target.mapping.streams[stream_name]
        self._reader = RecordReader(
            stream=self._stream,
            mapping=target.mapping,
            pseudonyms=target.pseudonyms,
            phone_region=target.settings.default_phone_region,
        )
        self._latest: dict[str, ReadRecord] = {}
        self._seen: set[tuple[int, str]] = set()
        self._read_at_text: object = None
        self._read_at = target.started_at

    @override
    def setup(self) -> None:
        """Make ready for the stream's first batch."""
        self._target.loader.prepare(self._stream)

    @override
    def get_validator(self) -> BaseJSONSchemaValidator | None:
        """None: the mapping is what a record must fit, and its refusals quote no value."""
        return None

    def take(self, message: dict[str, Any]) -> None:
        """Take the record of a RECORD message; InvalidRecordError if the mapping refuses it."""
        record = message.get("record")
        if not isinstance(record, dict):
            raise InvalidRecordError(f"stream {self.stream_name}: record must be an object")
        found = self._reader.read(record, self._time_of(message))
        version = message.get("version")
        if version is not None:
            self._seen.add((_version(self.stream_name, version), found.key))
        earlier = self._latest.get(found.key)
        if earlier is None or earlier.order <= found.order:
            self._latest[found.key] = found
        if earlier is not None:
            self.tally_duplicate_merged()
        self.tally_record_read()

    @override
    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Take a record by itself, read now as far as it says."""
        extracted = {"time_extracted": record.get("_sdc_extracted_at")}
        self.take({"record": record, **extracted})

    @override
    def process_batch(self, context: dict[str, Any]) -> None:
        """Write what was collected, in one transaction."""
        records = [self._latest[key] for key in sorted(self._latest)]
        batch = Batch(
            rows=[record.row for record in records if record.row is not None],
            sets=[
                SetBatch(
                    sets=[(record.key, record.order[1]) for record in records],
                    members=[member for record in records for member in record.members[index]],
                )
                for index in range(len(self._stream.sets))
            ],
            seen=sorted(self._seen),
        )
        self._target.loader.write(self._stream, batch)
        self.record_counter_metric.increment(self.current_size)
        self._latest.clear()
        self._seen.clear()

    @override
    def activate_version(self, new_version: int) -> None:
        """End a full pass: delete what it did not see."""
        self._target.sweep.activate(self._stream, _version(self.stream_name, new_version))

    @override
    def clean_up(self) -> None:
        """Say what could not be read, by number."""
        super().clean_up()
        if self._reader.unread_phones:
            self.logger.warning(
                "%d phone numbers without a country code or of no possible form are stored as null",
                self._reader.unread_phones,
            )

    def _time_of(self, message: dict[str, Any]) -> dt.datetime:
        text = message.get("time_extracted")
        if text is None:
            return self._target.started_at
        if text != self._read_at_text:
            self._read_at = _moment(self.stream_name, text)
            self._read_at_text = text
        return self._read_at


def _moment(stream: str, text: object) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        message = f"stream {stream}: time_extracted must be a moment in ISO 8601 with its zone"
        raise InvalidRecordError(message)
    return moment


def _version(stream: str, version: object) -> int:
    if isinstance(version, int) and not isinstance(version, bool) and 0 <= version < 2**63:
        return version
    raise InvalidRecordError(f"stream {stream}: version must be a whole number")
