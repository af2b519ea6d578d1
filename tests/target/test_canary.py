"""Marked personal values everywhere, in good records and bad: nothing keeps or tells one of them.

Looked through are a dump, every file of the server's (tables, write-ahead log, temporary files),
its log of all statements, parameters and errors, what the program prints, and files it leaves.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from target.loading import KEYS, activate, encoded, new_hub, record, schema, state
from target.own_server import own_server

from crmhub.embedded_postgres.binaries import find_binaries
from target_crmhub_postgres.errors import (
    InputBrokenOffError,
    InvalidRecordError,
    UnknownStreamError,
)
from target_crmhub_postgres.mapping import load_mapping
from target_crmhub_postgres.target import TargetCrmHubPostgres

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from target.loading import Ended, Hub, Message
    from target.own_server import OwnServer
    from warm_programs import WarmPrograms

#: In every personal value, whatever its kind.
MARK = "zzmarkson"
DIGITS = "30998877665"
EMAIL = f"Ann.{MARK}@example.com"
PHONE = f"+49 {DIGITS}"
SENTENCE = f"Ask {EMAIL} or {PHONE}, also (030) 998877-665"

#: Kind → a personal value where there can be one, else a value of that kind.
VALUES: dict[str, object] = {
    "text": SENTENCE,
    "joined_text": MARK,
    "texts": SENTENCE,
    "any": SENTENCE,
    "enumeration": EMAIL,
    "email_pseudonym": EMAIL,
    "email_pseudonyms": f"{EMAIL};b.{EMAIL}",
    "phone_pseudonym": PHONE,
    "id": "77",
    "integer": 7,
    "numeric": "7.25",
    "boolean": True,
    "timestamptz": "2026-11-01T10:00:00Z",
    "date": "2026-11-01",
}
#: How bad input ends; a last line without its end was cut off.
_REFUSED = (InputBrokenOffError, InvalidRecordError, UnknownStreamError)
NESTED = {MARK: {MARK: [MARK, {EMAIL: PHONE}]}}

LOUD = {
    "log_statement": "all",
    "log_min_messages": "debug1",
    "log_min_error_statement": "debug5",
    "log_min_duration_statement": "0",
    "log_parameter_max_length": "-1",
    "log_parameter_max_length_on_error": "-1",
    "log_error_verbosity": "verbose",
    "log_connections": "on",
    "log_lock_waits": "on",
}


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    with own_server(**LOUD) as running:
        yield running


@pytest.fixture
def hub(server: OwnServer, programs: WarmPrograms) -> Hub:
    """A new organisation that keeps a property of its own."""
    kept = {"contacts": ["custom_kept"], "deals": ["custom_kept"]}
    return new_hub(server.database, programs).having(kept_properties=kept)


def person(stream: str, key: str) -> Message:
    """A record with a marked value in each property that the mapping names, and in others."""
    described = load_mapping("hubspot", TargetCrmHubPostgres.mapping_folder).streams[stream]
    fields: dict[str, Any] = {MARK: MARK, EMAIL: EMAIL, "custom": NESTED, "custom_kept": SENTENCE}
    fields |= {pattern.replace("*", "x"): SENTENCE for pattern in described.personal}
    fields |= {name: VALUES[kind] for name, kind in described.properties.items()}
    for column in described.columns:
        fields |= {source: VALUES[column.kind] for source in column.sources if "." not in source}
    for members in described.sets:
        member: dict[str, Any] = {
            source.split(".")[0]: VALUES[column.kind]
            for column in members.columns
            for source in column.sources
        }
        member |= {"id": "78", "types": [{"label": SENTENCE, "note": MARK}], MARK: MARK}
        fields[members.field] = [member]
    fields |= {KEYS[stream]: key, "archived": False}
    fields.pop("mergedInto", None)
    return record(stream, **fields)


def good() -> list[Message]:
    streams = list(KEYS)
    return [
        *map(schema, streams),
        *(person(stream, "1") | {"version": 1} for stream in streams),
        *(activate(stream, 1) for stream in streams),
        state(done=1),
    ]


def odd() -> list[Message | str]:
    """Records with a value that is read as null, each in another place."""
    contact, deal = person("contacts", "2"), person("deals", "2")
    values: list[dict[str, object]] = [
        {"email": [EMAIL]},
        {"email": EMAIL * 10_000},
        {"hs_lead_status": SENTENCE * 5_000},
        {"num_notes": SENTENCE},
        {"createdAt": SENTENCE},
        {"hubspot_owner_id": EMAIL},
        {"hubspot_owner_id": PHONE.replace(" ", "")},
        {"hubspot_owner_id": SENTENCE},
        {"hs_email_optout": SENTENCE},
        {"custom_kept": NESTED},
        {"hs_calculated_phone_number": NESTED},
    ]
    return [
        *(contact | {"record": contact["record"] | each} for each in values),
        *(deal | {"record": deal["record"] | {"dealstage": each}} for each in (SENTENCE, EMAIL)),
    ]


def bad() -> list[list[Message | str]]:
    """Inputs that are refused, each in another place."""
    contact = person("contacts", "2")
    fields = contact["record"]

    def having(**others: object) -> Message:
        return contact | {"record": fields | others}

    lines: list[Message | str] = [
        having(id=EMAIL),
        having(id=PHONE.replace(" ", "")),
        having(id=MARK, updatedAt=5),
        having(updatedAt=SENTENCE),
        having(archived=SENTENCE),
        having(mergedInto=EMAIL),
        having(id=None),
        contact | {"time_extracted": SENTENCE},
        contact | {"record": SENTENCE},
        contact | {"stream": EMAIL},
        contact | {"version": EMAIL},
        contact | {"type": EMAIL},
        json.dumps(contact)[:-9],
        f'{{"type": "RECORD", "stream": "contacts", "record": {{"id": "1", "email": "{EMAIL}}}}}',
        f'{{"type": "STATE", "value": "{EMAIL}"}}',
        schema("contacts") | {"stream": EMAIL},
        schema("contacts") | {"key_properties": [EMAIL]},
    ]
    return [[schema("contacts"), record("contacts", id="1"), line] for line in lines]


def assert_says_nothing(place: str, text: bytes) -> None:
    folded = text.lower()
    for mark in (MARK.encode(), DIGITS.encode(), DIGITS[2:].encode()):
        found = folded.find(mark)
        assert found < 0, f"{place}: {folded[max(0, found - 200) : found + 50]!r}"


def assert_nothing_is_kept(server: OwnServer, *runs: Ended) -> None:
    for run in runs:
        assert_says_nothing("stdout", run.stdout.encode())
        assert_says_nothing("stderr", run.stderr.encode())
    dump = subprocess.run(
        [find_binaries().program("pg_dump"), f"--dbname={server.url}"],
        capture_output=True,
        check=True,
    ).stdout
    assert b"[redacted]" in dump
    assert_says_nothing("dump", dump)
    log = server.log.read_bytes()
    assert b'insert into "crmhub"."crm_contacts"' in log
    assert b"parameters: $1" in log.lower()
    assert_says_nothing("log", log)
    server.database.rows("checkpoint")
    files = [path for path in server.directory.rglob("*") if path.is_file()]
    assert len(files) > 500
    for path in files:
        assert_says_nothing(str(path), path.read_bytes())


def test_no_marked_value_of_any_property_is_kept_or_told(
    hub: Hub, server: OwnServer, tmp_path: Path
) -> None:
    ended = hub.run_with(hub.config, encoded(good()), folder=tmp_path)
    assert (ended.status, ended.states) == (0, [{"done": 1}]), ended.stderr
    for table in ("crm_contacts", "crm_deals", "crm_deal_contacts", "crm_pipelines", "crm_owners"):
        assert len(hub.rows(table)) == 1
    [contact] = hub.rows("crm_contacts", "email_hash", "phone_hash")
    assert contact["email_hash"] == hub.pseudonyms.email(EMAIL)
    assert contact["phone_hash"] == hub.pseudonyms.phone(PHONE)
    assert list(tmp_path.iterdir()) == []
    assert_nothing_is_kept(server, ended)


def test_no_marked_value_that_is_odd_is_kept_or_told(hub: Hub, server: OwnServer) -> None:
    lines = odd()
    ended = hub.run([schema("contacts"), schema("deals"), *good(), *lines])
    assert ended.status == 0, ended.stderr
    assert f"null: {len(lines)}; " in ended.stderr
    assert_nothing_is_kept(server, ended)


def test_no_marked_value_of_a_refused_input_is_kept_or_told(
    hub: Hub,
    server: OwnServer,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    lines = bad()
    ended = [hub.run(good()), *map(hub.run, lines[:3])]
    assert [run.status for run in ended] == [0, 1, 1, 1]
    told: list[str] = []
    for each in lines:
        with pytest.raises(_REFUSED) as refusal:
            hub.load(each)
        told.append(f"{refusal.value.message} {refusal.value!r} {refusal.value.__context__!r}")
    printed = capfd.readouterr()
    for text in (*told, *printed, caplog.text):
        assert_says_nothing("told", text.encode())
    assert_nothing_is_kept(server, *ended)


def test_no_marked_value_is_told_when_the_server_refuses_it(hub: Hub, server: OwnServer) -> None:
    """Under row-level security the server does not quote a row, and it holds nothing personal."""
    checks = {
        "crm_contacts": "num_nulls(email_hash) > 0",
        "crm_deals": "length(name) < 3",
        "crm_owners": "num_nulls(email_hash) > 0",
        "crm_deal_contacts": "labels is null",
    }
    streams = {"crm_contacts": "contacts", "crm_deals": "deals", "crm_owners": "owners"}
    runs = []
    for table, check in checks.items():
        stream = streams.get(table, "deal_contacts")
        server.database.rows(
            f"alter table crmhub.{table} add constraint refused check ({check}) not valid"
        )
        runs.append(hub.run([schema(stream), person(stream, "3")]))
        server.database.rows(f"alter table crmhub.{table} drop constraint refused")
    assert [run.error["message"] for run in runs] == [
        "the database refused a statement with SQLSTATE 23514 at refused"
    ] * len(runs)
    assert server.log.read_text().count('violates check constraint "refused"') >= len(runs)
    assert_nothing_is_kept(server, hub.run(good()), *runs)
