"""What is published: complete, the same each time, and made from an sdist as well."""

from __future__ import annotations

import email
from typing import TYPE_CHECKING

import pytest
from packages.distributions import (
    MEMBERS,
    ROOT,
    build,
    contents,
    copy_of_the_repository,
    tracked,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.long

#: In the repository → in the distributions of `crmhub`.
BROUGHT_ALONG = {"sql/migrations/": "crmhub/sql/migrations/", "meltano.yml": "crmhub/meltano/"}


def of(distributions: list[Path], package: str) -> list[dict[str, bytes]]:
    """The contents of a package's sdist and wheel."""
    found = [contents(path) for path in distributions if path.name.startswith(f"{package}-")]
    assert len(found) == 2
    return found


def test_another_build_elsewhere_gives_the_same_bytes(
    distributions: list[Path], tmp_path: Path
) -> None:
    tree = copy_of_the_repository(tmp_path / "elsewhere")
    again = build(tree, tmp_path / "built")
    assert [path.name for path in again] == [path.name for path in distributions]
    for first, second in zip(distributions, again, strict=True):
        assert first.read_bytes() == second.read_bytes(), first.name


@pytest.mark.parametrize("member", MEMBERS)
def test_every_file_of_a_package_is_in_its_wheel_and_its_sdist(
    distributions: list[Path], member: str
) -> None:
    expected = {
        name.removeprefix(f"{member}/"): (ROOT / name).read_bytes()
        for name in tracked(member)
        if name.split("/")[1] in {*MEMBERS.values(), "hubspot_sandbox"}
    }
    assert any(name.endswith("py.typed") for name in expected)
    for files in of(distributions, MEMBERS[member]):
        assert {name: files.get(name) for name in expected} == expected


def test_crmhub_brings_its_migrations_and_its_meltano_project(distributions: list[Path]) -> None:
    expected = {
        place + name.rpartition("/")[2]: (ROOT / name).read_bytes()
        for source, place in BROUGHT_ALONG.items()
        for name in tracked(source)
    }
    assert len(expected) > 10
    for files in of(distributions, "crmhub"):
        assert {name: files.get(name) for name in expected} == expected


@pytest.mark.parametrize("package", MEMBERS.values())
def test_a_wheel_says_what_it_is(distributions: list[Path], package: str) -> None:
    _, wheel = sorted(of(distributions, package), key=lambda files: "PKG-INFO" not in files)
    [metadata] = [text for name, text in wheel.items() if name.endswith("/METADATA")]
    said = email.message_from_bytes(metadata)
    assert said["License-Expression"] == "Apache-2.0"
    assert any(name.endswith("/licenses/LICENSE") for name in wheel)
    assert said["Description-Content-Type"] == "text/markdown"
    assert said["Summary"]
    assert "Typing :: Typed" in said.get_all("Classifier", [])
    # No host is named where the project might once be.
    assert b"://" not in metadata.partition(b"\n\n")[0]
