"""The Singer target: HubSpot's records in, canonical rows of one organisation out."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn, cast

from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities
from singer_sdk.target_base import Target
from typing_extensions import override

from target_crmhub_postgres import mapping as mapping_files
from target_crmhub_postgres.command import TargetCommand, end_by_signal
from target_crmhub_postgres.errors import (
    InvalidRecordError,
    RecordBeforeSchemaError,
    UnknownStreamError,
)
from target_crmhub_postgres.lines import Alarm
from target_crmhub_postgres.loader import Loader
from target_crmhub_postgres.messages import MessageReader, Reading
from target_crmhub_postgres.odd_values import RunOddValues
from target_crmhub_postgres.pii import Pseudonyms
from target_crmhub_postgres.quick_messages import QuickDecoder
from target_crmhub_postgres.session import Session
from target_crmhub_postgres.settings import CONFIG_JSONSCHEMA, from_environment, read_settings
from target_crmhub_postgres.sinks import CrmSink
from target_crmhub_postgres.states import print_state
from target_crmhub_postgres.sweep import Sweep
from target_crmhub_postgres.totals import Totals
from target_crmhub_postgres.writing import Writer, tuned_interpreter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

    import click

    from target_crmhub_postgres.quick_messages import QuickMessage

#: A STATE that comes so long after all rows were last written has those that wait written.
_STATE_SECONDS: Final = 30.0
_STREAM_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)


class TargetCrmHubPostgres(Target):
    """Loads CRM records into CRM Hub's tables, pseudonymised, under row-level security."""

    name = "target-crmhub-postgres"
    config_jsonschema: ClassVar[dict[str, Any]] = CONFIG_JSONSCHEMA
    #: No stream maps and no flattening: the mapping file alone says what is stored.
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]
    default_sink_class = CrmSink
    message_reader_class = MessageReader
    #: Where the mapping files are.
    mapping_folder: ClassVar[Path] = Path(mapping_files.__file__).parent

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the SDK's own options
        super().__init__(**options)
        settings = self.settings
        self.max_parallelism = 1
        #: The time of records that do not say when they were read.
        self.started_at = dt.datetime.now(tz=dt.UTC)
        self.mapping = mapping_files.load_mapping(
            settings.provider, self.mapping_folder
        ).with_choices(kept_properties=settings.kept_properties, choices=settings.choices)
        self.pseudonyms = Pseudonyms(org_id=settings.org_id, salt=settings.pii_hash_salt)
        self.quick = QuickDecoder(self.mapping)
        #: Values that were read as null because they do not fit.
        self.odd_values = RunOddValues()
        #: What is open while records are read and written.
        self._opened = contextlib.ExitStack()
        self._is_open = False
        self._written_state: object = None
        self._drained_at = time.monotonic()
        if isinstance(self.message_reader, MessageReader):
            self.message_reader.lifetime = self._reading

    @classproperty
    @override
    def logger(cls) -> logging.Logger:  # noqa: N805 - a class property
        """The logger of the target and, by their names below it, of its sinks."""
        return logging.getLogger("CrmHubLoader")

    @property
    def loader(self) -> Loader:
        """The writer of batches; reading must have begun."""
        return self._loader

    @property
    def sweep(self) -> Sweep:
        """What ends full passes; reading must have begun."""
        return self._sweep

    @classmethod
    @override
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """The settings are ours alone: the SDK's would store what the mapping does not name."""

    @classproperty
    @override
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805 - a class property
        return dict(from_environment(os.environ, cast("str", cls._env_var_prefix)))

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Read the settings: the SDK's validation would quote values."""
        del raise_errors  # without settings there is nothing to do
        self.settings = read_settings(self._config, mapping_files.providers(self.mapping_folder))
        self._config["batch_size_rows"] = self.settings.batch_size_rows
        return []

    @override
    def _process_schema_message(self, message_dict: dict[str, Any]) -> None:
        """Open the sink of a stream; what a schema says of values is the mapping's to decide."""
        name, schema = message_dict.get("stream"), message_dict.get("schema")
        stream = self.mapping.streams.get(name) if isinstance(name, str) else None
        if stream is None:
            raise self._unknown(name)
        if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
            raise InvalidRecordError(f"stream {stream.name}: a schema must have properties")
        keys = message_dict.get("key_properties")
        if keys != [stream.key.field]:
            raise InvalidRecordError(
                f"stream {stream.name}: key_properties must be [{stream.key.field}]"
            )
        if not self.sink_exists(stream.name):
            self.add_sink(stream.name, schema, keys)

    @override
    def _process_record_message(self, message_dict: dict[str, Any]) -> None:
        sink = self._sink(message_dict.get("stream"), "a record")
        sink.take(message_dict)
        if sink.is_full:
            self.drain_one(sink)

    def _take_quickly(self, messages: Sequence[QuickMessage]) -> Iterator[int]:
        """Take decoded RECORD messages, but yield the place of each that is to be read in full."""
        begin = 0
        while begin < len(messages):
            sink = self._sinks_active.get(self.quick.streams[type(messages[begin])])
            if not isinstance(sink, CrmSink):
                yield begin
                begin += 1
                continue
            part = _first_of_a_kind(messages[begin : begin + sink.room])
            for place in sink.take_quickly(part):
                yield begin + place
            begin += len(part)
            if sink.is_full:
                self.drain_one(sink)

    def write(self, work: Callable[[], None]) -> None:
        """Have a batch written while the next one is read; raises what the last one failed with."""
        self._writer.write(work)

    @override
    def _process_activate_version_message(self, message_dict: dict[str, Any]) -> None:
        sink = self._sink(message_dict.get("stream"), "ACTIVATE_VERSION")
        # Everything read so far counts as seen, and links of deleted rows must not come after them.
        self._drain_rows()
        self._writer.wait()
        if message_dict.get("kept"):
            sink.keep_stored(message_dict.get("version"), message_dict["kept"])
        sink.activate_version(cast("int", message_dict.get("version")))

    @override
    def _process_batch_message(self, message_dict: dict[str, Any]) -> None:
        raise InvalidRecordError("BATCH messages are not read: let the tap send RECORD messages")

    @override
    def _process_state_message(self, message_dict: dict[str, Any]) -> None:
        """Print the state as soon as everything before it is committed."""
        state = message_dict.get("value")
        if not isinstance(state, dict):
            raise InvalidRecordError("a STATE message must have an object as its value")
        self._latest_state = state
        has_rows = any(sink.current_size for sink in self._sinks_active.values())
        if has_rows and time.monotonic() - self._drained_at > _STATE_SECONDS:
            self._drain_rows()
            has_rows = False
        if not has_rows:
            self._writer.afterwards(lambda: self._write_state_message(state))

    @override
    def _write_state_message(self, state: dict[str, Any]) -> None:
        """Print a state, once; everything before it is committed."""
        if state != self._written_state:
            print_state(state)
            self._written_state = state

    @override
    def process_endofpipe(self) -> None:
        """Write what is left, recompute the totals, print the last state."""
        try:
            self._drain_rows()
            if self._is_open:
                self._writer.wait()
                self._totals.recompute()
            super().process_endofpipe()
        finally:
            self.close()

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> NoReturn:
        """End at once: the database rolls back what is open, and no state was printed for it."""
        end_by_signal(signum, self.odd_values.take_warning())

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        """Return the SDK's command, ending with our error line and exit status."""
        return TargetCommand.adopt(super().get_singer_command(), cls.logger)

    def close(self) -> None:
        """Let what is being written end, close the session if one is open, and warn once."""
        self._is_open = False
        self._opened.close()
        if warning := self.odd_values.take_warning():
            self.logger.warning("%s", warning)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Reading]:
        """Hold a checked session while lines are read; close it if reading fails."""
        try:
            if not self._is_open:
                self._open()
            yield Reading(
                decode=self.quick.decode,
                decode_lines=self.quick.decode_lines,
                take=self._take_quickly,
                alarm=self._alarm,
                on_alarm=self._writer.wait,
            )
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        session = Session.open(self.settings, self.pseudonyms.fingerprint)
        self._opened.callback(session.close)
        self._alarm = Alarm()
        self._opened.callback(self._alarm.close)
        self._writer = Writer(self._alarm)
        self._opened.callback(self._writer.close)
        # If reading has failed, what was read before is written if it can be, and not waited for.
        self._opened.callback(session.give_up)
        self._opened.enter_context(tuned_interpreter())
        self._totals = Totals(session)
        self._loader = Loader(session=session, mapping=self.mapping, totals=self._totals)
        self._sweep = Sweep(
            session=session,
            mapping=self.mapping,
            totals=self._totals,
            logger=self.logger,
            allow_mass_delete=self.settings.allow_mass_delete,
        )
        self._is_open = True

    def _drain_rows(self) -> None:
        for sink in self._sinks_active.values():
            self.drain_one(sink)
        self._drained_at = time.monotonic()

    def _sink(self, name: object, what: str) -> CrmSink:
        sink = self._sinks_active.get(name) if isinstance(name, str) else None
        if isinstance(sink, CrmSink):
            return sink
        if isinstance(name, str) and name in self.mapping.streams:
            raise RecordBeforeSchemaError(f"stream {name}: {what} came before the SCHEMA")
        raise self._unknown(name)

    def _unknown(self, name: object) -> UnknownStreamError:
        shown = name if isinstance(name, str) and _STREAM_NAME.fullmatch(name) else "(not shown)"
        known = ", ".join(self.mapping.streams)
        return UnknownStreamError(f"stream {shown} is unknown: the known ones are {known}")


def _first_of_a_kind(messages: Sequence[QuickMessage]) -> Sequence[QuickMessage]:
    """Return the messages of the first one's stream, up to the first of another."""
    kind = type(messages[0])
    if len(set(map(type, messages))) == 1:
        return messages
    for place, message in enumerate(messages):
        if type(message) is not kind:
            return messages[:place]
    return messages
