"""A person is found by an e-mail address, erased in one organisation, and proved to be gone."""

from __future__ import annotations

import json
import subprocess
import uuid
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result
from orchestrator.terminal import settings_of
from target.loading import SALT, Hub, record, schema, state

from crmhub.cli.main import crmhub as crmhub_command
from crmhub.embedded_postgres.binaries import find_binaries
from crmhub.errors import InvalidSettingsError, UnknownOrganisationError
from crmhub.person import erase_person, find_person, pseudonyms_of_organisation
from crmhub.settings import required_database_urls
from target_crmhub_postgres.errors import LeaseLostError

if TYPE_CHECKING:
    from databases import TestDatabase
    from orchestrator.terminal import Crmhub

    from crmhub.person import Erasure
    from crmhub.settings import DatabaseUrls

ADDRESS = "Ann.Marked@Example.com"
#: The person's two contacts, one that was merged into the first of them, and others.
ROWS = [
    *(schema(stream) for stream in ("contacts", "deal_contacts", "owners")),
    record("contacts", id="1", email=ADDRESS.lower()),
    record("contacts", id="2", email="x@example.com", hs_additional_emails=f"y@z.test;{ADDRESS}"),
    record("contacts", id="3", archived=True, mergedInto="1"),
    record("contacts", id="4", email="ann@example.com"),
    record("contacts", id="5", archived=True, mergedInto="4"),
    record("deal_contacts", deal_id="90", contacts=[{"id": "1", "types": []}]),
    record("deal_contacts", deal_id="91", contacts=[{"id": "2"}, {"id": "4"}]),
    record("owners", id="70", email=ADDRESS),
    record("owners", id="71", email="ann@example.com"),
    state(),
]
ERASED = {"crm_contacts": 3, "crm_deal_contacts": 2, "crm_owners": 1, "full_pass_seen": 0}


def urls_of(database: TestDatabase) -> DatabaseUrls:
    return required_database_urls(settings_of(database))


def pseudonym_in(hub: Hub, address: str = ADDRESS) -> bytes:
    found = hub.pseudonyms.email(address)
    assert found is not None
    return found


def erased(hub: Hub) -> Erasure:
    return erase_person(urls_of(hub.database), hub.org_id, pseudonym_in(hub))


@pytest.fixture
def filled(hub: Hub) -> Hub:
    """An organisation that knows the person."""
    hub.load(ROWS)
    return hub


def another_org(hub: Hub) -> Hub:
    """Another organisation of the same database that knows the same people."""
    other = hub.another()
    other.load(ROWS)
    return other


def test_every_row_that_tells_of_a_person_is_found(filled: Hub) -> None:
    found = find_person(
        filled.database.url_as("crmhub_reader"), filled.org_id, pseudonym_in(filled)
    )
    assert [(each.table_name, each.external_id, each.deal_external_id) for each in found] == [
        ("crm_contacts", "1", None),
        ("crm_contacts", "2", None),
        ("crm_contacts", "3", None),
        ("crm_deal_contacts", "1", "90"),
        ("crm_deal_contacts", "2", "91"),
        ("crm_owners", "70", None),
    ]
    assert {each.connection_id for each in found} == {filled.connection_id}


def test_a_person_is_erased_in_one_organisation_and_nobody_else_is(filled: Hub) -> None:
    other = another_org(filled)
    before = other.rows("crm_contacts"), other.rows("crm_deal_contacts"), other.rows("crm_owners")
    done = erased(filled)
    assert (dict(done.rows), done.left, done.ended_runs) == (ERASED, 0, 0)
    assert filled.keys("crm_contacts") == ["4", "5"]
    assert filled.keys("crm_deal_contacts", "contact_external_id") == ["4"]
    assert filled.keys("crm_owners") == ["71"]
    after = other.rows("crm_contacts"), other.rows("crm_deal_contacts"), other.rows("crm_owners")
    assert after == before


def test_a_dump_of_the_database_holds_no_pseudonym_of_the_person_any_more(filled: Hub) -> None:
    """Wherever it may stand, in whatever column there will be."""
    assert dump(filled.database).count(pseudonym_in(filled).hex()) == 3
    erased(filled)
    assert pseudonym_in(filled).hex() not in dump(filled.database)
    assert pseudonym_in(filled, "ann@example.com").hex() in dump(filled.database)


