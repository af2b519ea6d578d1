"""The files that the command line names: settings, catalog and state."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, Any

from singer_sdk.singerlib import Catalog

from tap_hubspot_crm.errors import InvalidSettingsError


def check_settings_file(path: str) -> None:
    """Refuse a file of settings that the SDK could not read.

    Raises:
        InvalidSettingsError: It cannot be read, or holds no JSON object.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        content = None
    if not isinstance(content, dict):
        raise InvalidSettingsError("the file of --config cannot be read, or holds no JSON object")


def read_object(file: IO[str] | None, option: str) -> dict[str, Any] | None:
    """Return the JSON object of a file, None without a file.

    Args:
        file: The file.
        option: The option that names it, for the message.

    Raises:
        InvalidSettingsError: It holds something else.
    """
    if file is None:
        return None
    try:
        content = json.load(file)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise InvalidSettingsError(f"the file of {option} holds no JSON object")
    return content


def read_catalog(catalog: dict[str, Any]) -> Catalog:
    """Return a catalog as the SDK has it.

    Raises:
        InvalidSettingsError: It is not of the form that `--discover` prints.
    """
    try:
        return Catalog.from_dict(catalog)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise InvalidSettingsError("the catalog is not one that --discover prints") from None
