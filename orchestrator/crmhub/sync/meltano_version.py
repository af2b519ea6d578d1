"""Is the Meltano here that `meltano.yml` and the state backend are written for?"""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path
from typing import Final

from crmhub.errors import InvalidSettingsError

#: meltano.yml and the state backend are written for it.
MELTANO_MAJOR: Final = "4"


def meltano_program() -> Path:
    """Where Meltano is started from: beside this program, so that it finds our plugins."""
    return Path(sys.executable).with_name("meltano")


def refuse_other_meltano() -> None:
    """Raise InvalidSettingsError, with the remedy, unless runs can be started from here."""
    remedy = f"install meltano {MELTANO_MAJOR} into the environment of this program"
    try:
        version = importlib.metadata.version("meltano")
    except importlib.metadata.PackageNotFoundError:
        version = ""
    if not version or not meltano_program().exists():
        raise InvalidSettingsError(f"meltano is missing: {remedy}")
    if version.partition(".")[0] != MELTANO_MAJOR:
        raise InvalidSettingsError(f"meltano {version} is installed: {remedy}")
