"""Processes renew tokens that HubSpot replaces each time, while keys rotate: none is lost."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import psycopg
import pytest
from orchestrator.grants import NEW_KEY, OLD_KEY, Granted, grant
from orchestrator.terminal import settings_of

from crmhub.vault.keyring import Keyring
from crmhub.vault.rotation import rotate_secrets
from crmhub.vault.store import rows_by_key
from hubspot_sandbox.server import running_sandbox
from hubspot_sandbox.tokens import TokenHabits

if TYPE_CHECKING:
    from databases import TestDatabase
    from orchestrator.terminal import Crmhub

#: Renews every connection so many times, each time on the ground that the last token was refused.
RENEWING = """
import json, os, sys, uuid
from crmhub.settings import access_tokens
wish = json.load(sys.stdin)
tokens = access_tokens(os.environ, os.environ["DATABASE_URL"])
for _ in range(wish["rounds"]):
    for each in wish["connections"]:
        connection_id = uuid.UUID(each)
        tokens.instead_of(connection_id, tokens.current(connection_id))
"""


def text_of(*keys: bytes) -> str:
    return ",".join(base64.b64encode(key).decode() for key in keys)


def start_renewing(granted: list[Granted], rounds: int, key: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", RENEWING],
        env=settings_of(granted[0].database)
        | {
            "SECRETS_ENCRYPTION_KEY": key,
            "HUBSPOT_API_URL": granted[0].sandbox.url,
            "HUBSPOT_CLIENT_ID": granted[0].portal.client_id,
            "HUBSPOT_CLIENT_SECRET": granted[0].portal.client_secret,
        },
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    json.dump(
        {"rounds": rounds, "connections": [str(each.connection_id) for each in granted]},
        process.stdin,
    )
    process.stdin.close()
    process.stdin = None
    return process


def renew_while_keys_rotate(
    database: TestDatabase, crmhub: Crmhub, *, connections: int, processes: int, rounds: int
) -> None:
    """Half of the processes are at step one of a change of keys, the other half at step two."""
    keyring = Keyring([NEW_KEY, OLD_KEY])
    steps = (text_of(OLD_KEY, NEW_KEY), text_of(NEW_KEY, OLD_KEY))
    with running_sandbox() as sandbox:
        sandbox.sandbox.tokens.habits = TokenHabits(rotates_refresh_tokens=True)
        granted = [grant(database, sandbox, keyring) for _ in range(connections)]
        renewing = [
            start_renewing(granted, rounds, steps[number % 2]) for number in range(processes)
        ]
        resealed = 0
        with psycopg.connect(database.url_as("crmhub_orchestrator"), autocommit=True) as connection:
            while any(process.poll() is None for process in renewing):
                for ring in (Keyring([OLD_KEY, NEW_KEY]), keyring):
                    resealed += rotate_secrets(connection, ring, batch_rows=3).resealed
        for process in renewing:
            _, said = process.communicate()
            assert process.returncode == 0, said
        assert resealed > connections
        done = crmhub(
            "keys", "rotate", **settings_of(database) | {"SECRETS_ENCRYPTION_KEY": steps[1]}
        )
        assert done.returncode == 0, done.stderr
        with psycopg.connect(database.url_as("crmhub_orchestrator")) as connection:
            assert rows_by_key(connection) == {keyring.primary_key_id: 2 * connections}
        for each in granted:
            # What is stored is the newest: HubSpot takes it, and takes no other.
            assert each.status() == ("connected", None)
            tokens = each.tokens(keyring=Keyring([NEW_KEY]))
            tokens.instead_of(each.connection_id, tokens.current(each.connection_id))


def test_tokens_renewed_by_processes_while_keys_rotate_are_all_good(
    database: TestDatabase, crmhub: Crmhub
) -> None:
    renew_while_keys_rotate(database, crmhub, connections=5, processes=2, rounds=4)


@pytest.mark.long
def test_many_tokens_renewed_by_processes_while_keys_rotate_are_all_good(
    database: TestDatabase, crmhub: Crmhub
) -> None:
    renew_while_keys_rotate(database, crmhub, connections=20, processes=4, rounds=8)
