"""Writes the tables of the README: `python -m target_crmhub_postgres.documentation README.md`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from target_crmhub_postgres.errors import ERROR_CLASSES
from target_crmhub_postgres.mapping import load_mapping
from target_crmhub_postgres.settings import CONFIG_JSONSCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from target_crmhub_postgres.mapping import Column, Mapping, Stream

_SECTION: Final = re.compile(r"(<!-- begin (\w+) -->\n).*?(<!-- end \2 -->)", re.DOTALL)

_KINDS: Final = {
    "text": "text, redacted",
    "joined_text": "text, redacted",
    "texts": "list of texts, redacted",
    "enumeration": "text",
    "id": "id",
    "integer": "whole number",
    "numeric": "exact number",
    "boolean": "true or false",
    "date": "day",
    "timestamptz": "moment",
    "any": "as it comes, text redacted",
    "email_pseudonym": "e-mail pseudonym",
    "email_pseudonyms": "list of e-mail pseudonyms",
    "phone_pseudonym": "phone pseudonym",
}


def updated(readme: str) -> str:
    """Return the README with its generated sections as the code has them now."""
    sections = {
        "settings": settings_table(),
        "stored": stored_table(load_mapping("hubspot")),
        "errors": errors_table(),
    }
    return _SECTION.sub(lambda found: found[1] + sections[found[2]] + found[3], readme)


def settings_table() -> str:
    """Return the settings as a table."""
    required = CONFIG_JSONSCHEMA["required"]
    rows = []
    for name, setting in CONFIG_JSONSCHEMA["properties"].items():
        default = "required" if name in required else f"`{setting.get('default', 'none')}`"
        secret = " Secret." if setting.get("secret") else ""
        rows.append((f"`{name}`", default.lower(), setting["description"] + secret))
    return _table(("Setting", "Default", "What it is"), rows)


def stored_table(mapping: Mapping) -> str:
    """Return what is stored of each stream as a table."""
    rows = [row for stream in mapping.streams.values() for row in _stored(stream)]
    return _table(("Stream", "From", "Table and column", "Stored as"), rows)


def errors_table() -> str:
    """Return the error classes as a table."""
    rows = [
        (f"`{error.error_class}`", str(error.exit_status), error.__doc__ or "", error.remedy)
        for error in ERROR_CLASSES
    ]
    return _table(("Class", "Exit status", "What happened", "What to do"), rows)


def _stored(stream: Stream) -> Iterator[tuple[str, ...]]:
    name = f"`{stream.name}`"
    if stream.table:
        yield name, f"`{stream.key.field}`", f"`{stream.table}.{stream.key.column}`", "id"
    for column in stream.columns:
        yield name, _sources(column), f"`{stream.table}.{column.name}`", _stored_as(column)
    for property_, kind in stream.properties.items():
        yield name, f"`{property_}`", f"`{stream.table}.properties`", _KINDS[kind]
    for members in stream.sets:
        field = f"`{members.field}.{members.member.field}`"
        yield name, f"`{stream.key.field}`", f"`{members.table}.{members.owner.column}`", "id"
        yield name, field, f"`{members.table}.{members.member.column}`", "id"
        for column in members.columns:
            place = f"`{members.table}.{column.name}`"
            yield name, _sources(column, f"{members.field}."), place, _stored_as(column)


def _sources(column: Column, prefix: str = "") -> str:
    return ", ".join(f"`{prefix}{source}`" for source in column.sources)


def _stored_as(column: Column) -> str:
    return _KINDS[column.kind] + (f"; see `{column.kept_if}`" if column.kept_if else "")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(updated(path.read_text(encoding="utf-8")), encoding="utf-8")
