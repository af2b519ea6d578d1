"""One version for all that is released together, said in the pyproject files alone."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from typing import Any

import pytest
from packages.distributions import MEMBERS, ROOT

FOLDERS = (".", *MEMBERS)


def project(folder: str) -> dict[str, Any]:
    described: dict[str, Any] = tomllib.loads((ROOT / folder / "pyproject.toml").read_text())
    table: dict[str, Any] = described["project"]
    return table


def test_all_members_have_one_version_and_the_changelog_leads_up_to_it() -> None:
    [said] = {project(folder)["version"] for folder in FOLDERS}
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
    released = [heading.split()[0] for heading in headings[1:]]
    assert released == sorted(released, key=_order, reverse=True)
    assert all(_order(each) <= _order(said) for each in released)


def test_no_code_repeats_the_version() -> None:
    for member, package in MEMBERS.items():
        said = project(member)["version"]
        assert version(project(member)["name"]) == said
        for path in (ROOT / member / package).rglob("*.py"):
            assert f'"{said}"' not in path.read_text(), path


@pytest.mark.parametrize("member", MEMBERS)
def test_a_member_has_the_licence_a_readme_and_the_pythons_that_are_tested(member: str) -> None:
    described = project(member)
    assert (ROOT / member / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert described["license"] == project(".")["license"] == "Apache-2.0"
    assert (ROOT / member / described["readme"]).is_file()
    assert described["requires-python"] == project(".")["requires-python"]
    named = {text.rpartition(" ")[2] for text in described["classifiers"] if ":: 3." in text}
    assert named == {"3.11", "3.12", "3.13"}


def _order(said: str) -> tuple[int, ...]:
    return tuple(map(int, said.split(".")))
