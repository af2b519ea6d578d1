"""From HubSpot through `meltano run` into the tables, and again."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

import pytest
from end_to_end.comparison import assert_equal_to_portal, truth
from end_to_end.conftest import new_scene
from end_to_end.workers import worker_environment

from crmhub.connections import reset_connection
from crmhub.database import connect
from crmhub.demo.portals import SHARED_EMAIL, SHARED_PHONE, change
from crmhub.project_files import meltano_project_directory
from crmhub.vault.secret import Secret
from hubspot_sandbox.faults import FaultRule
from hubspot_sandbox.properties import PropertyDefinition
from hubspot_sandbox.words import NAME_MARK, OWNER_MARK
from target_crmhub_postgres.mapping import load_mapping

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from databases import TestServer
    from end_to_end.conftest import Scene
    from warm_programs import WarmPrograms

    from crmhub.demo.stage import Organisation
    from crmhub.sync.launching import WarmLauncher
    from crmhub.sync.meltano_run import RunOutcome

#: What the tap asks for itself: when a record changed, which it is, and whom it was merged from.
NEEDED_BY_THE_TAP = {
    "hs_object_id",
    "lastmodifieddate",
    "hs_lastmodifieddate",
    "hs_merged_object_ids",
}


def sync(scene: Scene, organisation: Organisation) -> RunOutcome:
    lines: list[str] = []
    outcome = scene.stage.sync(organisation, lambda _log, line: lines.append(line))
    assert outcome.failure is None, "\n".join(lines[-30:])
    return outcome


def test_a_first_and_a_second_run_bring_what_the_portal_holds(scene: Scene) -> None:
    alder = scene.alder
    sync(scene, alder)
    assert_equal_to_portal(scene, alder)
    [row] = scene.database.rows(
        "select state_json, last_sync_at, synced_through, lease_token, last_error_class "
        "from crmhub.source_connections where id = %s",
        [alder.connection_id],
    )
    assert row["state_json"]["bookmarks"]["contacts"]
    assert row["last_sync_at"] >= row["synced_through"]
    assert row["lease_token"] is None

    done = change(alder.portal)
    second = sync(scene, alder)
    assert_equal_to_portal(scene, alder)
    # Each merge moves its survivor and two tombstones; archived rows come from their own listing.
    moved = done["contacts edited"] + done["contacts created"] + done["contacts archived"]
    assert second.records["contacts"] == moved + done["contacts merged into others"] * 3 // 2
    assert second.records["deals"] == done["deals won"]
    # The other organisation was not asked for anything.
    assert scene.ids("crm_contacts", scene.birch.org_id) == []


def test_a_run_with_nothing_new_moves_nothing(scene: Scene) -> None:
    sync(scene, scene.birch)
    second = sync(scene, scene.birch)
    for stream in ("contacts", "deals", "deal_contacts"):
        assert second.records.get(stream, 0) == 0


@pytest.fixture(scope="module")
def settled(database_server: TestServer, launcher: WarmLauncher) -> Iterator[Scene]:
    """Both portals were synced, worked in, and synced again; for tests that change nothing."""
    with database_server.clone() as database, new_scene(database, launcher) as scene:
        for organisation in scene.stage.organisations:
            sync(scene, organisation)
            change(organisation.portal)
            sync(scene, organisation)
        yield scene


@pytest.mark.long
def test_forgetting_the_state_brings_a_full_pass(
    scene: Scene, programs: WarmPrograms, python_environment: dict[str, str], tmp_path: Path
) -> None:
    birch = scene.birch

    def reset() -> None:
        with connect(scene.stage.urls.orchestrator) as database:
            reset_connection(database, birch.connection_id)

    def clear() -> None:
        done = programs.run(
            "meltano",
            "state",
            "clear",
            "--force",
            f"prod:tap-hubspot-crm-to-target-crmhub-postgres:{birch.connection_id}",
            environment=python_environment
            | {
                "HOME": str(tmp_path),
                "MELTANO_SYS_DIR_ROOT": str(tmp_path / "meltano"),
                "CRMHUB_STATE_DATABASE_URL": scene.stage.urls.state,
            },
            directory=meltano_project_directory(),
        )
        assert done.returncode == 0, done.stderr

    before = sync(scene, birch).records["contacts"]
    for forget in (reset, clear):
        birch.portal.purge("contacts", birch.portal.stores["contacts"].ids()[3])
        forget()
        after = sync(scene, birch).records["contacts"]
        assert after == before - 1
        # A purge leaves no trace in HubSpot: only a full pass sees it.
        assert_equal_to_portal(scene, birch)
        before = after


def test_nothing_personal_reaches_the_database(settled: Scene) -> None:
    personal: set[str] = {NAME_MARK, OWNER_MARK}
    for organisation in settled.stage.organisations:
        for record in truth(organisation, "contacts")["live"].values():
            properties = record["properties"]
            for name in ("email", "phone", "mobilephone", "hs_calculated_phone_number"):
                if properties.get(name):
                    personal.add(properties[name])
            personal |= set((properties.get("hs_additional_emails") or "").split(";")) - {""}
    dump = settled.dump()
    folded = dump.casefold()
    assert len(personal) > 100
    assert [value for value in sorted(personal) if value.casefold() in folded] == []
    # No e-mail address whatever, that of a deal's name included; ids and figures stay.
    assert re.findall(r"[\w.+-]+@[\w-]+\.[\w.-]+", dump) == []
    assert "[redacted]" in dump


def test_the_tap_asks_for_no_property_that_the_hub_does_not_store(settled: Scene) -> None:
    stored = set().union(*load_mapping("hubspot").fetched_properties().values())
    asked: set[str] = set()
    for request in settled.sandbox.sandbox.requests(settled.alder.portal.portal_id):
        asked |= set(request.properties or ())
    assert asked
    assert asked - NEEDED_BY_THE_TAP <= stored


def test_counts_of_hubspot_stand_beside_ours(
    settled: Scene, programs: WarmPrograms, python_environment: dict[str, str]
) -> None:
    """Only this test works in Alder's portal once it was synced."""
    alder = settled.alder
    environment = python_environment | worker_environment(settled.stage)

    def verified() -> subprocess.CompletedProcess[str]:
        command = ("verify", str(alder.connection_id), "--json")
        return programs.run("crmhub", *command, environment=environment)

    def kept() -> dict[str, Any]:
        [row] = settled.database.rows(
            "select counts, error_class, failed_at > compared_at as failed_later "
            "from crmhub.count_comparisons where connection_id = %s",
            [alder.connection_id],
        )
        return row

    # Each full pass has ended with a comparison.
    counts = kept()["counts"]
    assert set(counts) == {"contacts", "deals", "pipelines", "owners"}
    assert all(told["ours"] == told["hubspot"] for told in counts.values())
    same = verified()
    assert same.returncode == 0
    assert {each["difference"] for each in json.loads(same.stdout)["streams"]} == {0}

    alder.portal.create("contacts", {"email": "new@example.com"})
    for purged in alder.portal.stores["contacts"].ids()[:2]:
        alder.portal.purge("contacts", purged)
    different = verified()
    assert different.returncode == 1
    [found] = [each for each in json.loads(different.stdout)["streams"] if each["difference"]]
    assert found["stream"] == "contacts"
    assert found["difference"] == 1
    assert "full pass" in found["meaning"]
    told = kept()["counts"]["contacts"]
    assert told["ours"] - told["hubspot"] == 1

    settled.sandbox.sandbox.fail_next(FaultRule(kind="daily"), 1)
    assert "rate_limit" in verified().stderr
    assert (kept()["error_class"], kept()["failed_later"]) == ("rate_limit", True)
    assert kept()["counts"]["contacts"] == told


