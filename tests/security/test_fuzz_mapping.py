"""A mapping file of any form is read or refused; a slip of the pen keeps nothing by accident."""

from __future__ import annotations

import copy
import json
import math
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from security.fuzzing import JSON, TEXT, damaged, tries, trying

from target_crmhub_postgres.errors import InvalidSettingsError
from target_crmhub_postgres.mapping import load_mapping
from target_crmhub_postgres.quick_messages import QuickDecoder
from target_crmhub_postgres.target import TargetCrmHubPostgres

if TYPE_CHECKING:
    from pathlib import Path

    from target_crmhub_postgres.mapping import Mapping

FILE = TargetCrmHubPostgres.mapping_folder / "hubspot.toml"
GOOD: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"))


def as_toml(value: object) -> str:
    """A value of JSON in TOML, tables inline; what TOML cannot say becomes text."""
    match value:
        case dict():
            pairs = ", ".join(f"{as_toml(name)} = {as_toml(each)}" for name, each in value.items())
            return f"{{ {pairs} }}"
        case list():
            return f"[{', '.join(map(as_toml, value))}]"
        case None:
            return '"null"'
        case float() if not math.isfinite(value):
            return str(value)
        case str():
            return json.dumps(value.replace("\ud83d", "").replace("\udc00", ""))
        case _:
            return json.dumps(value)


def file_of(content: dict[str, Any]) -> bytes:
    return "\n".join(f"{as_toml(name)} = {as_toml(each)}" for name, each in content.items()).encode(
        errors="replace"
    )


@st.composite
def altered(draw: st.DrawFn) -> bytes:
    """The real file with something else in one place, or with something more."""
    content = copy.deepcopy(GOOD)
    place: Any = content
    while True:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or draw(st.booleans()):
            break
        place = place[key]
    if isinstance(place, dict) and draw(st.booleans()):
        key = draw(TEXT)
    place[key] = draw(JSON)
    return file_of(content)


def loaded(content: bytes, folder: Path) -> Mapping | None:
    """The mapping; None for a file that is refused."""
    (folder / "odd.toml").write_bytes(content)
    try:
        return load_mapping("odd", folder)
    except InvalidSettingsError:
        return None


@tries(120, 5_000)
def test_a_file_of_any_form_is_read_or_refused(tmp_path: Path, attempts: int) -> None:
    @trying(attempts)
    @given(altered() | damaged(st.just(FILE.read_bytes())) | st.binary(max_size=40))
    @example(b"a = " + b"[" * 50_000)
    @example(b"streams = []")
    @example(b"streams = {a = 5}")
    @example(b"\xff")
    def holds(content: bytes) -> None:
        mapping = loaded(content, tmp_path)
        if mapping is None:
            return
        # What is read is of use.
        mapping.fetched_properties()
        mapping.with_choices(choices={"deal_names": "drop", "owner_names": "keep"})
        QuickDecoder(mapping).decode(b'{"type": "RECORD", "stream": "contacts", "record": {}}')
        for stream in mapping.streams.values():
            assert stream.is_personal("a") in {True, False}

    holds()
    assert loaded(file_of(GOOD), tmp_path) is not None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("personal = [", "personel = ["),
        ('kept_if = "deal_names"', 'kept_if = "deal_name"'),
        ('kept_if = "deal_names"', 'kept_iff = "deal_names"'),
        ('kind = "email_pseudonym"', 'kind = "email"'),
        ("required = true", "require = true"),
        ("[streams.contacts.properties]", "[streams.contacts.property]"),
        ('"hs_calculated_mobile_number"', '"\\ths_calculated_mobile_number"'),
        ('"hs_calculated_mobile_number"', '"hs_calculated_mobile_number\\n"'),
        ('"hs_calculated_mobile_number"', "'hs_\"calculated\"_mobile_number'"),
    ],
)
def test_a_slip_of_the_pen_is_refused(tmp_path: Path, old: str, new: str) -> None:
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    assert loaded(text.replace(old, new, 1).encode(), tmp_path) is None
