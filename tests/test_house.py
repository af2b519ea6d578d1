"""The arrows between the rooms of the house, and the length of its files."""

from __future__ import annotations

import ast
from dataclasses import astuple
from pathlib import Path

import pytest

from tap_hubspot_crm.object_types import OBJECT_TYPES

ROOT = Path(__file__).parents[1]
TAP = ROOT / "tap-hubspot-crm" / "tap_hubspot_crm"
SANDBOX = ROOT / "tap-hubspot-crm" / "hubspot_sandbox"
TARGET = ROOT / "target-crmhub-postgres" / "target_crmhub_postgres"
ORCHESTRATOR = ROOT / "orchestrator" / "crmhub"
OURS = {"tap_hubspot_crm", "hubspot_sandbox", "target_crmhub_postgres", "crmhub"}
#: What the orchestrator may import of the others; hubspot_sandbox for the demo alone.
ORCHESTRATOR_MAY_IMPORT = {
    "target_crmhub_postgres.pii",
    "target_crmhub_postgres.mapping",
    "tap_hubspot_crm.probe",
}
#: Where the tap may name an object type; elsewhere the registry is asked, so that one more is one
#: entry. Associations are between two types, whatever others there are.
OBJECT_TYPES_ARE_NAMED_IN = {
    "object_types.py",
    "streams.py",
    "associations.py",
    "association_sets.py",
}
LONGEST_FILE = 320
FORBIDDEN_NAMES = {"utils", "helpers", "common", "base", "manager"}


def sources(*packages: Path) -> list[Path]:
    found = [path for package in packages for path in sorted(package.rglob("*.py"))]
    assert found
    return found


def imports_of_ours(path: Path) -> set[str]:
    modules: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.add(node.module)
    return {module for module in modules if module.split(".")[0] in OURS}


@pytest.mark.parametrize("package", [TAP, SANDBOX, TARGET], ids=lambda path: path.name)
def test_tap_sandbox_and_target_import_nothing_of_ours(package: Path) -> None:
    for path in sources(package):
        own = {m for m in imports_of_ours(path) if m.split(".")[0] == package.name}
        assert imports_of_ours(path) == own, path.name


def test_the_orchestrator_reaches_tap_and_target_through_meltano() -> None:
    for path in sources(ORCHESTRATOR):
        for module in imports_of_ours(path):
            if module.startswith("hubspot_sandbox"):
                assert path.parent.name == "demo", path.name
            elif not module.startswith("crmhub"):
                assert module in ORCHESTRATOR_MAY_IMPORT, f"{path.name} imports {module}"


def test_the_target_speaks_no_http() -> None:
    for path in sources(TARGET):
        text = path.read_text()
        for library in ("requests", "httpx", "urllib.request", "http.client"):
            assert f"import {library}" not in text, path.name


def test_the_tap_names_object_types_where_they_are_declared() -> None:
    differing = {text for item in OBJECT_TYPES.values() for text in astuple(item)}
    for path in sources(TAP):
        named = {
            node.value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and node.value in differing
        }
        assert not named or path.name in OBJECT_TYPES_ARE_NAMED_IN, f"{path.name}: {named}"


def test_the_hub_asks_which_streams_there_are() -> None:
    """The web part words them, and the demo plays with them."""
    for path in sources(ORCHESTRATOR):
        if not {"web", "demo"} & set(path.relative_to(ORCHESTRATOR).parts):
            named = {
                node.value
                for node in ast.walk(ast.parse(path.read_text()))
                if isinstance(node, ast.Constant) and node.value in OBJECT_TYPES
            }
            assert not named, f"{path.name}: {named}"


def test_files_are_short_and_named_for_their_job() -> None:
    for path in sources(TAP, SANDBOX, TARGET, ORCHESTRATOR, ROOT / "tests"):
        assert len(path.read_text().splitlines()) <= LONGEST_FILE, path.relative_to(ROOT)
        assert path.stem not in FORBIDDEN_NAMES, path.relative_to(ROOT)