def test_what_an_organisation_chose_is_fetched_and_stored(scene: Scene) -> None:
    """A kept property is asked for and stored; the name of a deal that is dropped is not."""
    birch = scene.birch
    scene.database.rows(
        "update crmhub.source_connections set config = %s where id = %s",
        [
            json.dumps(
                {"kept_properties": {"deals": ["hs_forecast_category"]}, "deal_names": "drop"}
            ),
            birch.connection_id,
        ],
    )
    birch.portal.add_property(
        "deals",
        PropertyDefinition(name="hs_forecast_category", label="Forecast", group="dealinformation"),
    )
    deal = birch.portal.create("deals", {"dealname": "Secret", "hs_forecast_category": "COMMIT"})
    sync(scene, birch)
    assert scene.database.rows(
        "select name, properties ->> 'hs_forecast_category' as kept from crmhub.crm_deals "
        "where external_id = %s",
        [deal],
    ) == [{"name": None, "kept": "COMMIT"}]
    requests = scene.sandbox.sandbox.requests(birch.portal.portal_id)
    assert not any("dealname" in (request.properties or ()) for request in requests)


def test_readers_see_their_own_organisation(settled: Scene) -> None:
    for organisation in settled.stage.organisations:
        seen = settled.database.rows(
            "select distinct org_id from crmhub.contact_activity",
            role="crmhub_reader",
            org_id=organisation.org_id,
        )
        assert seen == [{"org_id": organisation.org_id}]
    nobodys = settled.database.rows("select * from crmhub.pipeline_summary", role="crmhub_reader")
    assert nobodys == []


def test_one_person_has_unrelated_pseudonyms_in_two_organisations(
    settled: Scene, programs: WarmPrograms, python_environment: dict[str, str]
) -> None:
    hashes = []
    for organisation in settled.stage.organisations:
        [row] = settled.database.rows(
            "select email_hash, phone_hash from crmhub.crm_contacts "
            "where org_id = %s and external_id = %s",
            [organisation.org_id, organisation.shared_contact],
        )
        hashes += [row["email_hash"], row["phone_hash"]]
        for option, value, stored in (
            ("--email", SHARED_EMAIL.upper(), row["email_hash"]),
            ("--phone", SHARED_PHONE, row["phone_hash"]),
        ):
            said = programs.run(
                "crmhub",
                *("pseudonym", "--org", str(organisation.org_id), option, value),
                environment=python_environment | {"PII_HASH_SALT": settled.stage.salt},
            )
            assert said.stdout.strip() == stored.hex()
    assert len(set(hashes)) == 4


def test_a_wrong_token_is_recorded_with_its_class_and_changes_nothing(scene: Scene) -> None:
    alder = scene.alder
    sync(scene, alder)
    before = scene.ids("crm_contacts", alder.org_id)
    scene.give_token(alder, Secret("made-up-and-wrong"))
    outcome = scene.stage.sync(alder)
    assert outcome.failure is not None
    [row] = scene.database.rows(
        "select status, last_error_class, last_error_message, consecutive_failures, "
        "state_json is not null as has_state from crmhub.source_connections where id = %s",
        [alder.connection_id],
    )
    assert row["last_error_class"] == outcome.failure.error_class == "access_denied"
    assert row["status"] == "needs_reconnect"
    assert row["consecutive_failures"] == 1
    assert row["has_state"]
    assert "made-up-and-wrong" not in row["last_error_message"]
    assert scene.ids("crm_contacts", alder.org_id) == before
    runs = scene.database.rows(
        "select status, error_class from crmhub.sync_runs order by requested_at"
    )
    assert [run["status"] for run in runs] == ["succeeded", "failed"]
    assert os.environ.get("TAP_HUBSPOT_CRM_ACCESS_TOKEN") is None
