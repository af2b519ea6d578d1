"""The keys that secrets are sealed with, and how.

A sealed secret is `version (1) ‖ key id (4) ‖ nonce (12) ‖ ciphertext and tag`, by AES-256-GCM
(NIST SP 800-38D). What is authenticated beside it (version, key id, organisation, connection,
name) keeps a sealed secret from being opened in another row's place.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from typing_extensions import override

from crmhub.errors import InvalidSettingsError, SecretUnreadableError
from crmhub.vault.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

SETTING = "SECRETS_ENCRYPTION_KEY"
KEY_BYTES = 32

_VERSION = b"\x01"
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEADER_BYTES = len(_VERSION) + _KEY_ID_BYTES


@dataclass(frozen=True, kw_only=True)
class SecretPlace:
    """Which secret: whose, and what it is called."""

    org_id: UUID
    connection_id: UUID
    #: As `refresh_token`.
    name: str

    @override
    def __str__(self) -> str:
        return f"{self.name} of connection {self.connection_id}"

    def associated_data(self, header: bytes) -> bytes:
        """What is authenticated beside the secret. All parts but the last have a fixed length."""
        return header + self.org_id.bytes + self.connection_id.bytes + self.name.encode()


@final
class Keyring:
    """Several keys of 32 bytes. The first one seals; all of them open."""

    def __init__(self, keys: Iterable[bytes]) -> None:
        """Keep the keys.

        Raises InvalidSettingsError for no key, a length other than 32, or the same key twice.
        """
        ciphers: dict[bytes, AESGCM] = {}
        for number, key in enumerate(keys, start=1):
            if len(key) != KEY_BYTES:
                raise _malformed(number)
            key_id = _key_id(key)
            if key_id in ciphers:
                raise InvalidSettingsError(
                    f"{SETTING}: key {number} is there twice: name each key once, the primary first"
                )
            ciphers[key_id] = AESGCM(key)
        if not ciphers:
            raise InvalidSettingsError(
                f"{SETTING} is missing: it must be 32 random bytes in base64; "
                "make one with `crmhub keys generate` and keep a copy"
            )
        self._ciphers = ciphers
        self._primary = next(iter(ciphers))

    @property
    def primary_header(self) -> bytes:
        """How everything that is sealed now begins."""
        return _VERSION + self._primary

    @property
    def primary_key_id(self) -> str:
        """The primary key's id, hexadecimal."""
        return self._primary.hex()

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of all keys, hexadecimal, the primary first."""
        return tuple(key_id.hex() for key_id in self._ciphers)

    def seal(self, secret: Secret, place: SecretPlace) -> bytes:
        """The secret sealed with the primary key, for this place only."""
        nonce = os.urandom(_NONCE_BYTES)
        header = self.primary_header
        sealed = self._ciphers[self._primary].encrypt(
            nonce, secret.reveal().encode(), place.associated_data(header)
        )
        return header + nonce + sealed

    def open(self, sealed: bytes, place: SecretPlace) -> Secret:
        """The secret again.

        Raises SecretUnreadableError: sealed with a key that is not here, damaged, or another
        row's.
        """
        header, rest = sealed[:_HEADER_BYTES], sealed[_HEADER_BYTES:]
        if header[:1] != _VERSION or len(rest) < _NONCE_BYTES + _TAG_BYTES:
            raise _damaged(place)
        key_id = header[1:]
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise SecretUnreadableError(
                f"the {place} is sealed with key {key_id.hex()}, which {SETTING} does not hold: "
                "add that key behind the others, or connect the account again"
            )
        nonce, ciphertext = rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]
        try:
            opened = cipher.decrypt(nonce, ciphertext, place.associated_data(header))
        except InvalidTag:
            raise _damaged(place) from None
        return Secret(opened.decode())

    @override
    def __repr__(self) -> str:
        return f"Keyring({', '.join(self.key_ids)})"


def read_keyring(text: str) -> Keyring:
    """The keyring of a setting's text: keys in base64, comma-separated, the primary first.

    Raises InvalidSettingsError naming the setting, which key is wrong, and what it must be.
    """
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    keys: list[bytes] = []
    for number, part in enumerate(parts, start=1):
        try:
            keys.append(base64.b64decode(part, validate=True))
        except (binascii.Error, ValueError):
            raise _malformed(number) from None
    return Keyring(keys)


def generate_key() -> Secret:
    """A new random key, in base64 as the setting wants it."""
    return Secret(base64.b64encode(os.urandom(KEY_BYTES)).decode())


def _key_id(key: bytes) -> bytes:
    """Four bytes that tell keys apart and say nothing of the key."""
    return hmac.digest(key, b"crmhub/key-id/v1", hashlib.sha256)[:_KEY_ID_BYTES]


def _malformed(number: int) -> InvalidSettingsError:
    return InvalidSettingsError(
        f"{SETTING}: key {number} must be 32 bytes in base64 (44 characters); "
        "make one with `crmhub keys generate`; several are comma-separated, the primary first"
    )


def _damaged(place: SecretPlace) -> SecretUnreadableError:
    return SecretUnreadableError(
        f"the {place} is damaged, or another row's: connect the account again"
    )
