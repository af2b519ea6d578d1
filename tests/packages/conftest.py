"""The distributions of the members, built once for all tests of a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packages.distributions import ROOT, build

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """An sdist and a wheel of each member."""
    return build(ROOT, tmp_path_factory.mktemp("distributions"))


@pytest.fixture(scope="session")
def wheels(distributions: list[Path]) -> dict[str, str]:
    """Package → the path of its wheel."""
    return {
        path.name.partition("-")[0]: str(path) for path in distributions if path.suffix == ".whl"
    }
