"""Who loads: this target, PostgreSQL by itself, and the peers in environments of their own."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import psycopg
from benchmarks.target_server import Client
from psycopg import sql

from target_crmhub_postgres.hashing import Hashing
from target_crmhub_postgres.mapping import load_mapping
from target_crmhub_postgres.odd_values import OddValues
from target_crmhub_postgres.packing import copy_blocks, packed_moment
from target_crmhub_postgres.pii import Pseudonyms
from target_crmhub_postgres.quick_messages import QuickDecoder
from target_crmhub_postgres.quick_rows import QuickReader
from target_crmhub_postgres.rows import row_columns

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator, Mapping

    from benchmarks.target_server import BenchServer, Load
    from databases import TestDatabase

    from target_crmhub_postgres.mapping import Stream

PEERS: Final = Path(__file__).parents[2] / ".cache" / "peers"
_SALT: Final = "a salt for benchmarks only"
_BATCH: Final = 10_000


@dataclass(frozen=True, kw_only=True)
class Ours:
    """This target, as the program it is."""

    server: BenchServer
    database: TestDatabase
    org_id: uuid.UUID
    connection_id: uuid.UUID

    def load(self, path: Path, records: int, *, after_checkpoint: bool = True) -> Load:
        """Load a file."""
        settings = {
            "database_url": self.database.url_as("crmhub_loader"),
            "org_id": str(self.org_id),
            "connection_id": str(self.connection_id),
            "pii_hash_salt": _SALT,
        }
        environment = {
            f"TARGET_CRMHUB_POSTGRES_{name.upper()}": value for name, value in settings.items()
        }
        program = Path(sys.executable).parent / "target-crmhub-postgres"
        client = Client([program, "--config", "ENV"], environment)
        with self.server.measured(
            records, client=client, after_checkpoint=after_checkpoint
        ) as found:
            client.run(path)
        return found[0]


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Another target."""

    server: BenchServer
    database: TestDatabase
    #: Name and version of the package.
    requirement: str
    settings: Mapping[str, Any]
    directory: Path

    def load(self, path: Path, records: int) -> Load:
        """Load a file."""
        config = self.directory / "peer.json"
        config.write_text(json.dumps(self.settings), encoding="utf-8")
        client = Client([_installed(self.requirement), "--config", config], {})
        with self.server.measured(records, client=client) as found:
            client.run(path)
        return found[0]


def meltanolabs(url: str, *, best: bool) -> dict[str, Any]:
    """Return the settings of meltanolabs' target: its defaults, or its fastest."""
    settings: dict[str, Any] = {
        "sqlalchemy_url": url.replace("postgresql://", "postgresql+psycopg://")
    }
    fastest = {
        "use_copy": True,
        "validate_records": False,
        "add_record_metadata": False,
        "activate_version": False,
        "batch_size_rows": 50_000,
    }
    return settings | fastest if best else settings


def pipelinewise(url: str) -> dict[str, Any]:
    """Return the settings of pipelinewise's target."""
    address = urlsplit(url)
    return {
        "host": address.hostname,
        "port": address.port,
        "user": address.username,
        "password": address.password,
        "dbname": address.path.removeprefix("/"),
        "default_target_schema": "public",
    }


def _installed(requirement: str) -> Path:
    """Return the program of a package, installed in an environment of its own."""
    environment = PEERS / requirement.replace("==", "-")
    program = environment / "bin" / "target-postgres"
    if not program.exists():
        PEERS.mkdir(parents=True, exist_ok=True)
        uv = (sys.executable, "-m", "uv")
        for command in (
            (*uv, "venv", "--quiet", "--clear", "--python", sys.executable, environment),
            (*uv, "pip", "install", "--quiet", "--compile-bytecode",
             "--python", environment / "bin" / "python", requirement),
        ):  # fmt: skip
            subprocess.run(command, check=True, env=os.environ | {"TMPDIR": str(PEERS)})
    return program


