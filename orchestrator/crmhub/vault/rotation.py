"""Seal every stored secret with the primary key, while everything else goes on.

Each batch is a transaction of its own that holds its rows: whoever renews a token meanwhile
waits for milliseconds, or is waited for. Ended anywhere, it goes on with what is left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import psycopg

from crmhub.errors import SecretUnreadableError
from crmhub.queries import read_queries
from crmhub.vault.keyring import SecretPlace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crmhub.vault.keyring import Keyring

_QUERIES = read_queries(Path(__file__).with_name("rotation.sql"))
_FIRST = UUID(int=0)

#: Rows that one transaction holds.
BATCH_ROWS = 500
#: How long to wait for one row that a token's renewal holds, seconds.
ROW_WAIT_SECONDS = 90

#: id, org_id, connection_id, name, ciphertext
_Row = tuple[UUID, UUID, UUID, str, bytes]


@dataclass(kw_only=True)
class Rotation:
    """How far a rotation is."""

    #: Secrets under another key than the primary when it began.
    found: int
    resealed: int = 0
    #: Id of a row that cannot be read → what is wrong with it.
    unreadable: dict[UUID, str] = field(default_factory=dict)
    #: Secrets under another key at the end, beside the unreadable: of a process that still
    #: seals with an old key, or held for too long.
    left: int = 0


def rotate_secrets(
    database: psycopg.Connection,
    keyring: Keyring,
    *,
    batch_rows: int = BATCH_ROWS,
    on_progress: Callable[[Rotation], None] = lambda _rotation: None,
) -> Rotation:
    """Seal with the primary key what is sealed with another one; returns what was done.

    `database` is in autocommit. Safe beside syncs and beside another rotation. `on_progress`
    hears after each batch.
    """
    rotation = Rotation(found=_count_remaining(database, keyring))
    after: UUID | None = _FIRST
    while after is not None:
        after = _reseal_next(database, keyring, rotation, after, batch_rows)
        on_progress(rotation)
    for (row_id,) in database.execute(
        _QUERIES["list_remaining"], {"header": keyring.primary_header}
    ).fetchall():
        if row_id not in rotation.unreadable:
            _reseal_one(database, keyring, rotation, row_id)
            on_progress(rotation)
    rotation.left = max(_count_remaining(database, keyring) - len(rotation.unreadable), 0)
    return rotation


def _count_remaining(database: psycopg.Connection, keyring: Keyring) -> int:
    row = database.execute(
        _QUERIES["count_remaining"], {"header": keyring.primary_header}
    ).fetchone()
    return int(row[0]) if row else 0


def _reseal_next(
    database: psycopg.Connection,
    keyring: Keyring,
    rotation: Rotation,
    after: UUID,
    batch_rows: int,
) -> UUID | None:
    """Seal one batch; the last id of it, None when there was none."""
    with database.transaction():
        rows: list[_Row] = database.execute(
            _QUERIES["take_batch"],
            {"after": after, "header": keyring.primary_header, "rows": batch_rows},
        ).fetchall()
        _reseal(database, keyring, rotation, rows)
    return rows[-1][0] if rows else None


def _reseal_one(
    database: psycopg.Connection, keyring: Keyring, rotation: Rotation, row_id: UUID
) -> None:
    """Seal a row that was in use. One row a transaction: who waits holds nothing else."""
    try:
        with database.transaction():
            database.execute(
                "select set_config('lock_timeout', %s, true)", [f"{ROW_WAIT_SECONDS}s"]
            )
            rows: list[_Row] = database.execute(
                _QUERIES["take_one"], {"id": row_id, "header": keyring.primary_header}
            ).fetchall()
            _reseal(database, keyring, rotation, rows)
    except psycopg.errors.LockNotAvailable:
        return


def _reseal(
    database: psycopg.Connection, keyring: Keyring, rotation: Rotation, rows: Sequence[_Row]
) -> None:
    ids: list[UUID] = []
    old: list[bytes] = []
    new: list[bytes] = []
    for row_id, org_id, connection_id, name, sealed in rows:
        place = SecretPlace(org_id=org_id, connection_id=connection_id, name=name)
        try:
            resealed = keyring.seal(keyring.open(sealed, place), place)
        except SecretUnreadableError as error:
            rotation.unreadable[row_id] = str(error)
            continue
        ids.append(row_id)
        old.append(sealed)
        new.append(resealed)
    if ids:
        stored = database.execute(_QUERIES["store_batch"], {"ids": ids, "old": old, "new": new})
        rotation.resealed += stored.rowcount
