"""How fast keys rotate: `python -m benchmarks.keys`, with tests/ on the path.

Seals secrets with an old key in a PostgreSQL of its own and rotates them, as one `crmhub keys
rotate` and as two at once. Prints a table as Markdown; `--secrets` says how many.
"""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
from benchmarks.markdown import table
from benchmarks.reading import say

from crmhub.embedded_postgres import embedded_postgres
from crmhub.migrate import migrate
from crmhub.roles import create_logins
from crmhub.vault.keyring import KEY_BYTES, Keyring, SecretPlace
from crmhub.vault.rotation import rotate_secrets
from crmhub.vault.secret import Secret
from crmhub.vault.store import REFRESH_TOKEN, rows_by_key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

SECRETS = 100_000
_INSERT = (
    "insert into crmhub.secrets_provider (org_id, connection_id, name, ciphertext) "
    "values (%s, %s, %s, %s)"
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Fill, rotate, print."""
    parser = argparse.ArgumentParser(prog="benchmarks.keys", description=__doc__)
    parser.add_argument("--secrets", type=int, default=SECRETS, help="how many; 100,000 by default")
    secrets: int = parser.parse_args(arguments).secrets
    keys = [os.urandom(KEY_BYTES) for _ in range(3)]
    # fsync stays on, as where it matters.
    with embedded_postgres(settings={"fsync": "on", "synchronous_commit": "on"}) as server:
        migrate(server.url)
        url = create_logins(server.url)["crmhub_orchestrator"]
        say(f"sealing {secrets:,} secrets")
        fill(url, secrets, Keyring(keys[:1]))
        rows = [
            [name, f"{secrets:,}", f"{wall:.1f}", f"{secrets / wall:,.0f}", f"{cpu:.1f}"]
            for name, wall, cpu in (
                ("one rotation", *rotate(url, Keyring([keys[1], keys[0]]), secrets, at_once=1)),
                ("two at once", *rotate(url, Keyring([keys[2], keys[1]]), secrets, at_once=2)),
            )
        ]
    print(  # noqa: T201 - the program's output
        table(
            "Rotation of stored secrets, batches of 500, fsync on",
            ["way", "secrets", "seconds", "secrets/s", "CPU s of the program"],
            rows,
        )
    )


def fill(url: str, secrets: int, ring: Keyring) -> None:
    """So many connections with one refresh token each."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        made: list[tuple[UUID, UUID]] = cursor.execute(
            "insert into crmhub.source_connections (org_id, next_sync_at) "
            "select gen_random_uuid(), 'infinity' from generate_series(1, %s) "
            "returning org_id, id",
            [secrets],
        ).fetchall()
        rows = []
        for org_id, connection_id in made:
            place = SecretPlace(org_id=org_id, connection_id=connection_id, name=REFRESH_TOKEN)
            sealed = ring.seal(Secret(f"na1-{os.urandom(18).hex()}"), place)
            rows.append((org_id, connection_id, REFRESH_TOKEN, sealed))
        cursor.executemany(_INSERT, rows)


def rotate(url: str, ring: Keyring, secrets: int, *, at_once: int) -> tuple[float, float]:
    """Seconds by the clock and of this program's CPU until all are under the first key."""

    def one(_number: int) -> int:
        with psycopg.connect(url, autocommit=True) as connection:
            return rotate_secrets(connection, ring).resealed

    say(f"rotating, {at_once} at once")
    wall, cpu = time.monotonic(), time.process_time()
    with ThreadPoolExecutor(max_workers=at_once) as threads:
        resealed = sum(threads.map(one, range(at_once)))
    taken = time.monotonic() - wall, time.process_time() - cpu
    with psycopg.connect(url) as connection:
        counts = rows_by_key(connection)
    if resealed != secrets or counts != {ring.primary_key_id: secrets}:
        raise SystemExit(f"{resealed:,} of {secrets:,} were sealed anew; under keys: {counts}")
    return taken


if __name__ == "__main__":
    main()
