"""One organisation's connection in a database of its own, and the real target run into it."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from target_crmhub_postgres.pii import Pseudonyms
from target_crmhub_postgres.target import TargetCrmHubPostgres

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Mapping

    from databases import TestDatabase
    from warm_programs import WarmPrograms

FIXTURES = Path(__file__).parent.parent / "fixtures" / "target"
SALT = "a salt for tests only"

Message = dict[str, Any]

#: Stream → what it is known by.
KEYS = {
    "contacts": "id",
    "deals": "id",
    "deal_contacts": "deal_id",
    "pipelines": "id",
    "owners": "id",
}


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a run of the program ended."""

    status: int
    #: The states it printed.
    states: list[Any]
    stdout: str
    stderr: str

    @property
    def error(self) -> dict[str, str]:
        """The last line on stderr."""
        line: dict[str, str] = json.loads(self.stderr.splitlines()[-1])
        return line


@dataclass(frozen=True, kw_only=True)
class Hub:
    """An organisation and its connection."""

    database: TestDatabase
    org_id: uuid.UUID
    connection_id: uuid.UUID
    #: Of which one is the target.
    programs: WarmPrograms
    target: type[TargetCrmHubPostgres] = TargetCrmHubPostgres
    #: Settings of every load.
    settings: Mapping[str, object] = field(default_factory=dict)

    @property
    def config(self) -> dict[str, object]:
        """The settings of the target."""
        return {
            "database_url": self.database.url_as("crmhub_loader"),
            "org_id": str(self.org_id),
            "connection_id": str(self.connection_id),
            "pii_hash_salt": SALT,
            **self.settings,
        }

    @property
    def pseudonyms(self) -> Pseudonyms:
        """The organisation's pseudonyms."""
        return Pseudonyms(org_id=self.org_id, salt=SALT)

    def having(self, **settings: object) -> Hub:
        """The same with other settings."""
        return replace(self, settings={**self.settings, **settings})

    def another(self) -> Hub:
        """A new organisation with one connection in the same database, the settings the same."""
        org_id, connection_id = self.database.add_connection(account_id="42")
        return replace(self, org_id=org_id, connection_id=connection_id)

    def load(self, messages: Iterable[Message | str]) -> list[Any]:
        """Run the target in this process; return the states it printed."""
        return self._listen("\n".join(map(_line, messages)))

    def load_file(self, name: str) -> list[Any]:
        """Run the target with a golden file; return the states it printed."""
        return self._listen((FIXTURES / name).read_text(encoding="utf-8"))

    def run(self, messages: Iterable[Message | str]) -> Ended:
        """Run the program itself."""
        return self.run_with(self.config, encoded(messages))

    def run_with(
        self, config: Mapping[str, object], stdin: bytes = b"", folder: Path | None = None
    ) -> Ended:
        """Run the program itself with exactly these settings, its temporary files in a folder."""
        environment = {
            f"TARGET_CRMHUB_POSTGRES_{name.upper()}": (
                value if isinstance(value, str) else json.dumps(value)
            )
            for name, value in config.items()
        }
        if folder is not None:
            environment["TMPDIR"] = str(folder)
        done = self.programs.run(
            "target-crmhub-postgres",
            *("--config", "ENV"),
            environment=environment,
            directory=folder,
            standard_input=stdin,
        )
        return Ended(
            status=done.returncode,
            states=[json.loads(line) for line in done.stdout.splitlines()],
            stdout=done.stdout,
            stderr=done.stderr,
        )

    def rows(self, table: str, *columns: str) -> list[dict[str, Any]]:
        """The connection's rows of a table, in order, as the superuser sees them."""
        query = sql.SQL("select {} from crmhub.{} where org_id = %s and connection_id = %s").format(
            sql.SQL(", ").join(map(sql.Identifier, columns)) if columns else sql.SQL("*"),
            sql.Identifier(table),
        )
        with psycopg.connect(self.database.url, row_factory=dict_row) as connection:
            found = connection.execute(query, [self.org_id, self.connection_id]).fetchall()
        return sorted(found, key=lambda row: [str(value) for value in row.values()])

    def keys(self, table: str, column: str = "external_id") -> list[str]:
        """The keys of the connection's rows of a table, in order."""
        return sorted(row[column] for row in self.rows(table, column, "org_id"))

    def _listen(self, text: str) -> list[Any]:
        printed = io.StringIO()
        target = self.target(config=self.config)
        with contextlib.redirect_stdout(printed):
            target.listen(io.StringIO(text))
        return [json.loads(line) for line in printed.getvalue().splitlines()]


def new_hub(database: TestDatabase, programs: WarmPrograms) -> Hub:
    """A new organisation with one connection."""
    org_id, connection_id = database.add_connection(account_id="42")
    return Hub(database=database, org_id=org_id, connection_id=connection_id, programs=programs)


def encoded(messages: Iterable[Message | str]) -> bytes:
    """The messages as a program reads them."""
    return "".join(f"{_line(message)}\n" for message in messages).encode()


def _line(message: Message | str) -> str:
    return message if isinstance(message, str) else json.dumps(message)


def schema(stream: str) -> Message:
    """The SCHEMA message of a stream."""
    return {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"type": "object", "properties": {KEYS[stream]: {"type": "string"}}},
        "key_properties": [KEYS[stream]],
    }


def record(
    stream: str, read: str = "2026-11-01T12:00:00Z", version: int | None = None, **fields: object
) -> Message:
    """A RECORD message, its `updatedAt` and `archived` filled where they are not given."""
    defaults: Message = {}
    if stream in {"contacts", "deals"}:
        defaults = {"updatedAt": "2026-11-01T10:00:00Z", "archived": False}
    message: Message = {
        "type": "RECORD",
        "stream": stream,
        "record": {**defaults, **fields},
        "time_extracted": read,
    }
    return message if version is None else message | {"version": version}


def activate(stream: str, version: int) -> Message:
    """An ACTIVATE_VERSION message."""
    return {"type": "ACTIVATE_VERSION", "stream": stream, "version": version}


def state(**value: object) -> Message:
    """A STATE message."""
    return {"type": "STATE", "value": value}
