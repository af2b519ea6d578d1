"""What the operator's pages say can be done as it is written there."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import click
import psycopg
import pytest
import yaml
from operations.documents import (
    OPERATIONS,
    PAGES,
    RUNBOOK,
    anchors,
    blocks,
    commands,
    parsed,
    sections,
    statements,
)

from crmhub.cli.main import crmhub
from crmhub.errors import CrmHubError
from crmhub.sync.exit_status import EXIT_STATUSES
from crmhub.web.status_center.words import REMEDIES
from tap_hubspot_crm.errors import ERRORS
from target_crmhub_postgres.errors import ERROR_CLASSES

if TYPE_CHECKING:
    from databases import TestDatabase

ROOT = Path(__file__).parents[2]
LONGEST_PAGE = 320


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def classes_of(error: type[CrmHubError]) -> set[str]:
    found = {error.error_class}
    return found.union(*(classes_of(each) for each in error.__subclasses__()))


def test_the_runbook_has_a_section_for_every_error_class() -> None:
    errors = sections(sections(text_of(RUNBOOK), 2)["Error classes"], 3)
    named_in_code = {
        found
        for path in (ROOT / "orchestrator" / "crmhub").rglob("*.py")
        for found in re.findall(
            r"(?:error_class(?:: ClassVar\[str\])? ?= ?|next_step\(\s*)\"(\w+)\"", text_of(path)
        )
    }
    known = (
        {each.error_class for each in ERRORS}
        | {each.error_class for each in ERROR_CLASSES}
        | classes_of(CrmHubError)
        | named_in_code
    )
    assert known == set(EXIT_STATUSES) == set(REMEDIES)
    assert set(errors) == known


def test_the_runbook_has_a_section_for_every_alert() -> None:
    alerts = sections(sections(text_of(RUNBOOK), 2)["Alerts"], 3)
    groups = yaml.safe_load(text_of(OPERATIONS / "alerts.yaml"))["groups"]
    assert list(alerts) == [rule["alert"] for group in groups for rule in group["rules"]]


def test_every_section_says_what_is_seen_why_and_what_to_do() -> None:
    for heading, text in sections(text_of(RUNBOOK), 3).items():
        for part in ("- **Seen:** ", "- **Why:** ", "- **Do:** "):
            assert text.count(part) == 1, heading


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_is_one_that_the_command_line_takes(page: Path) -> None:
    found = [words for shell in blocks(text_of(page), "sh") for words in commands(shell)]
    for words in found:
        parsed(words)
    assert found or page.name == "README.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_text_of_a_page_exist_with_their_options(page: Path) -> None:
    for words in re.findall(r"`crmhub ([a-z][^`]*)`", text_of(page)):
        command: click.Command = crmhub
        for word in words.split():
            if isinstance(command, click.Group):
                command = command.commands[word]
        options = {option for each in command.params for option in each.opts}
        assert set(re.findall(r"--[a-z-]+", words)) <= options, words


def run_and_roll_back(database: TestDatabase, url: str, sql: list[bytes]) -> None:
    org_id, connection_id = database.add_connection()
    values = {"org": org_id, "connection": connection_id, "key_id": "0011aabb"}
    with psycopg.connect(url) as connection:
        for statement in sql:
            if statement not in {b"begin", b"commit"}:
                connection.execute(statement, values)
        connection.rollback()


def test_the_sql_of_the_runbook_is_for_the_orchestrators_login(database: TestDatabase) -> None:
    found = [each for sql in blocks(text_of(RUNBOOK), "sql") for each in statements(sql)]
    assert len(found) > 5
    run_and_roll_back(database, database.url_as("crmhub_orchestrator"), found)


@pytest.mark.parametrize("page", ["backup.md", "moving.md", "upgrading.md"])
def test_the_sql_of_the_other_pages_is_for_a_superuser(database: TestDatabase, page: str) -> None:
    text = text_of(OPERATIONS / page).replace("crmhub_backup", f"crmhub_backup_{uuid.uuid4().hex}")
    found = [each for sql in blocks(text, "sql") for each in statements(sql)]
    assert found
    run_and_roll_back(database, database.url, found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_pages_and_to_their_sections(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", text_of(page))
    for target, anchor in links:
        led_to = page.parent / target if target else page
        assert led_to.exists(), target
        assert not anchor or anchor in anchors(text_of(led_to)), anchor


def test_every_page_and_file_is_in_the_list_of_them() -> None:
    listed = set(re.findall(r"\]\(([\w.]+)\)", text_of(OPERATIONS / "README.md")))
    assert listed == {path.name for path in OPERATIONS.iterdir()} - {"README.md"}


def test_no_page_is_longer_than_one_reads() -> None:
    for page in PAGES:
        assert len(text_of(page).splitlines()) <= LONGEST_PAGE, page.name
