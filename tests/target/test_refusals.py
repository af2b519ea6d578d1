"""What is refused, by which class, and that no refusal quotes a value."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from target.loading import KEYS, activate, record, schema, state
from target.own_server import wait_for

from target_crmhub_postgres.errors import (
    InvalidRecordError,
    InvalidSettingsError,
    LeaseLostError,
    MissingKeyError,
    RecordBeforeSchemaError,
    TargetError,
    TenantMismatchError,
    UnknownStreamError,
)

if TYPE_CHECKING:
    from databases import TestDatabase
    from target.loading import Hub

#: Stands for personal data; no message may hold it.
MARK = "zzmark"


def test_an_unknown_stream_is_refused_with_the_known_ones(hub: Hub) -> None:
    unknown = schema("contacts") | {"stream": "companies"}
    with pytest.raises(UnknownStreamError) as refusal:
        hub.load([unknown])
    assert refusal.value.message == (
        "stream companies is unknown: "
        "the known ones are contacts, deals, deal_contacts, pipelines, owners"
    )


def test_a_record_before_its_schema_is_refused(hub: Hub) -> None:
    with pytest.raises(RecordBeforeSchemaError, match="stream contacts"):
        hub.load([record("contacts", id="1")])


@pytest.mark.parametrize("key", [{}, {"id": None}, {"id": ""}, {"id": "\0"}])
def test_a_record_without_key_is_refused(hub: Hub, key: dict[str, Any]) -> None:
    with pytest.raises(MissingKeyError, match="stream contacts"):
        hub.load([schema("contacts"), record("contacts", **key)])


@pytest.mark.parametrize("keys", [None, [], ["email"], ["id", "email"]])
def test_a_schema_with_another_key_is_refused(hub: Hub, keys: object) -> None:
    with pytest.raises(InvalidRecordError, match=r"stream contacts: key_properties must be \[id\]"):
        hub.load([schema("contacts") | {"key_properties": keys}])


@pytest.mark.parametrize(
    ("stream", "fields", "message"),
    [
        ("contacts", {"updatedAt": None}, "key 1: updatedAt is missing"),
        ("contacts", {"updatedAt": MARK}, "key 1: updatedAt must be a moment in ISO 8601"),
        ("contacts", {"updatedAt": "0000-01-01T00:00:00Z"}, "key 1: updatedAt must be a moment"),
        ("contacts", {"updatedAt": [MARK]}, "key 1: updatedAt must be a moment"),
        ("contacts", {"archived": MARK}, "key 1: archived must be true or false, is text"),
        ("deals", {"mergedInto": {"id": MARK}}, "key 1: mergedInto must be text, is an object"),
        ("deals", {"mergedInto": f"{MARK}@example.com"}, "key 1: mergedInto must be an id, holds"),
        ("owners", {"updatedAt": MARK}, "key 1: updatedAt must be a moment"),
        ("deal_contacts", {}, "key 1: contacts must be an array"),
        ("deal_contacts", {"contacts": [MARK]}, r"key 1: contacts\[0\] must be an object with id"),
        ("deal_contacts", {"contacts": {"id": "5"}}, "key 1: contacts must be an array"),
        (
            "deal_contacts",
            {"contacts": [{"id": "5"}, {}]},
            r"key 1: contacts\[1\] must be an object",
        ),
        (
            "deal_contacts",
            {"contacts": [{"id": None}]},
            r"key 1: contacts\[0\] must be text, is null",
        ),
        ("deal_contacts", {"contacts": [{"id": True}]}, r"key 1: contacts\[0\] must be text"),
        (
            "deal_contacts",
            {"contacts": [{"id": f"{MARK}@b.example"}]},
            r"contacts\[0\] must be an id",
        ),
        (
            "pipelines",
            {"stages": [{"id": [MARK]}]},
            r"key 1: stages\[0\] must be text, is an array",
        ),
        (
            "pipelines",
            {"stages": [{"id": "a"}, {"id": "b", "archived": MARK}]},
            r"key 1: stages\[1\].archived must be true or false",
        ),
    ],
)
def test_a_row_version_or_set_that_cannot_be_told_is_refused_by_stream_key_and_path(
    hub: Hub, stream: str, fields: dict[str, Any], message: str
) -> None:
    key: dict[str, Any] = {KEYS[stream]: "1"}
    with pytest.raises(InvalidRecordError, match=message) as refusal:
        hub.load([schema(stream), record(stream, **key, **fields)])
    assert refusal.value.message.startswith(f"stream {stream}, ")
    assert MARK not in refusal.value.message


@pytest.mark.parametrize(
    "key",
    [
        f"{MARK}@example.com",
        f"{MARK}, +49 30 1234567",
        MARK * 120,
        "\u00fc" * 321,
        {"a": MARK},
        "+49301234567",
        f"{MARK}\n",
        f"{MARK}\ud83d",
        " ",
        1.5,
    ],
)
def test_a_key_that_is_no_id_is_refused_and_not_shown(hub: Hub, key: object) -> None:
    with pytest.raises(InvalidRecordError, match="stream contacts, key not shown: id") as refusal:
        hub.load([schema("contacts"), record("contacts", id=key)])
    assert MARK not in refusal.value.message


def test_a_key_that_is_not_of_digits_is_not_shown(hub: Hub) -> None:
    with pytest.raises(InvalidRecordError, match="key not shown: updatedAt is missing") as refusal:
        hub.load([schema("contacts"), record("contacts", id=MARK, updatedAt=None)])
    assert MARK not in refusal.value.message


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f'{{"type": "RECORD", "{MARK}', "line 2: is not JSON in UTF-8"),
        (f'["{MARK}"]', "line 2: is no message"),
        (f'{{"a": "{MARK}"}}', "line 2: type must be"),
        (f'{{"type": "{MARK}"}}', "line 2: type must be"),
        (f'{{"type": ["{MARK}"]}}', "line 2: type must be"),
        (f'{{"type": "STATE", "value": NaN, "a": "{MARK}"}}', "line 2: is not JSON in UTF-8"),
        (f'{{"a": 1e{"9" * 19}, "b": "{MARK}"}}', "line 2: is not JSON in UTF-8"),
        (f'{{"type": "STATE", "value": {{"a": -1e{"9" * 19}}}}}', "line 2: is not JSON in UTF-8"),
        (f'{{"type": "STATE", "value": "{MARK}"}}', "STATE message must have an object"),
        ("[" * 100_000, "line 2: is not JSON in UTF-8"),
        (json.dumps(activate("contacts", 1) | {"version": MARK}), "version must be a whole number"),
        (json.dumps(record("contacts", MARK, id="1")), "time_extracted must be a moment"),
        (json.dumps(record("contacts", "2026-11-01T12:00:00", id="1")), "with its zone"),
        (json.dumps(record("contacts", id="1") | {"record": MARK}), "record must be an object"),
        (json.dumps({"type": "BATCH", "stream": "contacts"}), "BATCH messages are not read"),
    ],
)
def test_a_broken_line_is_refused_without_its_words(hub: Hub, line: str, message: str) -> None:
    with pytest.raises(InvalidRecordError, match=message) as refusal:
        hub.load([schema("contacts"), line, ""])
    assert MARK not in refusal.value.message


def test_what_was_committed_stays_and_no_state_after_the_bad_record_is_printed(hub: Hub) -> None:
    ended = hub.having(batch_size_rows=2).run(
        [
            schema("contacts"),
            *(record("contacts", id=str(number)) for number in (1, 2)),
            state(done=2),
            record("contacts", id="3"),
            state(done=3),
            record("contacts", id="4", updatedAt=[MARK]),
            record("contacts", id="5"),
            state(done=5),
        ]
    )
    assert ended.status == 1
    assert ended.states == [{"done": 2}]
    assert hub.keys("crm_contacts") == ["1", "2"]
    assert ended.error == {
        "event": "target_failed",
        "error_class": "invalid_record",
        "message": "stream contacts, key 4: updatedAt must be a moment in ISO 8601, is an array",
    }
    assert MARK not in ended.stderr


def test_a_line_that_is_not_utf8_ends_the_program_without_its_words(hub: Hub) -> None:
    line = json.dumps(record("contacts", id="1", email=MARK)).encode() + b"\xff\n"
    ended = hub.run_with(hub.config, json.dumps(schema("contacts")).encode() + b"\n" + line)
    assert (ended.status, ended.error["error_class"]) == (1, "invalid_record")
    assert ended.error["message"] == "line 2: is not JSON in UTF-8"
    assert MARK not in ended.stdout + ended.stderr


@pytest.mark.parametrize("which", ["org_id", "connection_id"])
def test_a_connection_of_another_organisation_is_refused(hub: Hub, which: str) -> None:
    with pytest.raises(TenantMismatchError):
        hub.having(**{which: str(uuid.uuid4())}).load([schema("contacts")])


def test_a_row_of_another_organisation_is_refused_by_the_database(hub: Hub) -> None:
    insert = (
        "insert into crmhub.crm_contacts (org_id, connection_id, external_id, source_read_at) "
        "values (%s, %s, '1', now())"
    )
    other_org, other_connection = hub.database.add_connection()
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
        hub.database.rows(
            insert, [other_org, other_connection], role="crmhub_loader", org_id=hub.org_id
        )


def test_a_changed_salt_is_refused(hub: Hub) -> None:
    hub.load([schema("contacts")])
    with pytest.raises(InvalidSettingsError, match="pii_hash_salt is not the one"):
        hub.having(pii_hash_salt="another salt for tests").load([schema("contacts")])


def test_with_the_lease_rows_are_written(hub: Hub) -> None:
    token = hub.database.take_lease(hub.connection_id)
    hub.having(lease_token=str(token)).load([schema("contacts"), record("contacts", id="1")])
    assert hub.keys("crm_contacts") == ["1"]


def test_without_the_lease_nothing_is_written(hub: Hub) -> None:
    hub.database.take_lease(hub.connection_id)
    with pytest.raises(LeaseLostError):
        hub.having(lease_token=str(uuid.uuid4())).load([schema("contacts")])
    assert hub.keys("crm_contacts") == []


def test_a_lease_lost_on_the_way_ends_the_run_before_the_next_rows(hub: Hub) -> None:
    token = hub.database.take_lease(hub.connection_id)
    leased = hub.having(lease_token=str(token), batch_size_rows=1)
    target = leased.target(config=leased.config)
    stealing = _Stealing(hub)
    with pytest.raises(LeaseLostError):
        target.listen(stealing)  # type: ignore[arg-type]  # lines are all that is read of a file
    assert hub.keys("crm_contacts") == ["1"]


class _Stealing:
    """Lines between two of which another run takes the lease."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def __iter__(self) -> Any:  # noqa: ANN401 - lines
        yield json.dumps(schema("contacts"))
        yield json.dumps(record("contacts", id="1"))
        # It is written beside the reading.
        wait_for(lambda: self._hub.keys("crm_contacts"))
        self._hub.database.take_lease(self._hub.connection_id)
        yield json.dumps(record("contacts", id="2"))


