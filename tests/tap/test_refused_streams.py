"""A token that may not read every stream: the others are read, and the refused ones are named."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import subprocess

    from tap.conftest import Connection

CONTACTS = "crm.objects.contacts.read"
DEALS = "crm.objects.deals.read"
OWNERS = "crm.objects.owners.read"
STREAMS = {"pipelines", "owners", "contacts", "deals", "deal_contacts"}


def _token(connection: Connection, *scopes: str) -> str:
    tokens = connection.running.sandbox.tokens
    return tokens.add_static(None, portal_id=connection.portal.portal_id, scopes=scopes)


def _messages(result: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def _failure(result: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    failure: dict[str, Any] = json.loads(result.stderr.splitlines()[-1])
    return failure


def _counts(messages: list[dict[str, Any]], kind: str) -> Counter[str]:
    return Counter(message["stream"] for message in messages if message["type"] == kind)


def _bookmarks(messages: list[dict[str, Any]]) -> dict[str, Any]:
    assert messages[-1]["type"] == "STATE"
    bookmarks: dict[str, Any] = messages[-1]["value"]["bookmarks"]
    return bookmarks


@pytest.mark.parametrize(
    ("scopes", "listed"),
    [
        ((CONTACTS,), {"contacts"}),
        ((CONTACTS, OWNERS), {"contacts", "owners"}),
        ((DEALS,), {"deals", "pipelines"}),
        ((CONTACTS, DEALS), STREAMS - {"owners"}),
    ],
)
def test_discovery_lists_what_the_token_may_read_and_warns_of_the_rest(
    connection: Connection, scopes: tuple[str, ...], listed: set[str]
) -> None:
    result = connection.command("--discover", access_token=_token(connection, *scopes))
    assert result.returncode == 0, result.stderr
    catalog = json.loads(result.stdout)
    assert {entry["tap_stream_id"] for entry in catalog["streams"]} == listed
    warnings = [line for line in result.stderr.splitlines() if "left out of the catalog" in line]
    assert len(warnings) == len(STREAMS - listed)
    for stream in STREAMS - listed:
        [warning] = [line for line in warnings if re.search(rf"\b{stream}: left out", line)]
        assert "the token lacks the scope crm.objects." in warning


def test_discovery_without_any_scope_ends_by_class(connection: Connection) -> None:
    result = connection.command("--discover", access_token=_token(connection))
    assert result.stdout == ""
    failure = _failure(result)
    assert failure["error_class"] == "missing_scopes"
    assert "crm.objects." in failure["message"]


def test_a_sync_without_any_scope_sends_nothing_and_names_every_stream(
    connection: Connection,
) -> None:
    result = connection.command(access_token=_token(connection))
    assert not _counts(_messages(result), "SCHEMA")
    assert not _counts(_messages(result), "RECORD")
    failure = _failure(result)
    assert failure["error_class"] == "missing_scopes"
    assert all(stream in failure["message"] for stream in STREAMS)


@pytest.mark.parametrize(
    ("scopes", "refused"),
    [
        ((CONTACTS, DEALS), ["owners"]),
        ((DEALS, OWNERS), ["contacts", "deal_contacts"]),
        ((CONTACTS,), ["pipelines", "owners", "deals", "deal_contacts"]),
    ],
)
def test_refused_streams_are_named_once_the_others_are_read(
    connection: Connection, scopes: tuple[str, ...], refused: list[str]
) -> None:
    full = _messages(connection.command())
    result = connection.command(access_token=_token(connection, *scopes))
    messages = _messages(result)
    finished = STREAMS.difference(refused)
    assert set(_counts(messages, "SCHEMA")) == finished
    for kind in ("RECORD", "ACTIVATE_VERSION"):
        expected = _counts(full, kind)
        assert _counts(messages, kind) == Counter({name: expected[name] for name in finished})
    assert set(_bookmarks(messages)) == finished
    assert not [name for name, value in _bookmarks(messages).items() if "full_pass" in value]
    failure = _failure(result)
    assert failure["error_class"] == "missing_scopes"
    first, *others = refused
    assert failure["message"].startswith(f"stream {first}: ")
    assert failure["message"].endswith(
        f"; these streams failed, too: {', '.join(others)}" if others else "crm.objects.owners.read"
    )


def test_what_was_refused_is_read_once_the_scope_is_there(connection: Connection) -> None:
    first = _messages(connection.command(access_token=_token(connection, CONTACTS)))
    connection.consumer.apply(first)
    result = connection.command(state=connection.consumer.state)
    assert result.returncode == 0, result.stderr
    second = _messages(result)
    assert "contacts" not in _counts(second, "RECORD")
    assert set(_counts(second, "RECORD")) == STREAMS - {"contacts"}
    assert set(_bookmarks(second)) == STREAMS


def test_a_stream_that_is_not_selected_is_not_asked_for(connection: Connection) -> None:
    token = _token(connection, CONTACTS)
    catalog = connection.program.directory / "catalog.json"
    catalog.write_text(connection.command("--discover", access_token=token).stdout)
    result = connection.command("--catalog", str(catalog), access_token=token)
    assert result.returncode == 0, result.stderr
    assert set(_counts(_messages(result), "RECORD")) == {"contacts"}
