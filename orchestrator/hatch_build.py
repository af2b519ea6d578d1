"""Brings what lies beside the members of the workspace into the distributions of `crmhub`.

Hatchling runs it. An editable installation reads both from the repository.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from typing_extensions import override

#: In the repository → in the distribution, where `crmhub.project_files` looks first.
BROUGHT_ALONG = {
    "sql/migrations": "crmhub/sql/migrations",
    "meltano.yml": "crmhub/meltano/meltano.yml",
}


class FilesOfTheRepository(BuildHookInterface[BuilderConfig]):
    """Names files outside the project's folder, which patterns of a pyproject file cannot."""

    @override
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files; in an unpacked sdist they are in their places already."""
        here = Path(self.root)
        if version == "editable" or all(
            (here / place).exists() for place in BROUGHT_ALONG.values()
        ):
            return
        for source, place in BROUGHT_ALONG.items():
            build_data["force_include"][str(here.parent / source)] = place