def dump(database: TestDatabase) -> str:
    return subprocess.run(
        [find_binaries().program("pg_dump"), "--data-only", f"--dbname={database.url}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_no_column_holds_pseudonyms_of_addresses_that_are_not_searched(
    database: TestDatabase,
) -> None:
    """Whoever adds a column with pseudonyms is told here to search it in person.sql."""
    rows = database.rows(
        "select table_name || '.' || column_name as name from information_schema.columns "
        "join information_schema.tables using (table_schema, table_name) "
        "where table_schema = 'crmhub' and table_type = 'BASE TABLE' "
        "and udt_name in ('bytea', '_bytea') order by 1"
    )
    searched = {
        "crm_contacts.email_hash",
        "crm_contacts.additional_email_hashes",
        "crm_owners.email_hash",
    }
    no_addresses = {
        "crm_contacts.phone_hash",
        "crm_contacts.mobile_phone_hash",
        "pii_fingerprints.fingerprint",
        "secrets_provider.ciphertext",
        "used_login_tokens.jti_hash",
        "web_sessions.token_hash",
    }
    assert {row["name"] for row in rows} == searched | no_addresses


def test_counts_of_live_rows_follow(filled: Hub) -> None:
    assert live_contacts(filled) == 3
    erased(filled)
    assert live_contacts(filled) == 1


def live_contacts(hub: Hub) -> int:
    [row] = [each for each in hub.rows("crm_stream_totals") if each["stream"] == "contacts"]
    live: int = row["live"]
    return live


def test_the_notes_of_a_full_pass_forget_the_persons_contacts(hub: Hub) -> None:
    hub.load([schema("contacts"), record("contacts", id="1", version=7, email=ADDRESS), state()])
    assert hub.keys("full_pass_seen") == ["1"]
    assert erased(hub).rows["full_pass_seen"] == 1
    assert hub.keys("full_pass_seen") == []


def test_a_run_in_flight_cannot_bring_back_what_it_read_before(filled: Hub) -> None:
    token = filled.database.take_lease(filled.connection_id)
    assert erased(filled).ended_runs == 1
    with pytest.raises(LeaseLostError):
        filled.having(lease_token=str(token)).load(ROWS)
    assert filled.keys("crm_contacts") == ["4", "5"]
    [row] = filled.database.rows("select status, last_error_class from crmhub.source_connections")
    assert row == {"status": "connected", "last_error_class": None}


def test_a_salt_that_would_find_nobody_is_refused(filled: Hub) -> None:
    url = filled.database.url_as("crmhub_orchestrator")
    with pytest.raises(InvalidSettingsError, match="PII_HASH_SALT is not the one"):
        pseudonyms_of_organisation(url, filled.org_id, salt="another salt than before")


def test_an_organisation_that_nobody_knows_is_refused(database: TestDatabase) -> None:
    url = database.url_as("crmhub_orchestrator")
    with pytest.raises(UnknownOrganisationError, match="no connection is of organisation"):
        pseudonyms_of_organisation(url, uuid.uuid4(), salt=SALT)


def test_the_command_finds_erases_and_proves(crmhub: Crmhub, filled: Hub) -> None:
    settings = settings_of(filled.database) | {"PII_HASH_SALT": SALT}
    org = ("--org", str(filled.org_id))
    found = crmhub("person", "find", *org, "--json", typed=f"{ADDRESS}\n", **settings)
    told = json.loads(found.stdout)
    assert told["pseudonym"] == pseudonym_in(filled).hex()
    assert told["rows"] == {"crm_contacts": 3, "crm_deal_contacts": 2, "crm_owners": 1}
    receipt = crmhub("person", "erase", *org, typed=ADDRESS, **settings)
    assert receipt.returncode == 0, receipt.stderr
    said = dict(line.split(maxsplit=1) for line in receipt.stdout.splitlines())
    assert said["pseudonym"] == pseudonym_in(filled).hex()
    assert {table: int(said[table]) for table in ERASED} == ERASED
    assert (said["left"], said["org_id"]) == ("0", str(filled.org_id))
    again = crmhub("person", "find", *org, typed=ADDRESS, **settings)
    assert "no row of this organisation tells of this person" in again.stdout
    everything = found.stdout + found.stderr + receipt.stdout + receipt.stderr + again.stdout
    assert "ann.marked" not in everything.lower()


def in_this_process(hub: Hub, *arguments: str, typed: str = "") -> Result:
    """The command without the seconds that a process takes to start."""
    settings = settings_of(hub.database) | {"PII_HASH_SALT": SALT}
    words = ["person", *arguments, "--org", str(hub.org_id)]
    return CliRunner().invoke(crmhub_command, words, input=typed, env=settings)


@pytest.mark.parametrize("typed", ["", "two@example.com addresses@example.com", "no address"])
def test_what_is_no_address_is_refused_and_not_repeated(hub: Hub, typed: str) -> None:
    refused = in_this_process(hub, "find", typed=typed).exception
    assert isinstance(refused, InvalidSettingsError)
    assert str(refused) == "standard input must hold one e-mail address and nothing else"


def test_what_a_receipt_says_is_enough_to_erase_again(filled: Hub) -> None:
    """As after restoring a backup in which the person still is."""
    told = ("--pseudonym", pseudonym_in(filled).hex())
    assert json.loads(in_this_process(filled, "erase", "--json", *told).stdout)["rows"] == ERASED


@pytest.mark.parametrize("given", ["no digits", "ab" * 31 + "  "])
def test_what_is_no_pseudonym_is_refused_and_nobody_is_taken_for_gone(hub: Hub, given: str) -> None:
    """Half of one, with the space that was copied along, is nobody's."""
    refused = in_this_process(hub, "find", "--pseudonym", given).exception
    assert isinstance(refused, InvalidSettingsError)
    assert str(refused) == "--pseudonym must be 64 hexadecimal digits"
