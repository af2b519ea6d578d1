"""A disk that fills up under a load."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from target.loading import record, schema, state

from crmhub.embedded_postgres.binaries import server_account

if TYPE_CHECKING:
    from pathlib import Path

    from target.loading import Hub, Message
    from target.own_server import OwnServer


@pytest.fixture
def hub(stoppable_hub: Hub) -> Hub:
    """Here, on a server that may be stopped."""
    return stoppable_hub


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mount") is None, reason="mounts a disk: root only"
)
def test_a_full_disk_ends_the_load_and_the_next_one_converges(
    hub: Hub, stoppable: OwnServer
) -> None:
    disk = stoppable.directory / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no disk can be mounted here")
    try:
        _fill_a_disk(hub, stoppable, disk)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def _fill_a_disk(hub: Hub, stoppable: OwnServer, disk: Path) -> None:
    if account := server_account():
        os.chown(disk, account.user, account.group)
    small = hub.having(batch_size_rows=500)
    with psycopg.connect(stoppable.url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("create tablespace small location {}").format(sql.Literal(str(disk)))
        )
        connection.execute("alter table crmhub.crm_contacts set tablespace small")
    lines: list[Message] = [schema("contacts")]
    for number in range(1, 20_001):
        lines.append(record("contacts", id=str(number), hs_lead_status=f"{number:0200}"))
        if number % 500 == 0:
            lines.append(state(done=number))
    ended = small.run(lines)
    assert (ended.status, ended.error["error_class"]) == (1, "database"), ended.stderr
    assert ended.error["message"] == "the database's disk is full: make room, run again"
    done = ended.states[-1]["done"]
    assert 0 < done < 20_000
    keys = hub.keys("crm_contacts")
    assert {str(number) for number in range(1, done + 1)} <= set(keys)
    assert len(keys) % 500 == 0
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
    again = [lines[0], *lines[lines.index(state(done=done)) :]]
    assert small.run(again).states[-1] == {"done": 20_000}
    assert len(hub.keys("crm_contacts")) == 20_000
    with psycopg.connect(stoppable.url, autocommit=True) as connection:
        connection.execute("alter table crmhub.crm_contacts set tablespace pg_default")
        connection.execute("drop tablespace small")