@dataclass(frozen=True, kw_only=True)
class Alone:
    """PostgreSQL with rows that are ready: COPY and upsert into the same tables as ours."""

    server: BenchServer
    database: TestDatabase
    org_id: uuid.UUID
    connection_id: uuid.UUID

    def load(self, path: Path, records: int) -> Load:
        """Make the rows of a file ready; then load them, which alone is measured."""
        batches = list(self._batches(path))
        with (
            self.server.measured(records) as found,
            psycopg.connect(self.database.url_as("crmhub_loader"), autocommit=True) as connection,
        ):
            for stream, blocks in batches:
                self._write(connection, stream, blocks)
        return found[0]

    def _batches(self, path: Path) -> Iterator[tuple[Stream, list[bytes]]]:
        mapping = load_mapping("hubspot")
        decoder = QuickDecoder(mapping)
        odd_values = OddValues()
        hashing = Hashing(
            pseudonyms=Pseudonyms(org_id=self.org_id, salt=_SALT),
            phone_region=None,
            odd_values=odd_values,
        )
        readers = {
            name: QuickReader(
                stream=mapping.streams[name],
                mapping=mapping,
                shape=shape,
                types=self._types(mapping.streams[name]),
                hashing=hashing,
                odd_values=odd_values,
            )
            for name, shape in decoder.shapes.items()
            if name in {"contacts", "deals"}
        }
        rows: dict[str, list[tuple[str, bytes]]] = {name: [] for name in readers}
        with path.open("rb") as lines:
            for line in lines:
                message = decoder.decode(line)
                if message is None:
                    continue
                name = decoder.streams[type(message)]
                read_at = packed_moment(dt.datetime.fromisoformat(str(message.time_extracted)))
                [found] = readers[name].read([message.record], [read_at])
                assert found is not None
                rows[name].append((found.key, found.row))
                if len(rows[name]) == _BATCH:
                    yield mapping.streams[name], _ready(rows[name])
        for name, left in rows.items():
            if left:
                yield mapping.streams[name], _ready(left)

    def _types(self, stream: Stream) -> dict[str, int]:
        rows = self.database.rows(
            "select attname, atttypid from pg_attribute "
            "where attrelid = ('crmhub.' || %s)::regclass and attnum > 0",
            [stream.table],
        )
        return {row["attname"]: row["atttypid"] for row in rows}

    def _write(self, connection: psycopg.Connection, stream: Stream, blocks: list[bytes]) -> None:
        assert stream.table is not None
        names = row_columns(stream)
        listed = sql.SQL(", ").join(map(sql.Identifier, names))
        parts = {
            "table": sql.Identifier("crmhub", stream.table),
            "incoming": sql.Identifier("pg_temp", f"incoming_{stream.table}"),
            "made": sql.Identifier(f"incoming_{stream.table}"),
            "columns": listed,
            "stored": sql.SQL(", ").join(sql.Identifier("stored", name) for name in names[1:-1]),
            "excluded": sql.SQL(", ").join(
                sql.Identifier("excluded", name) for name in names[1:-1]
            ),
            "updated": sql.SQL(", ").join(map(sql.Identifier, names[1:-1])),
        }
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute("select set_config('crmhub.org_id', %s, true)", [str(self.org_id)])
            cursor.execute(
                sql.SQL(
                    "create temporary table if not exists {made} on commit delete rows "
                    "as select {columns} from {table} with no data"
                ).format(**parts)
            )
            copying = sql.SQL("copy {incoming} ({columns}) from stdin (format binary)")
            with cursor.copy(copying.format(**parts)) as copy:
                for block in blocks:
                    copy.write(block)
            cursor.execute(
                sql.SQL(
                    "insert into {table} as stored (org_id, connection_id, {columns}) "
                    "select %s, %s, {columns} from {incoming} "
                    "on conflict (org_id, connection_id, external_id) do update "
                    "set ({updated}) = row({excluded}) "
                    "where ({stored}) is distinct from ({excluded})"
                ).format(**parts),
                [self.org_id, self.connection_id],
            )


def _ready(rows: list[tuple[str, bytes]]) -> list[bytes]:
    blocks = list(copy_blocks([row for _, row in sorted(rows)]))
    rows.clear()
    return blocks
