"""`--test`: the self-check on the command line."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click
from singer_sdk.tap_base import CliTestOptionValue

from tap_hubspot_crm.self_check.results import error_of
from tap_hubspot_crm.self_check.run import self_check
from tap_hubspot_crm.self_check.table import table_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_hubspot_crm.timekeeping import Timer

TEST_HELP: Final = (
    "Check what this account does, read-only and in about twenty calls, and print a table; "
    "--test=json prints it as JSON. --test=schema prints SCHEMA messages and reads no records."
)
_TABLE: Final = CliTestOptionValue.All.value
_JSON: Final = "json"
_OF_THE_SDK: Final = (CliTestOptionValue.Schema.value, CliTestOptionValue.Disabled.value)


def is_self_check(value: str) -> bool:
    """Say whether this value of `--test` asks for the self-check.

    Raises:
        BadParameter: There is no such value.
    """
    if value in {_TABLE, _JSON}:
        return True
    if value in _OF_THE_SDK:
        return False
    raise click.BadParameter("give --test alone, --test=json or --test=schema")


def print_self_check(config: Mapping[str, Any], value: str, *, timer: Timer) -> None:
    """Make the self-check and print its results.

    Args:
        config: The tap's settings.
        value: Of `--test`.
        timer: How to measure and wait.

    Raises:
        TapError: It found a problem; the results are printed before.
    """
    results = self_check(config, timer=timer)
    if value == _JSON:
        click.echo(json.dumps([asdict(result) for result in results], indent=2))
    else:
        click.echo(table_of(results), nl=False)
    error = error_of(results)
    if error is not None:
        raise error
