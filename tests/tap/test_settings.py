"""Settings: what is refused, and what the documents say of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tap_hubspot_crm.errors import ERRORS, InvalidSettingsError
from tap_hubspot_crm.settings import SETTINGS_SCHEMA, Settings, read_settings

MARK = "ann.zqmark@example.com"
README = Path(__file__).parents[2] / "tap-hubspot-crm" / "README.md"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, "access_token"),
        ({"access_token": ""}, "access_token"),
        ({"access_token": None}, "access_token"),
        ({"access_token": f"two {MARK}"}, "access_token"),
        ({"access_token": "a\nb"}, "access_token"),
        ({"access_token": 5}, "access_token"),
        ({"client_id": "a", "client_secret": "b"}, "refresh_token"),
        ({"api_url": MARK}, "api_url"),
        ({"api_url": "ftp://hub"}, "api_url"),
        ({"api_url": "https://[x"}, "api_url"),
        ({"api_url": "https://hub:port"}, "api_url"),
        ({"api_url": "https://hub:99999"}, "api_url"),
        ({"api_url": "http://hubspot.example.com"}, "api_url"),
        ({"api_url": f"https://u:{MARK}@x"}, "api_url"),
        ({"api_version": MARK}, "api_version"),
        ({"expected_account_id": MARK}, "expected_account_id"),
        ({"expected_account_id": "0042"}, "expected_account_id"),
        ({"expected_account_id": "-42"}, "expected_account_id"),
        ({"expected_account_id": "42 "}, "expected_account_id"),
        ({"expected_account_id": 0}, "expected_account_id"),
        ({"expected_account_id": 10**30}, "expected_account_id"),
        ({"expected_account_id": True}, "expected_account_id"),
        ({"expected_account_id": 4.5}, "expected_account_id"),
        ({"expected_account_id": [42]}, "expected_account_id"),
        ({"start_date": MARK}, "start_date"),
        ({"properties": {"owners": []}}, "properties"),
        ({"properties": {"deals": MARK}}, "properties.deals"),
        ({"properties": [MARK]}, "properties"),
        ({"lookback_seconds": -1}, "lookback_seconds"),
        ({"lookback_seconds": MARK}, "lookback_seconds"),
        ({"lookback_seconds": 10**12}, "lookback_seconds"),
        ({"reconcile_interval_hours": 1.5}, "reconcile_interval_hours"),
        ({"daily_share": MARK}, "daily_share"),
        ({"daily_share": 0}, "daily_share"),
        ({"daily_share": 1.1}, "daily_share"),
        ({"max_concurrency": 0}, "max_concurrency"),
        ({"user_agent": "a\r\nb: c"}, "user_agent"),
    ],
)
def test_a_malformed_setting_is_named_without_its_value(
    settings: dict[str, Any], named: str
) -> None:
    credentials = {} if {"access_token", "client_id"} & set(settings) else {"access_token": "t"}
    given = settings if not settings else {**credentials, **settings}
    with pytest.raises(InvalidSettingsError) as caught:
        read_settings(given)
    assert named in caught.value.message
    assert MARK not in caught.value.message


def test_a_whole_number_may_be_written_with_a_point() -> None:
    """JSON has one kind of number only, and some programs write 40 as 40.0."""
    settings = read_settings({"access_token": "t", "max_concurrency": 40.0, "daily_share": 0.5})
    assert isinstance(settings.max_concurrency, int)
    assert (settings.max_concurrency, settings.daily_share) == (40, 0.5)


@pytest.mark.parametrize("given", ["42", 42, 42.0], ids=repr)
def test_an_account_id_may_be_text_or_a_number(given: object) -> None:
    settings = read_settings({"access_token": "t", "expected_account_id": given})
    assert settings.expected_account_id == "42"


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(InvalidSettingsError, match=r"(?s)lookback_seconds.*credentials"):
        read_settings({"lookback_seconds": -1})


def test_the_schema_and_the_typed_settings_have_the_same_names_and_defaults() -> None:
    schema = SETTINGS_SCHEMA["properties"]
    assert set(schema) == set(Settings.__annotations__)
    typed = Settings()
    for name, setting in schema.items():
        if "default" in setting:
            assert getattr(typed, name) == setting["default"], name


def test_secrets_are_marked_so_that_others_hide_them() -> None:
    secret = {name for name, item in SETTINGS_SCHEMA["properties"].items() if item.get("secret")}
    assert secret == {"access_token", "client_secret", "refresh_token"}


def _table(heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading of the README, without its head."""
    text = README.read_text(encoding="utf-8").split(f"## {heading}\n", 1)[1]
    lines = text.split("\n## ", 1)[0].splitlines()
    rows = [line for line in lines if line.startswith("|")][2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def test_the_readme_describes_every_setting_as_the_code_does() -> None:
    expected = []
    for name, item in SETTINGS_SCHEMA["properties"].items():
        default = f"`{item['default']}`" if "default" in item else ""
        secret = " (secret)" if item.get("secret") else ""
        expected.append([f"`{name}`{secret}", default, item["description"]])
    assert _table("Settings") == expected


def test_the_readme_describes_every_error_as_the_code_does() -> None:
    expected = [
        [
            f"`{error.error_class}`",
            str(error.exit_status),
            (error.__doc__ or "").strip(),
            error.remedy,
        ]
        for error in ERRORS
    ]
    assert _table("Errors") == expected
