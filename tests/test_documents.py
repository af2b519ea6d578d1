"""What the documents say is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from crmhub.cli.main import crmhub

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    {
        path
        for pattern in ("*.md", "sql/*.md", "orchestrator/*.md", "orchestrator/*/*.md", "ta*/*.md")
        for path in ROOT.glob(pattern)
    }
)


def commands(group: click.Group, prefix: str = "crmhub") -> set[str]:
    names: set[str] = set()
    for name, command in group.commands.items():
        whole = f"{prefix} {name}"
        names |= commands(command, whole) if isinstance(command, click.Group) else {whole}
    return names


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_in_documents_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    known = commands(crmhub) | set(crmhub.commands)
    for code in re.findall(
        r"`([^`\n]+)`|^((?:make|crmhub) .*)$", document.read_text(), re.MULTILINE
    ):
        said = code[0] or code[1]
        for target in re.findall(r"\bmake ([a-z-]+)", said):
            assert target in targets, said
        for command in re.findall(r"\bcrmhub ([a-z]+)", said):
            assert f"crmhub {command}" in known or command in known, said


def test_every_command_has_its_line_in_the_orchestrators_readme() -> None:
    text = (ROOT / "orchestrator" / "README.md").read_text()
    for command in commands(crmhub):
        *group, name = command.split()
        assert f"`{' '.join(group)} " in text, command
        assert f"`{command}`" in text or f"`{name}`" in text, command


def test_every_setting_of_the_environment_is_explained() -> None:
    read: set[str] = set()
    for path in (ROOT / "orchestrator" / "crmhub").rglob("*.py"):
        read |= set(re.findall(r"environment\.get\(\"([A-Z_]+)\"", path.read_text()))
        read |= set(re.findall(r"\"((?:CRMHUB_)?[A-Z_]*DATABASE_URL)\"", path.read_text()))
    explained = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert explained
    assert read - {"XDG_DATA_HOME"} == explained


def test_every_setting_of_the_web_process_has_its_line_in_the_orchestrators_readme() -> None:
    settings = (ROOT / "orchestrator" / "crmhub" / "web" / "settings.py").read_text()
    read = set(re.findall(r"environment\.get\(\s*\"([A-Z_]+)\"", settings))
    text = (ROOT / "orchestrator" / "README.md").read_text()
    explained = set(re.findall(r"^\| `([A-Z_]+)` \|", text, re.MULTILINE))
    # The app's own id is said where the app is.
    assert read - {"HUBSPOT_CLIENT_ID"} == explained


def test_the_attacks_that_the_readme_lists_are_tests() -> None:
    text = (ROOT / "orchestrator" / "README.md").read_text()
    named = set(re.findall(r"`(test_\w+)`", text))
    there = {path.stem for path in (ROOT / "tests" / "orchestrator" / "web").glob("test_*.py")}
    assert named
    assert named <= there


def test_no_document_is_longer_than_one_reads() -> None:
    assert len((ROOT / "sql" / "CONVENTIONS.md").read_text().splitlines()) <= 60
    assert len((ROOT / "README.md").read_text().splitlines()) <= 200
