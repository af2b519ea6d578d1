"""The mapping file: what it fetches, what it keeps, and what is wrong with a broken one."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from target_crmhub_postgres.errors import InvalidSettingsError
from target_crmhub_postgres.mapping import PSEUDONYMS, load_mapping

if TYPE_CHECKING:
    from pathlib import Path

#: HubSpot's personal properties that may be fetched, as they become pseudonyms; and deal names.
ALLOWED = {
    "contacts": {
        "email",
        "hs_additional_emails",
        "hs_calculated_mobile_number",
        "hs_calculated_phone_number",
        "mobilephone",
        "phone",
    },
    "deals": {"dealname"},
}


def test_no_personal_property_is_fetched_but_for_its_pseudonym() -> None:
    mapping = load_mapping("hubspot")
    for stream, names in mapping.fetched_properties().items():
        personal = {name for name in names if mapping.streams[stream].is_personal(name)}
        assert personal == ALLOWED[stream]


def test_no_personal_property_is_stored_as_it_is() -> None:
    for stream in load_mapping("hubspot").streams.values():
        assert not [name for name in stream.properties if stream.is_personal(name)]
        for column in stream.columns:
            if column.kind not in PSEUDONYMS and column.kept_if is None:
                assert not any(map(stream.is_personal, column.sources)), column.name


def test_choices_change_what_is_fetched() -> None:
    mapping = load_mapping("hubspot")
    chosen = mapping.with_choices(
        kept_properties={"deals": ["custom"]}, choices={"deal_names": "drop"}
    )
    before, after = mapping.fetched_properties(), chosen.fetched_properties()
    assert set(before) == {"contacts", "deals"}
    assert before["contacts"] == after["contacts"]
    assert set(after["deals"]) ^ set(before["deals"]) == {"custom", "dealname"}


def test_a_broken_mapping_file_is_named(tmp_path: Path) -> None:
    odd = '[streams.a]\nkey = {column = "a", field = "b"}\ncolumns.c = {kind = "colour"}\n'
    (tmp_path / "odd.toml").write_text(odd, encoding="utf-8")
    with pytest.raises(InvalidSettingsError, match="provider odd: its mapping file is broken"):
        load_mapping("odd", tmp_path)


#: Threads that all read a mapping for the first time, again and again: modules loaded anew have
#: structures that nothing was read into yet.
_AT_ONCE = """
import importlib, pathlib, sys, threading
from target_crmhub_postgres import mapping_file

content = pathlib.Path(mapping_file.__file__).with_name("hubspot.toml").read_bytes()
sys.setswitchinterval(1e-6)
for _ in range(8):
    fresh = importlib.reload(mapping_file)
    together = threading.Barrier(4)
    readers = [
        threading.Thread(target=lambda: (together.wait(), fresh.read_mapping_file(content)))
        for _ in range(4)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
"""


def test_runs_that_begin_at_once_read_the_mapping_without_harm() -> None:
    """A worker with two runs ended by a segmentation fault."""
    ended = subprocess.run([sys.executable, "-c", _AT_ONCE], check=False)
    assert ended.returncode == 0
