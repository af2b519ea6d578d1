"""Collects the records of a stream until a batch is full, the latest version of each key."""

from __future__ import annotations

import datetime as dt
from itertools import count, repeat
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from singer_sdk.sinks import BatchSink
from typing_extensions import override

from target_crmhub_postgres.errors import InvalidRecordError
from target_crmhub_postgres.hashing import Hashing
from target_crmhub_postgres.loader import Batch, SetBatch
from target_crmhub_postgres.packing import RowFormat, packed_moment
from target_crmhub_postgres.quick_rows import QuickReader
from target_crmhub_postgres.rows import RecordReader, row_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_sdk.sinks.core import BaseJSONSchemaValidator

    from target_crmhub_postgres.quick_messages import QuickMessage
    from target_crmhub_postgres.quick_rows import QuickRow
    from target_crmhub_postgres.rows import Row
    from target_crmhub_postgres.target import TargetCrmHubPostgres


#: Of a decoded message.
_RECORD: Final = attrgetter("record")
_TIME: Final = attrgetter("time_extracted")
_NUMBER: Final = attrgetter("version")
#: Of its row.
_KEY: Final = attrgetter("key")
_UPDATED_AT: Final = attrgetter("updated_at")
_ROW: Final = attrgetter("row")


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
        self._odd_values = target.odd_values.of(stream_name)
        self._hashing = Hashing(
            pseudonyms=target.pseudonyms,
            phone_region=target.settings.default_phone_region,
            odd_values=self._odd_values,
        )
        self._reader = RecordReader(
            stream=self._stream,
            mapping=target.mapping,
            hashing=self._hashing,
            odd_values=self._odd_values,
        )
        self._types = target.loader.types(self._stream.table) if self._stream.table else {}
        self._format = (
            RowFormat(row_columns(self._stream), self._types) if self._stream.table else None
        )
        self._quick_reader = self._make_quick_reader()
        self._latest: dict[str, _Version] = {}
        self._seen: set[tuple[int, str]] = set()
        self._taken = 0
        self._most = self.max_size
        self._read_at_text: object = None
        self._set_read_at(target.started_at)

    @property
    @override
    def current_size(self) -> int:
        """Records that were taken since the last batch, counted here for every record."""
        return self._taken

    @property
    @override
    def is_full(self) -> bool:
        """Whether a batch is full, without the SDK's way there: it is asked for every record."""
        return self._taken >= self._most

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
        self._note_time(message.get("time_extracted"))
        found = self._reader.read(record, self._read_at)
        row = self._format.pack(found.row) if self._format and found.row else None
        self._keep(found.key, _Version(*found.order, row, found.members), message.get("version"))

    @property
    def room(self) -> int:
        """How many more records the batch takes."""
        return max(1, self._most - self._taken)

    def take_quickly(self, messages: Sequence[QuickMessage]) -> Iterator[int]:
        """Take decoded RECORD messages, but yield the place of each that is to be read in full.

        What is odd is always read in full, to be counted or refused by its path. It is to be done
        before the next one is asked for: the order of records is kept.
        """
        if self._quick_reader is None:
            yield from range(len(messages))
            return
        moments, packed = self._times(messages)
        rows = self._quick_reader.read(list(map(_RECORD, messages)), packed)
        if self._keep_together(messages, rows, moments):
            return
        for message, row, moment, place in zip(messages, rows, moments, count(), strict=False):
            if row is None:
                yield place
            else:
                version = _Version(row.updated_at, moment, row.row, ())
                self._keep(row.key, version, message.version)

    @override
    def process_batch(self, context: dict[str, Any]) -> None:
        """Have what was collected written, in one transaction, while the next batch is read."""
        keys = sorted(self._latest)
        versions = [self._latest[key] for key in keys]
        batch = Batch(
            rows=[version.row for version in versions if version.row is not None],
            sets=[
                SetBatch(
                    sets=[
                        (key, version.read_at) for key, version in zip(keys, versions, strict=True)
                    ],
                    members=[member for version in versions for member in version.members[index]],
                )
                for index in range(len(self._stream.sets))
            ],
            seen=sorted(self._seen),
        )
        self.tally_record_read(self._taken)
        self.record_counter_metric.increment(self._taken)
        self._taken = 0
        self._latest = {}
        self._seen = set()
        self._target.write(lambda: self._target.loader.write(self._stream, batch))

    @override
    def activate_version(self, new_version: int) -> None:
        """End a full pass: delete what it did not see."""
        self._target.sweep.activate(self._stream, _version(self.stream_name, new_version))

    def keep_stored(self, version: object, kept: object) -> None:
        """Count rows as seen by a full pass that could not read them.

        Args:
            version: The version of the pass.
            kept: Their keys, as the member `kept` of an ACTIVATE_VERSION has them.

        Raises:
            InvalidRecordError: It is not a list of keys.
        """
        if not isinstance(kept, list) or not all(isinstance(key, str) and key for key in kept):
            raise InvalidRecordError(f"stream {self.stream_name}: kept must be a list of keys")
        number = _version(self.stream_name, version)
        batch = Batch(
            rows=[],
            sets=[SetBatch(sets=[], members=[]) for _ in self._stream.sets],
            seen=[(number, key) for key in sorted(set(kept))],
        )
        self._target.loader.write(self._stream, batch)
        self.logger.warning(
            "stream %s: the full pass could not read %d of its rows; they stay as they are",
            self.stream_name,
            len(batch.seen),
        )

    def _keep(self, key: str, version: _Version, number: object) -> None:
        """Keep what was read unless a later version of it is there."""
        if number is not None:
            self._seen.add((_version(self.stream_name, number), key))
        earlier = self._latest.get(key)
        if earlier is None:
            self._latest[key] = version
        else:
            if earlier.order <= version.order:
                self._latest[key] = version
            self.tally_duplicate_merged()
        self._taken += 1

    def _keep_together(
        self,
        messages: Sequence[QuickMessage],
        rows: Sequence[QuickRow | None],
        moments: Sequence[dt.datetime],
    ) -> bool:
        """Keep records as they nearly always come: all read, no key twice, all of one full pass.

        Returns:
            False if they are not so, and none was kept.
        """
        numbers = list(map(_NUMBER, messages))
        number = numbers[0]
        if None in rows or numbers.count(number) < len(numbers) or len(set(map(type, numbers))) > 1:
            return False
        keys = list(map(_KEY, rows))
        if len(set(keys)) < len(keys) or not self._latest.keys().isdisjoint(keys):
            return False
        if number is not None:
            self._seen.update(zip(repeat(_version(self.stream_name, number)), keys, strict=False))
        versions = map(_Version, map(_UPDATED_AT, rows), moments, map(_ROW, rows), repeat(()))
        self._latest.update(zip(keys, versions, strict=True))
        self._taken += len(keys)
        return True

    def _times(self, messages: Sequence[QuickMessage]) -> tuple[list[dt.datetime], list[bytes]]:
        """Return when each record was read, as a moment and as a field."""
        texts = list(map(_TIME, messages))
        if texts.count(texts[0]) == len(texts):
            # Nearly always: a page is read at once.
            self._note_time(texts[0])
            return [self._read_at] * len(texts), [self._packed_read_at] * len(texts)
        moments, packed = [], []
        for text in texts:
            self._note_time(text)
            moments.append(self._read_at)
            packed.append(self._packed_read_at)
        return moments, packed

    def _note_time(self, text: object) -> None:
        """Note when the record was read; of many records it is the same."""
        if text == self._read_at_text:
            return
        self._set_read_at(
            self._target.started_at if text is None else _moment(self.stream_name, text)
        )
        self._read_at_text = text

    def _set_read_at(self, moment: dt.datetime) -> None:
        self._read_at = moment
        self._packed_read_at = packed_moment(moment)

    def _make_quick_reader(self) -> QuickReader | None:
        shape = self._target.quick.shapes.get(self.stream_name)
        if shape is None:
            return None
        return QuickReader(
            stream=self._stream,
            mapping=self._target.mapping,
            shape=shape,
            types=self._types,
            hashing=self._hashing,
            odd_values=self._odd_values,
        )


class _Version(Struct, frozen=True, gc=False):
    """One version of a record, as it is stored."""

    updated_at: dt.datetime
    read_at: dt.datetime
    #: As binary COPY takes it; None where the stream has no table of its own.
    row: bytes | None
    #: For each set of the stream: its members.
    members: tuple[list[Row], ...]

    @property
    def order(self) -> tuple[dt.datetime, dt.datetime]:
        """The later of two versions has the greater one."""
        return self.updated_at, self.read_at


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
