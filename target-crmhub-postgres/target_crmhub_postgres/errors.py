"""Why a load ends, each error named for who can mend it and how.

A message says what failed, where and what to do. It never holds a value of a record, a secret or
a server's own text, which may quote either.
"""

from __future__ import annotations

from typing import ClassVar

from singer_sdk.exceptions import MissingKeyPropertiesError, RecordsWithoutSchemaException
from typing_extensions import override


class TargetError(Exception):
    """Something ended the load; subclasses say what to do about it."""

    #: What the last line on stderr and the orchestrator call this.
    error_class: ClassVar[str]
    #: Exit status of the program.
    exit_status: ClassVar[int] = 1
    #: What the operator does, for the README.
    remedy: ClassVar[str]

    @property
    def message(self) -> str:
        """What failed, where, and what to do; free of values."""
        return str(self.args[0])


class InvalidSettingsError(TargetError):
    """A setting is missing or malformed, or does not fit what is stored."""

    error_class = "invalid_settings"
    exit_status = 2
    remedy = "Mend the setting that the message names. Nothing was written."


class UnknownStreamError(TargetError):
    """The input holds a stream that the mapping file does not name."""

    error_class = "unknown_stream"
    remedy = "Deselect the stream in the tap, or add it to the provider's mapping file."


class InvalidRecordError(TargetError):
    """A line is not a Singer message, or a record's key, version or set cannot be read."""

    error_class = "invalid_record"
    remedy = "Correct the record that stream, key and path point to in its source; run again."


class RecordBeforeSchemaError(InvalidRecordError, RecordsWithoutSchemaException):
    """A RECORD came before the SCHEMA of its stream."""


class MissingKeyError(InvalidRecordError, MissingKeyPropertiesError):
    """A record has no key, or null for a key."""


class TenantMismatchError(TargetError):
    """The connection does not belong to the organisation."""

    error_class = "tenant_mismatch"
    remedy = "Set `org_id` and `connection_id` to a pair that `crmhub connections list` shows."


class LeaseLostError(TargetError):
    """Another run, or a reset, has taken the connection's lease."""

    error_class = "lease_lost"
    remedy = "Nothing: whoever holds the lease carries on. By hand, take a new one."


class MassDeleteError(TargetError):
    """A full pass would delete more than the brake lets through."""

    error_class = "mass_delete"
    remedy = "Look whether the source really lost these rows; if so, run with `allow_mass_delete`."


class DatabaseFailureError(TargetError):
    """The database cannot be reached, is not ready for us, or refused a statement."""

    error_class = "database"
    remedy = "Do what the message says; run again. What was committed stays."


class PassingFailureError(DatabaseFailureError):
    """The database was not there for a while, or another transaction was in the way.

    The transaction left nothing behind or, cut off while it was committed, does no harm a second
    time: it is tried again, and this ends the load only once there is no try left.
    """

    @property
    def reason(self) -> str:
        """What failed."""
        return str(self.args[0])

    @property
    @override
    def message(self) -> str:
        """What failed, and that it is up to the operator now."""
        return f"{self.reason}, and trying again did not help: run again once it is mended"


class InternalError(TargetError):
    """A fault of this program."""

    error_class = "internal"
    remedy = "Report it with the lines before the last: they hold places in the code, no values."


class InputBrokenOffError(InternalError):
    """The input ended in the midst of a line: who wrote it was stopped."""


class OutputGoneError(InternalError):
    """A state cannot be printed: who read it is gone, or where it goes is full."""


#: Every class that the last line on stderr can carry, in the order of the README's table.
ERROR_CLASSES: tuple[type[TargetError], ...] = (
    InvalidSettingsError,
    UnknownStreamError,
    InvalidRecordError,
    TenantMismatchError,
    LeaseLostError,
    MassDeleteError,
    DatabaseFailureError,
    InternalError,
)
