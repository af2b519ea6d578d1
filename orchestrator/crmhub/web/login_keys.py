"""The keys that the host application's login tokens are signed with."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Final, Protocol

import jwt

from crmhub.errors import InvalidSettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from crmhub.vault.secret import Secret

#: Signatures by a public key; a token cannot choose one that its key is not for.
_PUBLIC_ALGORITHMS: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"}
)
_PUBLIC_KINDS: Final = frozenset({"RSA", "EC", "OKP"})


class LoginKeys(Protocol):
    """Whoever finds the key for a token."""

    def key_for(self, token: str) -> tuple[object, str]:
        """The key and the one algorithm it is for. Raises jwt.PyJWTError."""


class SharedKey:
    """One secret that both sides have: HMAC-SHA256."""

    def __init__(self, key: Secret) -> None:
        """Keep the key."""
        self._key = key

    def key_for(self, token: str) -> tuple[object, str]:
        """The secret, whatever the token says of itself."""
        del token
        return self._key.reveal(), "HS256"


class PublicKeys:
    """The public keys of a JWKS file (RFC 7517), read again when it changes."""

    def __init__(self, path: Path) -> None:
        """Read the file. Raises OSError or ValueError."""
        self._path = path
        self._lock = threading.Lock()
        self._stamp = self._now()
        self._keys = _read_keys(path)

    def key_for(self, token: str) -> tuple[object, str]:
        """The key that the token names, or the only one. Raises jwt.PyJWTError."""
        named = jwt.get_unverified_header(token).get("kid")
        keys = self._current()
        found = [key for key in keys if named is None or key.key_id == named]
        if len(found) != 1:
            raise jwt.InvalidKeyError("no key, or more than one, fits")
        return found[0].key, found[0].algorithm_name

    def _current(self) -> list[jwt.PyJWK]:
        with self._lock:
            try:
                stamp = self._now()
                if stamp != self._stamp:
                    self._keys = _read_keys(self._path)
                    self._stamp = stamp
            except (OSError, ValueError):
                # A file that is being written: the keys so far are still good.
                pass
            return self._keys

    def _now(self) -> tuple[int, int]:
        status = self._path.stat()
        return status.st_mtime_ns, status.st_size


def key_set(path: Path, *, setting: str) -> PublicKeys:
    """The keys of a JWKS file. Raises InvalidSettingsError."""
    try:
        return PublicKeys(path)
    except (OSError, ValueError):
        raise InvalidSettingsError(
            f"{setting} must name a file with the host application's public keys "
            "(a JWKS object with RSA, EC or Ed25519 keys for signatures)"
        ) from None


def _read_keys(path: Path) -> list[jwt.PyJWK]:
    """The keys for signatures; others are none of ours. Raises OSError or ValueError."""
    try:
        entries = list(json.loads(path.read_text(encoding="utf-8"))["keys"])
    except (KeyError, TypeError, RecursionError):
        raise ValueError("not a JWKS object") from None
    keys = [key for entry in entries if (key := _signing_key(entry)) is not None]
    if not keys:
        raise ValueError("no key for signatures")
    return keys


def _signing_key(entry: object) -> jwt.PyJWK | None:
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return None
    # A symmetric key has no business in a file of public ones.
    kind = entry.get("kty")
    if not isinstance(kind, str) or kind not in _PUBLIC_KINDS:
        return None
    try:
        key = jwt.PyJWK.from_dict(entry)
    except (jwt.PyJWTError, TypeError, ValueError):
        # PyJWT takes the parts of a key for what they should be.
        return None
    return key if key.algorithm_name in _PUBLIC_ALGORITHMS else None
