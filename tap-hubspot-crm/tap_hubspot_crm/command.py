"""The command line: exit statuses and the one line that says why a run failed.

The SDK would log validation errors and exceptions with the values in them; here an expected end
becomes a line of JSON, and a fault of the tap shows where it happened, not with what.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
import traceback
from typing import TYPE_CHECKING, Any

import click
from singer_sdk.exceptions import ConfigValidationError, MapExpressionError, StreamMapConfigError
from singer_sdk.plugin_base import SingerCommand
from typing_extensions import override

from tap_hubspot_crm.errors import InternalError, InvalidSettingsError, TapError, Terminated

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Some fifty pages of rows; Python's own number is 700.
_OBJECTS_BEFORE_COLLECTING = 70_000
_TRUE = {"true", "1", "yes", "on"}


class TapCommand(SingerCommand):
    """Runs the tap and turns every end of it into an exit status."""

    @override
    def main(self, *args: Any, **extra: Any) -> Any:
        extra["standalone_mode"] = False
        collect_garbage_seldom()
        sys.exit(self._run(args, extra))

    @override
    def invoke(self, ctx: click.Context) -> Any:
        # Not the SDK's own: it logs malformed settings with their values.
        logging.captureWarnings(capture=True)
        try:
            return click.Command.invoke(self, ctx)
        except BrokenPipeError:
            # Python would flush what is left at exit, and fail again.
            sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - until exit
            raise InternalError("the reader of this tap's output is gone") from None

    def _run(self, args: tuple[Any, ...], extra: Mapping[str, Any]) -> int:
        try:
            status = super().main(*args, **extra)
            sys.stdout.flush()
        except Terminated as end:
            self.logger.info("ended by signal %d; state was printed", end.signal_number)
            return 128 + end.signal_number
        except click.Abort:
            return 130
        except Exception as error:  # noqa: BLE001 - the outermost place: nothing may print values
            return _report(self._named(error))
        return status if isinstance(status, int) else 0

    def _named(self, error: Exception) -> TapError:
        """Return the class of an error that ended the run."""
        match error:
            case TapError():
                return error
            case click.ClickException():
                error.show(sys.stderr)
                return InvalidSettingsError("the command line is malformed; see --help")
            case ConfigValidationError() | StreamMapConfigError() | MapExpressionError():
                return InvalidSettingsError(
                    f"setting stream_maps is malformed ({type(error).__name__})"
                )
            case _:
                return self._internal(error)

    def _internal(self, error: Exception) -> InternalError:
        """Log where a fault happened; what it says may hold values and stays unprinted."""
        kind = type(error).__name__
        frames = "".join(traceback.format_tb(error.__traceback__))
        self.logger.error("%s, at:\n%s", kind, frames)
        return InternalError(f"a fault of the tap itself ({kind}); the log line above says where")


def collect_garbage_seldom() -> None:
    """Look for garbage in cycles a hundred times less often; for a process that is all ours.

    Rows make none, but each page has thousands of objects that Python would look through for it,
    and through all that was imported: a fifth of the run's work.
    """
    gc.freeze()
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTING, 10, 10)


def _report(error: TapError) -> int:
    """Write the line that ends a failed run, and return the exit status."""
    line = {
        "event": "tap_failed",
        "error_class": error.error_class,
        "message": error.message,
        "retry_after_seconds": error.retry_after_seconds,
    }
    sys.stderr.write(json.dumps(line) + "\n")
    sys.stderr.flush()
    return error.exit_status


def settings_from_environment(
    schema: Mapping[str, Any], *, prefix: str, environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the settings that environment variables hold (`TAP_HUBSPOT_CRM_API_URL`).

    Args:
        schema: JSON Schema of the settings.
        prefix: What every variable begins with.
        environment: Variables to read; the process's own by default.

    Raises:
        InvalidSettingsError: A variable does not hold a value of its setting's type.
    """
    variables = os.environ if environment is None else environment
    found: dict[str, Any] = {}
    for name, setting in schema.get("properties", {}).items():
        variable = prefix + name.upper()
        text = variables.get(variable)
        if text:
            found[name] = _from_text(variable, text, setting.get("type", "string"))
    return found


def _from_text(variable: str, text: str, kinds: str | list[str]) -> Any:  # noqa: ANN401 - any JSON
    if "string" in kinds:
        return text
    if "boolean" in kinds:
        return text.lower() in _TRUE
    try:
        return json.loads(text)
    except ValueError:
        kind = kinds if isinstance(kinds, str) else " or ".join(kinds)
        raise InvalidSettingsError(
            f"environment variable {variable} must be of type {kind}, written as JSON"
        ) from None
