"""Every secret comes under the primary key, whatever else happens, and none is lost."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
import pytest
from orchestrator.terminal import said_in_one_line, settings_of

from crmhub.errors import SecretUnreadableError
from crmhub.vault.keyring import Keyring, SecretPlace
from crmhub.vault.rotation import rotate_secrets
from crmhub.vault.secret import Secret
from crmhub.vault.store import (
    ACCESS_TOKEN,
    REFRESH_TOKEN,
    find_secret,
    keep_secret,
    refuse_wrong_keyring,
    rows_by_key,
)

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator

    from databases import TestDatabase
    from orchestrator.terminal import Crmhub

    from crmhub.vault.rotation import Rotation

OLD_KEY, NEW_KEY, OTHER_KEY = bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 96))
OLD, BOTH, NEW = Keyring([OLD_KEY]), Keyring([NEW_KEY, OLD_KEY]), Keyring([NEW_KEY])


def text_of(*keys: bytes) -> str:
    return ",".join(base64.b64encode(key).decode() for key in keys)


@contextlib.contextmanager
def orchestrator_of(database: TestDatabase) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.url_as("crmhub_orchestrator"), autocommit=True) as connection:
        yield connection


def sealed_places(database: TestDatabase, count: int, ring: Keyring = OLD) -> list[SecretPlace]:
    """So many connections, each with a refresh token sealed with the ring: `token of <id>`."""
    places = []
    with orchestrator_of(database) as connection:
        for org_id, connection_id in connection.execute(
            "insert into crmhub.source_connections (org_id) "
            "select gen_random_uuid() from generate_series(1, %s) returning org_id, id",
            [count],
        ).fetchall():
            place = SecretPlace(org_id=org_id, connection_id=connection_id, name=REFRESH_TOKEN)
            keep_secret(connection, ring, place, Secret(f"token of {connection_id}"))
            places.append(place)
    return places


def opened(database: TestDatabase, ring: Keyring, places: list[SecretPlace]) -> list[str]:
    with orchestrator_of(database) as connection:
        found = [find_secret(connection, ring, each.connection_id, each.name) for each in places]
    return [each.secret.reveal() for each in found if each is not None]


def test_every_secret_comes_under_the_primary_key(database: TestDatabase) -> None:
    places = sealed_places(database, 25)
    seen: list[int] = []
    with orchestrator_of(database) as connection:
        done = rotate_secrets(
            connection, BOTH, batch_rows=10, on_progress=lambda now: seen.append(now.resealed)
        )
        assert (done.found, done.resealed, done.left, done.unreadable) == (25, 25, 0, {})
        assert seen == [10, 20, 25, 25]
        assert rows_by_key(connection) == {NEW.primary_key_id: 25}
        again = rotate_secrets(connection, BOTH)
        assert (again.found, again.resealed) == (0, 0)
    assert opened(database, NEW, places) == [f"token of {each.connection_id}" for each in places]


def test_a_rotation_that_was_broken_off_goes_on_with_the_rest(database: TestDatabase) -> None:
    places = sealed_places(database, 12)

    class EndedError(Exception):
        pass

    def end(_: object) -> None:
        raise EndedError

    with orchestrator_of(database) as connection:
        with pytest.raises(EndedError):
            rotate_secrets(connection, BOTH, batch_rows=5, on_progress=end)
        assert rows_by_key(connection) == {NEW.primary_key_id: 5, OLD.primary_key_id: 7}
        assert rotate_secrets(connection, BOTH, batch_rows=5).resealed == 7
    assert len(opened(database, NEW, places)) == 12


def test_what_cannot_be_read_is_left_as_it_is_and_named(database: TestDatabase) -> None:
    good = sealed_places(database, 3)
    [lost] = sealed_places(database, 1, Keyring([OTHER_KEY]))
    [broken] = sealed_places(database, 1)
    database.rows(
        "update crmhub.secrets_provider set ciphertext = set_byte(ciphertext, 20, 0) || '\\x00' "
        "where connection_id = %s",
        [broken.connection_id],
    )
    before = database.rows(
        "select ciphertext from crmhub.secrets_provider where connection_id = any(%s) order by 1",
        [[lost.connection_id, broken.connection_id]],
    )
    with orchestrator_of(database) as connection:
        done = rotate_secrets(connection, BOTH)
    assert (done.resealed, done.left) == (3, 0)
    said = sorted(done.unreadable.values())
    assert str(broken.connection_id) in " ".join(said)
    assert f"sealed with key {Keyring([OTHER_KEY]).primary_key_id}" in " ".join(said)
    assert before == database.rows(
        "select ciphertext from crmhub.secrets_provider where connection_id = any(%s) order by 1",
        [[lost.connection_id, broken.connection_id]],
    )
    assert len(opened(database, NEW, good)) == 3


def test_a_token_replaced_in_another_transaction_is_waited_for_and_kept(
    database: TestDatabase,
) -> None:
    places = sealed_places(database, 4)
    held = places[1]
    first_pass = threading.Event()

    def rotate() -> None:
        def heard(now: Rotation) -> None:
            if now.resealed == 3:
                first_pass.set()

        with orchestrator_of(database) as connection:
            rotate_secrets(connection, BOTH, on_progress=heard)

    thread = threading.Thread(target=rotate)
    with orchestrator_of(database) as refreshing, refreshing.transaction():
        assert find_secret(refreshing, BOTH, held.connection_id, REFRESH_TOKEN, hold=True)
        thread.start()
        assert first_pass.wait(60), "the row in use holds up nobody else"
        keep_secret(refreshing, OLD, held, Secret("the newer one"))
    thread.join(60)
    assert not thread.is_alive()
    assert "the newer one" in opened(database, NEW, places)
    assert len(opened(database, NEW, places)) == 4


def replace_token(connection: psycopg.Connection, ring: Keyring, place: SecretPlace) -> str:
    """Store another refresh token and an access token, as a renewal does; returns the token."""
    with connection.transaction():
        find_secret(connection, ring, place.connection_id, REFRESH_TOKEN, hold=True)
        new = os.urandom(8).hex()
        keep_secret(connection, ring, place, Secret(new))
        keep_secret(
            connection, ring, replace(place, name=ACCESS_TOKEN), Secret(new), renew_in_seconds=60
        )
    return new


def test_rotations_and_replacements_all_at_once_lose_nothing(database: TestDatabase) -> None:
    """Rotations to and fro, and threads that replace tokens under the same locks."""
    places = sealed_places(database, 20)
    newest: dict[uuid.UUID, str] = {}
    back = Keyring([OLD_KEY, NEW_KEY])
    ended = threading.Event()

    def rotating(ring: Keyring) -> int:
        resealed = 0
        with orchestrator_of(database) as connection:
            while not ended.is_set():
                resealed += rotate_secrets(connection, ring, batch_rows=7).resealed
        return resealed

    def replacing(mine: list[SecretPlace], ring: Keyring) -> None:
        with orchestrator_of(database) as connection:
            for _ in range(15):
                for place in mine:
                    newest[place.connection_id] = replace_token(connection, ring, place)
                    found = find_secret(connection, ring, place.connection_id, REFRESH_TOKEN)
                    assert found is not None
                    assert found.secret.reveal() == newest[place.connection_id]

    with ThreadPoolExecutor(max_workers=7) as threads:
        rotations = [threads.submit(rotating, ring) for ring in (BOTH, BOTH, back)]
        try:
            for done in [
                threads.submit(replacing, places[part::4], ring)
                for part, ring in enumerate((BOTH, back, BOTH, back))
            ]:
                done.result()
        finally:
            ended.set()
        assert all(done.result() for done in rotations)
    with orchestrator_of(database) as connection:
        rotate_secrets(connection, BOTH)
        assert rows_by_key(connection) == {NEW.primary_key_id: 40}
    assert opened(database, NEW, places) == [newest[each.connection_id] for each in places]


def test_a_wrong_keyring_is_noticed_before_work_begins(
    database: TestDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    """One that opens some secrets goes on: what one connection lacks must not stop the others."""
    with orchestrator_of(database) as connection:
        refuse_wrong_keyring(connection, NEW)
        sealed_places(database, 2)
        refuse_wrong_keyring(connection, BOTH)
        assert caplog.messages == []
        with pytest.raises(SecretUnreadableError, match=f"2 stored .*{OLD.primary_key_id}"):
            refuse_wrong_keyring(connection, NEW)
        sealed_places(database, 1, NEW)
        refuse_wrong_keyring(connection, NEW)
    [said] = caplog.messages
    assert f"2 stored secrets are sealed with key {OLD.primary_key_id}" in said


def test_a_worker_without_a_key_that_is_in_use_does_not_begin(
    crmhub: Crmhub, database: TestDatabase
) -> None:
    """Otherwise every connection would seem to have lost its grant."""
    sealed_places(database, 1)
    settings = settings_of(database) | {"SECRETS_ENCRYPTION_KEY": text_of(NEW_KEY)}
    said = said_in_one_line(crmhub("worker", **settings), 1)
    assert OLD.primary_key_id in said
    assert database.rows("select status from crmhub.source_connections") == [
        {"status": "connected"}
    ]


def test_the_command_says_how_many_and_how_fast(crmhub: Crmhub, database: TestDatabase) -> None:
    sealed_places(database, 6)
    settings = settings_of(database) | {"SECRETS_ENCRYPTION_KEY": text_of(NEW_KEY, OLD_KEY)}
    done = crmhub("keys", "rotate", **settings)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"6 tokens sealed anew with key {NEW.primary_key_id} in ")
    told = json.loads(crmhub("keys", "rotate", "--json", **settings).stdout)
    assert (told["resealed"], told["unreadable"], told["left"]) == (0, 0, 0)


def test_the_command_fails_when_something_could_not_be_read(
    crmhub: Crmhub, database: TestDatabase
) -> None:
    [place] = sealed_places(database, 1)
    settings = settings_of(database) | {"SECRETS_ENCRYPTION_KEY": text_of(NEW_KEY)}
    done = crmhub("keys", "rotate", **settings)
    assert done.returncode == 1
    assert (
        f"the refresh_token of connection {place.connection_id} is sealed with key" in done.stderr
    )


def test_a_missing_key_ends_the_command_with_status_2(
    crmhub: Crmhub, database: TestDatabase
) -> None:
    settings = settings_of(database) | {"SECRETS_ENCRYPTION_KEY": ""}
    said = said_in_one_line(crmhub("keys", "rotate", **settings), 2)
    assert "SECRETS_ENCRYPTION_KEY is missing: it must be 32 random bytes in base64" in said


def test_a_generated_key_is_taken_as_it_is(crmhub: Crmhub, database: TestDatabase) -> None:
    made = crmhub("keys", "generate").stdout
    done = crmhub(
        "keys", "rotate", **settings_of(database) | {"SECRETS_ENCRYPTION_KEY": made.strip()}
    )
    assert done.returncode == 0
