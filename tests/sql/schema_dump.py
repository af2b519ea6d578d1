"""Dump the schema as `sql/schema.sql` holds it; run as a program, write it there.

python tests/sql/schema_dump.py
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from crmhub.embedded_postgres import EmbeddedPostgres, embedded_postgres
from crmhub.migrate import migrate

SCHEMA_FILE = Path(__file__).parents[2] / "sql" / "schema.sql"


def dump_schema(server: EmbeddedPostgres) -> str:
    """The schema `crmhub` of the server's database `postgres`, without what differs by run."""
    dump = subprocess.run(
        [
            server.binaries.program("pg_dump"),
            "--schema-only",
            "--schema=crmhub",
            f"--dbname={server.url}",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    kept = [
        line
        for line in dump.splitlines()
        if not re.match(r"\\(un)?restrict |-- Dumped (from|by) ", line)
    ]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip() + "\n"


def dump_migrated_schema() -> str:
    """The schema that the migrations make, on a server of its own."""
    with embedded_postgres() as server:
        migrate(server.url)
        return dump_schema(server)


if __name__ == "__main__":
    SCHEMA_FILE.write_text(dump_migrated_schema())
