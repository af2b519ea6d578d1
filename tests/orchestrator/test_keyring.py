"""What is sealed is opened by its key, in its place, and no other way."""

from __future__ import annotations

import base64
import os
import uuid
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crmhub.errors import InvalidSettingsError, SecretUnreadableError
from crmhub.settings import keyring
from crmhub.vault.keyring import Keyring, SecretPlace, generate_key, read_keyring
from crmhub.vault.secret import Secret

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
TOKEN = Secret("na1-made-up")
PLACE = SecretPlace(
    org_id=uuid.UUID("aaaaaaaa-0000-4000-8000-000000000001"),
    connection_id=uuid.UUID("bbbbbbbb-0000-4000-8000-000000000002"),
    name="refresh_token",
)


def text_of(*keys: bytes) -> str:
    return ",".join(base64.b64encode(key).decode() for key in keys)


def test_a_sealed_secret_is_laid_out_as_documented() -> None:
    """Version, key id, nonce, ciphertext and tag; authenticated with its place."""
    ring = Keyring([NEW])
    sealed = ring.seal(TOKEN, PLACE)
    assert sealed[:1] == b"\x01"
    assert sealed[1:5].hex() == ring.primary_key_id
    header, nonce, rest = sealed[:5], sealed[5:17], sealed[17:]
    place = header + PLACE.org_id.bytes + PLACE.connection_id.bytes + b"refresh_token"
    assert AESGCM(NEW).decrypt(nonce, rest, place).decode() == TOKEN.reveal()


def test_no_two_seals_are_alike() -> None:
    ring = Keyring([NEW])
    assert len({ring.seal(TOKEN, PLACE) for _ in range(100)}) == 100


def test_every_key_opens_and_the_first_one_seals() -> None:
    sealed = Keyring([OLD]).seal(TOKEN, PLACE)
    ring = Keyring([NEW, OLD])
    assert ring.open(sealed, PLACE) == TOKEN
    again = ring.seal(TOKEN, PLACE)
    assert Keyring([NEW]).open(again, PLACE) == TOKEN
    assert again.startswith(ring.primary_header)
    assert not sealed.startswith(ring.primary_header)


def test_a_key_that_is_not_there_is_named_by_its_id() -> None:
    lost = Keyring([OLD])
    with pytest.raises(SecretUnreadableError, match=f"sealed with key {lost.primary_key_id}") as e:
        Keyring([NEW]).open(lost.seal(TOKEN, PLACE), PLACE)
    assert e.value.error_class == "secret_unreadable"


@pytest.mark.parametrize(
    "other",
    [
        replace(PLACE, org_id=uuid.UUID(int=1)),
        replace(PLACE, connection_id=uuid.UUID(int=1)),
        replace(PLACE, name="access_token"),
        replace(PLACE, name="refresh_toke"),
    ],
    ids=["organisation", "connection", "name", "shorter name"],
)
def test_a_secret_is_refused_in_another_place(other: SecretPlace) -> None:
    ring = Keyring([NEW])
    sealed = ring.seal(TOKEN, PLACE)
    with pytest.raises(SecretUnreadableError, match="damaged, or another row's") as refused:
        ring.open(sealed, other)
    assert str(other.connection_id) in str(refused.value)


def test_every_changed_bit_and_every_cut_is_refused() -> None:
    ring = Keyring([NEW, OLD])
    sealed = ring.seal(TOKEN, PLACE)
    broken = [sealed[:length] for length in range(len(sealed))]
    for position in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[position // 8] ^= 1 << position % 8
        broken.append(bytes(changed))
    for each in broken:
        with pytest.raises(SecretUnreadableError):
            ring.open(each, PLACE)


def test_another_keys_id_on_a_seal_is_refused() -> None:
    ring = Keyring([NEW, OLD])
    sealed = Keyring([OLD]).primary_header + ring.seal(TOKEN, PLACE)[5:]
    with pytest.raises(SecretUnreadableError):
        ring.open(sealed, PLACE)


def test_a_keyring_shows_ids_and_no_key() -> None:
    ring = Keyring([NEW, OLD])
    assert repr(ring) == f"Keyring({ring.key_ids[0]}, {ring.key_ids[1]})"
    assert NEW.hex() not in repr(vars(ring))


def test_a_setting_may_name_several_keys() -> None:
    ring = keyring({"SECRETS_ENCRYPTION_KEY": text_of(NEW, OLD).replace(",", " , ")})
    assert ring.key_ids == Keyring([NEW, OLD]).key_ids


def test_a_generated_key_fits_the_setting() -> None:
    made = {generate_key().reveal() for _ in range(20)}
    assert len(made) == 20
    for each in made:
        assert len(read_keyring(each).key_ids) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "SECRETS_ENCRYPTION_KEY is missing: it must be 32 random bytes in base64"),
        ("  ", "SECRETS_ENCRYPTION_KEY is missing"),
        ("not base64!", "key 1 must be 32 bytes in base64"),
        (text_of(OLD)[:-1], "key 1 must be 32 bytes in base64"),
        (text_of(bytes(16)), "key 1 must be 32 bytes in base64"),
        (text_of(bytes(33)), "key 1 must be 32 bytes in base64"),
        (text_of(OLD) + ",", "key 2 must be 32 bytes in base64"),
        (text_of(OLD) + ",ä", "key 2 must be 32 bytes in base64"),
        (text_of(OLD, NEW, OLD), "key 3 is there twice"),
    ],
)
def test_a_malformed_key_is_refused_by_its_number(text: str, said: str) -> None:
    with pytest.raises(InvalidSettingsError) as refused:
        keyring({"SECRETS_ENCRYPTION_KEY": text})
    assert said in str(refused.value)
    assert "SECRETS_ENCRYPTION_KEY" in str(refused.value)
    assert refused.value.exit_status == 2
    for part in text.split(","):
        assert len(part) < 8 or part not in str(refused.value)


def test_a_large_secret_is_sealed_too() -> None:
    large = Secret(os.urandom(50_000).hex())
    ring = Keyring([NEW])
    assert ring.open(ring.seal(large, PLACE), PLACE) == large
