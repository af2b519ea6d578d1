"""CONTRIBUTING.md's recipe for a stream, followed: a few lines, and it is synced and stored."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from grown_packages import ROOT, grow_packages
from target.loading import new_hub
from warm_programs import WarmPrograms

from crmhub.migrate import migrate
from crmhub.oauth.scopes import NEEDED_SCOPES
from crmhub.web.status_center.streams import stream_words
from hubspot_sandbox.limits import Limits
from hubspot_sandbox.server import running_sandbox
from hubspot_sandbox.tokens import DEFAULT_SCOPES
from tap_hubspot_crm.object_types import OBJECT_TYPES
from tap_hubspot_crm.state import BOOKMARKS
from tap_hubspot_crm.streams import STREAMS
from target_crmhub_postgres.mapping import load_mapping

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from databases import TestDatabase
    from grown_packages import GrownPackages
    from target.loading import Hub

    from hubspot_sandbox.sandbox import SandboxPortal

FREE = Limits(
    calls_per_10_seconds=1_000_000, oauth_calls_per_10_seconds=1_000_000, searches_per_second=10_000
)
#: More than a page of a listing.
COMPANIES = 130


@dataclass(kw_only=True)
class GrownHub:
    """A portal with companies, the programs that know them, and the database they come to."""

    portal: SandboxPortal
    hub: Hub
    directory: Path
    settings: dict[str, object]
    state: object = field(default_factory=dict)

    def tap(self, *options: str, **settings: object) -> str:
        """What the tap prints, run from the last state."""
        files = {"--config": {**self.settings, **settings}, "--state": self.state}
        for option, content in files.items():
            (self.directory / option).write_text(json.dumps(content))
            options = (*options, option, str(self.directory / option))
        done = self.hub.programs.run("tap-hubspot-crm", *options, environment={})
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sync(self, **settings: object) -> list[dict[str, Any]]:
        """What the tap prints, once the target has stored it."""
        lines = self.tap(**settings).splitlines()
        ended = self.hub.run(lines)
        assert ended.status == 0, ended.stderr
        self.state = ended.states[-1]
        return [json.loads(line) for line in lines]

    def stored(self) -> dict[str, tuple[Any, ...]]:
        """The companies as a reader of the organisation finds them: by id name and archival."""
        rows = self.hub.database.rows(
            "select external_id, name, archived from crmhub.crm_companies",
            role="crmhub_reader",
            org_id=self.hub.org_id,
        )
        return {row["external_id"]: (row["name"], row["archived"]) for row in rows}


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> GrownPackages:
    return grow_packages(tmp_path_factory.mktemp("grown"))


@pytest.fixture(scope="module")
def grown_programs(packages: GrownPackages) -> Iterator[WarmPrograms]:
    """The programs as they are with one stream more."""
    with contextlib.closing(WarmPrograms(packages=packages.folder)) as programs:
        yield programs


@pytest.fixture
def grown(
    packages: GrownPackages, grown_programs: WarmPrograms, database: TestDatabase, tmp_path: Path
) -> Iterator[GrownHub]:
    """A small portal and a connection that was never synced."""
    applied = migrate(database.url, directory=packages.migrations)
    assert [migration.name for migration in applied] == ["companies"]
    with running_sandbox() as running:
        portal = running.sandbox.add_portal(contacts=3, deals=3, limits=FREE)
        # As HubSpot does, types count for themselves: some ids are those of deals.
        ids = {*portal.stores["deals"].ids(), *range(2, COMPANIES - 1)}
        for company_id in ids:
            values = {"name": f"Company {company_id}", "annualrevenue": "1200.50"}
            portal.create("companies", values, record_id=company_id)
        scopes = (*DEFAULT_SCOPES, "crm.objects.companies.read")
        yield GrownHub(
            portal=portal,
            hub=new_hub(database, grown_programs),
            directory=tmp_path,
            settings={
                "access_token": running.sandbox.add_token(portal.portal_id, scopes=scopes),
                "api_url": running.url,
                "searches_per_second": 10_000,
                "properties": load_mapping("hubspot", packages.target).fetched_properties(),
            },
        )


def _sent(messages: list[dict[str, Any]], stream: str) -> dict[str, dict[str, Any]]:
    return {
        message["record"]["id"]: message["record"]
        for message in messages
        if message["type"] == "RECORD" and message["stream"] == stream
    }


def test_a_new_stream_is_discovered_with_the_portals_properties(grown: GrownHub) -> None:
    catalog = json.loads(grown.tap("--discover"))
    [entry] = [item for item in catalog["streams"] if item["stream"] == "companies"]
    assert entry["key_properties"] == ["id"]
    assert entry["replication_key"] == "updatedAt"
    fields = entry["schema"]["properties"]
    assert fields["annualrevenue"] == {"type": ["number", "null"]}
    assert {"updatedAt", "archived", "mergedInto", "name", "numberofemployees"} <= set(fields)


def test_a_new_stream_is_synced_and_stored(grown: GrownHub) -> None:
    """A full pass brings every row, an incremental one what changed, an archived one what went."""
    portal, every_id = grown.portal, set(map(str, grown.portal.stores["companies"].ids()))
    first = grown.sync()
    assert set(_sent(first, "companies")) == every_id
    assert [m["stream"] for m in first if m["type"] == "ACTIVATE_VERSION"].count("companies") == 1
    assert grown.stored() == {key: (f"Company {key}", False) for key in every_id}
    [other] = portal.stores["companies"].ids()[5:6]

    portal.edit("companies", other, {"name": "Chairs & Co"})
    assert set(_sent(grown.sync(), "companies")) == {str(other)}
    assert grown.stored()[str(other)] == ("Chairs & Co", False)

    deal = portal.stores["deals"].ids()[0]
    portal.archive("companies", deal)
    messages = grown.sync(archived_interval_minutes=0)
    [(gone, record)] = _sent(messages, "companies").items()
    assert (gone, record["archived"], record["name"]) == (str(deal), True, f"Company {deal}")
    assert grown.stored()[gone] == (f"Company {deal}", True)
    # The deal of the same id is still there, and so are its contacts.
    assert not any(m.get("stream") == "deal_contacts" for m in messages if m["type"] == "RECORD")


def test_rows_of_a_new_stream_are_seen_by_their_organisation_alone(grown: GrownHub) -> None:
    grown.sync()
    other = grown.hub.another()
    seen = "select count(*) as rows from crmhub.crm_companies"
    for org_id, count in ((grown.hub.org_id, COMPANIES), (other.org_id, 0)):
        [row] = grown.hub.database.rows(seen, role="crmhub_reader", org_id=org_id)
        assert row["rows"] == count


def test_the_status_center_has_words_for_a_new_stream(packages: GrownPackages) -> None:
    grown, now = load_mapping("hubspot", packages.target), load_mapping("hubspot")
    assert stream_words(grown) == {**stream_words(now), "companies": "companies"}


def test_the_recipe_names_every_place() -> None:
    [row] = re.findall(
        r"^\| a stream \|(.*)$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE
    )
    places = {
        "tap_hubspot_crm/object_types.py": "tap-hubspot-crm",
        "tap_hubspot_crm/streams.py": "tap-hubspot-crm",
        "target_crmhub_postgres/hubspot.toml": "target-crmhub-postgres",
        "meltano.yml": ".",
        "sql/migrations": ".",
        "crmhub/oauth/scopes.py": "orchestrator",
        "crmhub/verify.sql": "orchestrator",
    }
    assert set(re.findall(r"`([\w/]+[./][\w/.]+)`", row)) == set(places)
    for place, member in places.items():
        assert (ROOT / member / place).exists(), place


def test_no_step_of_the_recipe_was_forgotten() -> None:
    """What the tap sends is what the hub stores, asks for and counts."""
    streams = {vars(stream)["name"] for stream in STREAMS}
    assert streams == set(BOOKMARKS) == set(load_mapping("hubspot").streams)
    counted = (ROOT / "orchestrator" / "crmhub" / "verify.sql").read_text()
    for item in OBJECT_TYPES.values():
        assert item.scope in NEEDED_SCOPES
        assert f"select '{item.name}'" in counted
