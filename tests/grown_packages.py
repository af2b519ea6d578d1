"""Copies of the tap and the target that have one stream more, added as CONTRIBUTING.md says."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from crmhub.project_files import migrations_directory

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "tests" / "fixtures" / "new_stream"

ENTRY = """COMPANIES = ObjectType(
    name="companies",
    scope="crm.objects.companies.read",
    modified_property="hs_lastmodifieddate",
)

"""
STREAM = '''class Companies(ObjectStream):
    """Companies."""

    name = COMPANIES.name


'''


@dataclass(frozen=True, kw_only=True)
class GrownPackages:
    """The copies, in a folder of the test's own."""

    folder: Path

    @property
    def tap(self) -> Path:
        """The tap's package."""
        return self.folder / "tap_hubspot_crm"

    @property
    def target(self) -> Path:
        """The target's package, where the mapping files are."""
        return self.folder / "target_crmhub_postgres"

    @property
    def migrations(self) -> Path:
        """All migrations."""
        return self.folder / "migrations"


def grow_packages(folder: Path) -> GrownPackages:
    """Copy the packages and the migrations into a folder, and follow the recipe there."""
    grown = GrownPackages(folder=folder)
    shutil.copytree(ROOT / "tap-hubspot-crm" / "tap_hubspot_crm", grown.tap)
    shutil.copytree(ROOT / "target-crmhub-postgres" / "target_crmhub_postgres", grown.target)
    shutil.copytree(migrations_directory(), grown.migrations)
    _insert(grown.tap / "object_types.py", ENTRY, before="#: By name")
    _insert(grown.tap / "object_types.py", ", COMPANIES", before=")}\n")
    _insert(grown.tap / "streams.py", "COMPANIES, ", before="CONTACTS, DEALS\n")
    _insert(grown.tap / "streams.py", STREAM, before="class DealContacts")
    _insert(grown.tap / "streams.py", "Companies, ", before="DealContacts)\n")
    with (grown.target / "hubspot.toml").open("a") as mapping:
        mapping.write((FIXTURES / "companies.toml").read_text())
    newest = max(path.name for path in grown.migrations.glob("*.sql"))
    number = int(newest[:4]) + 1
    shutil.copy(FIXTURES / "companies.sql", grown.migrations / f"{number:04}_companies.sql")
    return grown


def _insert(file: Path, text: str, *, before: str) -> None:
    whole = file.read_text()
    assert whole.count(before) == 1, f"{file.name}: {before!r}"
    file.write_text(whole.replace(before, text + before))
