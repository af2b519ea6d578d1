"""How the program ends: an error becomes one JSON line, last on stderr, and an exit status."""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self

from singer_sdk.plugin_base import SingerCommand
from typing_extensions import override

from target_crmhub_postgres.errors import InternalError, InvalidSettingsError, TargetError

if TYPE_CHECKING:
    import logging

    import click

_SIGNALLED: Final = 128


class TargetCommand(SingerCommand):
    """The command line, with errors by class."""

    @classmethod
    def adopt(cls, command: click.Command, logger: logging.Logger) -> Self:
        """Return the SDK's command as one of this class."""
        return cls(
            name=command.name,
            callback=command.callback,
            params=command.params,
            context_settings=command.context_settings,
            help=command.help,
            logger=logger,
        )

    @override
    def main(self, *arguments: Any, **options: Any) -> Any:  # the SDK's and click's own
        """Run; on failure print the error line and exit with its status."""
        try:
            return super().main(*arguments, **options)
        except TargetError as error:
            failure = error
        except OSError as error:
            # Of our own files only --config and --input are opened, by click and the SDK.
            failure = InvalidSettingsError(f"a file cannot be read: {type(error).__name__}")
            self._tell_places(error)
        except Exception as error:  # noqa: BLE001 - a fault of ours: told without its words
            failure = InternalError(f"a fault of this program: {type(error).__name__}")
            self._tell_places(error)
        sys.stderr.write(f"{error_line(failure)}\n")
        sys.exit(failure.exit_status)

    @override
    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Read the command line and the files of settings that it names."""
        try:
            return super().make_context(*arguments, **options)
        except (ValueError, TypeError, RecursionError):
            pass  # their words may quote a file
        raise InvalidSettingsError("--config: each file must hold a JSON object, of settings")

    def _tell_places(self, error: BaseException) -> None:
        """Log where an error came from; its words may quote a record."""
        for frame in traceback.extract_tb(error.__traceback__):
            self.logger.error("at %s:%s in %s", frame.filename, frame.lineno, frame.name)


def error_line(failure: TargetError) -> str:
    """Return the JSON that tells how a load ended."""
    return json.dumps(
        {
            "event": "target_failed",
            "error_class": failure.error_class,
            "message": failure.message,
        }
    )


def end_by_signal(signum: int, warning: str | None) -> NoReturn:
    """End the process from within a signal handler, past every lock and buffer.

    Args:
        signum: The signal.
        warning: What to say before the error line.
    """
    failure = InternalError(f"ended by signal {signum}: run again, what was committed stays")
    lines = [f"WARNING {warning}"] if warning else []
    lines.append(error_line(failure))
    try:
        os.write(sys.stderr.fileno(), "".join(f"{line}\n" for line in lines).encode())
    finally:
        # Also where nobody reads the line.
        os._exit(_SIGNALLED + signum)