def test_a_database_without_our_schema_is_refused_with_the_remedy(
    hub: Hub, empty_database: TestDatabase
) -> None:
    url = empty_database.url_as("crmhub_loader")
    with pytest.raises(TargetError, match=r"no schema crmhub: .*crmhub migrate") as refusal:
        hub.having(database_url=url).load([schema("contacts")])
    assert refusal.value.error_class == "database"


def test_a_database_that_lacks_a_migration_is_refused_with_the_remedy(lone_hub: Hub) -> None:
    lone_hub.database.rows("drop table crmhub.set_reads")
    with pytest.raises(TargetError, match=r"set_reads .* missing: run `crmhub migrate`") as refusal:
        lone_hub.load([schema("contacts")])
    assert refusal.value.error_class == "database"


def test_a_superuser_is_refused(hub: Hub) -> None:
    with pytest.raises(InvalidSettingsError, match="row-level security"):
        hub.having(database_url=hub.database.url).load([schema("contacts")])


def test_a_login_of_another_role_is_refused(hub: Hub) -> None:
    url = hub.database.url_as("crmhub_reader")
    with pytest.raises(TargetError, match="no member of role crmhub_loader") as refusal:
        hub.having(database_url=url).load([schema("contacts")])
    assert refusal.value.error_class == "database"


def test_a_database_out_of_reach_is_one_line_without_the_address(hub: Hub) -> None:
    ended = hub.having(database_url="postgresql://zzlogin:zzsecret@127.0.0.1:1/zz").run([])
    assert (ended.status, ended.error["error_class"]) == (1, "database")
    assert ended.error["message"].startswith("cannot connect with database_url: check that")
    assert "zz" not in ended.stderr


def test_the_servers_words_on_a_row_are_not_repeated(lone_hub: Hub) -> None:
    """PostgreSQL's DETAIL quotes the failing row."""
    lone_hub.database.rows(
        "alter table crmhub.crm_deals add constraint short_names check (length(name) < 3)"
    )
    ended = lone_hub.run([schema("deals"), record("deals", id="1", dealname=MARK)])
    assert (ended.status, ended.error["error_class"]) == (1, "database")
    assert ended.error["message"] == (
        "the database refused a statement with SQLSTATE 23514 at short_names"
    )
    assert MARK not in ended.stdout + ended.stderr
