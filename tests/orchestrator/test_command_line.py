"""`crmhub` as an operator meets it: what it does, and what it says when something is amiss."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING

import pytest
from orchestrator.terminal import SALT, said_in_one_line, settings_of

from crmhub.errors import InvalidSettingsError
from crmhub.migrate import read_migrations
from crmhub.settings import sync_interval_seconds

if TYPE_CHECKING:
    from databases import TestDatabase
    from orchestrator.terminal import Crmhub


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("completion",),
        ("connections",),
        ("demo",),
        ("doctor",),
        ("env",),
        ("keys",),
        ("migrate",),
        ("person", "erase"),
        ("person", "find"),
        ("pseudonym",),
        ("roles",),
        ("signin",),
        ("web",),
    ],
)
def test_every_command_explains_itself(crmhub: Crmhub, command: tuple[str, ...]) -> None:
    done = crmhub(*command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: crmhub")


def test_a_command_waits_for_nothing_that_only_others_need() -> None:
    """What is heavy is loaded by the commands that use it; the group knows all of them."""
    heavy = {"hubspot_sandbox", "prometheus_client", "singer_sdk", "tap_hubspot_crm", "werkzeug"}
    program = (
        "import sys; from crmhub.cli.main import crmhub; assert 'demo' in crmhub.commands;"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.split()
    assert heavy.isdisjoint(loaded)


def test_migrations_are_applied_once(crmhub: Crmhub, empty_database: TestDatabase) -> None:
    first = crmhub("migrate", DATABASE_URL=empty_database.url)
    assert first.stdout.splitlines() == [
        f"applied {each.version}_{each.name}" for each in read_migrations()
    ]
    assert "nothing to do" in crmhub("migrate", DATABASE_URL=empty_database.url).stdout


def test_a_connection_is_added_and_listed(crmhub: Crmhub, database: TestDatabase) -> None:
    settings = settings_of(database)
    org = str(uuid.uuid4())
    added = crmhub(
        *("connections", "add", "--org", org, "--account-id", "42", "--json"),
        *("--config", '{"default_phone_region": "DE", "deal_names": "drop"}'),
        **settings,
    )
    connection = json.loads(added.stdout)
    assert (connection["org_id"], connection["external_account_id"]) == (org, "42")
    listed = crmhub("connections", "list", "--json", **settings)
    assert json.loads(listed.stdout) == [connection]
    assert connection["id"] in crmhub("connections", "list", **settings).stdout


def test_a_shell_is_told_how_to_complete(crmhub: Crmhub) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "_CRMHUB_COMPLETE" in crmhub("completion", shell).stdout
    words = crmhub(
        _CRMHUB_COMPLETE="bash_complete", COMP_WORDS="crmhub connections re", COMP_CWORD="2"
    )
    assert words.stdout.split() == ["plain,reconnect", "plain,reset", "plain,resume"]


def test_a_reset_clears_the_state_and_takes_the_lease(
    crmhub: Crmhub, database: TestDatabase
) -> None:
    _, connection_id = database.add_connection()
    database.rows(
        "update crmhub.source_connections set state_json = '{}', last_sync_at = now(), "
        "next_sync_at = now() + interval '1 day'"
    )
    database.take_lease(connection_id)
    assert (
        crmhub("connections", "reset", str(connection_id), **settings_of(database)).returncode == 0
    )
    assert database.rows(
        "select state_json, last_sync_at, lease_token, next_sync_at <= now() as due "
        "from crmhub.source_connections"
    ) == [{"state_json": None, "last_sync_at": None, "lease_token": None, "due": True}]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ('{"start_date": "yesterday"}', "config.start_date must be a date"),
        ('{"default_phone_region": "Germany"}', "config.default_phone_region must be two capital"),
        ('{"kept_properties": {"contacts": "x"}}', "config.kept_properties must give a list"),
        ('{"sync_interval_ms": 5}', "config.sync_interval_ms must be a whole number of at least"),
        ('{"archived_interval_minutes": -1}', "config.archived_interval_minutes must be a whole"),
        ('{"calls_per_10_seconds": 0}', "config.calls_per_10_seconds must be a whole number"),
        ('{"deal_names": "hash"}', "config.deal_names must be keep or drop"),
        ('{"kept_properties": {"contacts": ["firstname"]}}', "firstname of contacts is personal"),
        ('{"kept_properties": {"owners": ["x"]}}', "stream owners has no properties to add to"),
        ('{"colour": "blue"}', "config has no key colour"),
        ("[1]", "--config must be a JSON object"),
        ("{", "--config must be a JSON object; character 1"),
        ("[" * 50_000, "--config must be a JSON object"),
        ('{"start_date": "\\u0000"}', "config holds what no database keeps"),
        ('{"start_date": "\\ud800"}', "config holds what no database keeps"),
        ('{"sync_interval_ms": NaN}', "config holds what no database keeps"),
    ],
)
def test_a_config_that_does_not_fit_is_named(
    crmhub: Crmhub, database: TestDatabase, config: str, said: str
) -> None:
    done = crmhub("connections", "add", "--config", config, **settings_of(database))
    assert said in said_in_one_line(done, 2)
    assert database.rows("select count(*) from crmhub.source_connections") == [{"count": 0}]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "DATABASE_URL is missing"),
        ("mysql://localhost/crm", "DATABASE_URL must be an address as postgresql://"),
        ("postgresql://localhost:x/crm", "DATABASE_URL must be an address as postgresql://"),
    ],
)
def test_a_malformed_database_url_is_named(crmhub: Crmhub, url: str, said: str) -> None:
    assert said in said_in_one_line(crmhub("connections", "list", DATABASE_URL=url), 2)


def test_a_wrong_database_user_or_port_is_said_with_its_remedy(
    crmhub: Crmhub, database: TestDatabase
) -> None:
    for url, status, said in (
        (f"{database.url}_gone", 2, "the server has no such database: correct the name"),
        (database.url.replace("//postgres:", "//nobody:"), 2, "this user"),
        ("postgresql://u:p@127.0.0.1:1/crm", 1, "does not answer: start it"),
    ):
        done = crmhub("connections", "list", DATABASE_URL=url)
        assert said in said_in_one_line(done, status)


def test_an_unprepared_database_is_told_apart(crmhub: Crmhub, empty_database: TestDatabase) -> None:
    done = crmhub("connections", "list", DATABASE_URL=empty_database.url)
    assert "run `crmhub migrate`" in said_in_one_line(done, 1)


def test_a_login_without_the_right_is_told_which_to_use(
    crmhub: Crmhub, database: TestDatabase
) -> None:
    done = crmhub("connections", "list", DATABASE_URL=database.url_as("crmhub_loader"))
    assert "make logins with `crmhub roles`" in said_in_one_line(done, 1)


@pytest.mark.parametrize("text", ["9" * 400, "9" * 5_000, "-1", "1.5", "59999", "²"])
def test_a_number_that_no_clock_could_take_is_refused(text: str) -> None:
    with pytest.raises(InvalidSettingsError, match=r"^HUBSPOT_SYNC_INTERVAL_MS must be a whole"):
        sync_interval_seconds({"HUBSPOT_SYNC_INTERVAL_MS": text})


def test_an_unknown_connection_is_named(crmhub: Crmhub, database: TestDatabase) -> None:
    nobody = str(uuid.uuid4())
    done = crmhub("connections", "reset", nobody, **settings_of(database))
    assert f"there is no connection {nobody}" in said_in_one_line(done, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give one of --email and --phone"),
        (("--email", "a@example.com", "--phone", "+44"), "give one of --email and --phone"),
        (("--phone", "020 7946 0321"), "no pseudonym stands for this"),
        (("--email", " "), "no pseudonym stands for this"),
    ],
)
def test_a_pseudonym_of_nothing_is_refused(
    crmhub: Crmhub, arguments: tuple[str, ...], said: str
) -> None:
    done = crmhub("pseudonym", "--org", str(uuid.uuid4()), *arguments, PII_HASH_SALT=SALT)
    assert said in said_in_one_line(done, 2)
