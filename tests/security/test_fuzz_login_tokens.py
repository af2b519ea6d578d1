"""A login token of any form, forged or signed, signs in by what it says or is refused."""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st
from security.fuzzing import JSON, MARK, TEXT, damaged, tries, trying

from crmhub.errors import InvalidSettingsError
from crmhub.vault.secret import Secret
from crmhub.web.errors import SignInRefusedError
from crmhub.web.login_keys import PublicKeys, SharedKey, key_set
from crmhub.web.login_tokens import LONGEST_LIFE, read_login, sign_login

if TYPE_CHECKING:
    from pathlib import Path

    from crmhub.web.login_keys import LoginKeys
    from crmhub.web.login_tokens import Login

AUDIENCE = "https://crmhub.example.com"
KEY = "made-up-signing-key-of-a-test-32-bytes"
SHARED = SharedKey(Secret(KEY))
ORG = "6f1f3c1e-0d0f-4f53-9d52-2a7f9d0a1b11"

CLAIMS = st.fixed_dictionaries(
    {},
    optional={
        "aud": st.sampled_from([AUDIENCE, [AUDIENCE], MARK]) | JSON,
        "exp": st.integers(0, 20).map(lambda minutes: int(time.time()) + 60 * minutes) | JSON,
        "jti": st.sampled_from(["1", MARK]) | TEXT | JSON,
        "org": st.sampled_from([ORG, f"{{{ORG}}}", f"urn:uuid:{ORG}"]) | JSON,
        "role": st.sampled_from(["admin", "viewer", "owner"]) | JSON,
        "nbf": JSON,
        "iat": JSON,
    },
)
HEADERS = st.fixed_dictionaries(
    {"alg": st.sampled_from(["HS256", "none", "EdDSA", "HS512"]) | JSON},
    optional={"kid": st.just("a") | JSON, "crit": JSON, "b64": JSON, "typ": JSON},
)
ANYTHING = JSON.map(lambda value: json.dumps(value).encode())
PARTS = damaged(st.one_of(HEADERS, CLAIMS).map(lambda part: json.dumps(part).encode())) | ANYTHING


def encoded(part: bytes) -> bytes:
    return base64.urlsafe_b64encode(part).rstrip(b"=")


def signed(header: bytes, claims: bytes) -> str:
    """A token whose signature is good, whatever it says."""
    said = encoded(header) + b"." + encoded(claims)
    return (said + b"." + encoded(hmac.digest(KEY.encode(), said, "sha256"))).decode()


def signs_in(token: str, keys: LoginKeys) -> bool:
    """Whether somebody comes, who is then somebody that may; a refusal quotes nothing."""
    login, said = login_or_refusal(token, keys)
    assert MARK not in said
    if login is None:
        return False
    assert str(login.org_id) == ORG
    assert login.role in {"admin", "viewer"}
    assert -60 < login.expires_at.timestamp() - time.time() < LONGEST_LIFE.total_seconds() + 60
    # Its hash is what is stored.
    login.jti.encode()
    return True


def login_or_refusal(token: str, keys: LoginKeys) -> tuple[Login | None, str]:
    try:
        return read_login(token, keys, audience=AUDIENCE), ""
    except SignInRefusedError as refusal:
        return None, str(refusal)


@tries(150, 5_000)
def test_whatever_a_signed_token_says_is_taken_or_refused(attempts: int) -> None:
    @trying(attempts)
    @given(damaged(HEADERS.map(json.dumps).map(str.encode)), CLAIMS | JSON)
    @example(b'{"alg": "HS256"}', claims(jti="\ud800"))
    @example(b'{"alg": "HS256"}', claims(jti="\0"))
    @example(b'{"alg": "HS256"}', claims(exp=float("nan")))
    @example(b"[" * 3_000, {})
    def holds(header: bytes, said: Any) -> None:  # noqa: ANN401 - anything that is JSON
        signs_in(signed(header, json.dumps(said).encode()), SHARED)

    holds()
    assert signs_in(signed(b'{"alg": "HS256"}', json.dumps(claims()).encode()), SHARED)


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> PublicKeys:
    """The keys of a host application that signs with Ed25519."""
    x = encoded(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()
    key = {"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": x}
    file: Path = tmp_path_factory.mktemp("keys") / "jwks.json"
    file.write_text(json.dumps({"keys": [key]}))
    return PublicKeys(file)


@tries(150, 5_000)
def test_a_token_that_nobody_signed_signs_nobody_in(public: PublicKeys, attempts: int) -> None:
    intact = sign_login(Secret(KEY), audience=AUDIENCE, org_id=uuid.UUID(ORG), role="admin")
    assert signs_in(intact, SHARED)
    assert not signs_in(intact, public)
    forged = st.one_of(
        st.lists(PARTS.map(encoded), max_size=4).map(b".".join),
        damaged(st.just(intact.encode())),
        st.binary(max_size=40),
    ).map(lambda token: token.decode("latin-1"))

    @trying(attempts)
    @given(forged)
    @example((b"[" * 4_000).decode() + ".e30.AAAA")
    @example(encoded(b"[" * 4_000).decode() + ".e30.AAAA")
    @example(encoded(b'{"alg": ' + b"1" * 5_000 + b"}").decode() + ".e30.AAAA")
    def holds(token: str) -> None:
        assert not signs_in(token, public)
        if signs_in(token, SHARED):
            # Base64 has more than one spelling of a signature, of what is signed there is one.
            assert token.split(".")[:2] == intact.split(".")[:2]

    holds()


@tries(60, 2_000)
def test_whatever_a_file_of_keys_holds_is_read_or_refused(tmp_path: Path, attempts: int) -> None:
    entries = st.fixed_dictionaries(
        {"kty": st.sampled_from(["RSA", "EC", "OKP", "oct"]) | JSON},
        optional=dict.fromkeys(("kid", "use", "alg", "crv", "x", "y", "n", "e", "k"), TEXT | JSON),
    )
    files = st.one_of(
        st.lists(entries | JSON, max_size=2).map(lambda keys: json.dumps({"keys": keys}).encode()),
        ANYTHING,
        st.binary(max_size=20),
    )
    file = tmp_path / "jwks.json"

    @trying(attempts)
    @given(files)
    @example(b"[" * 100_000)
    @example(b'{"keys": 5}')
    def holds(content: bytes) -> None:
        file.write_bytes(content)
        # Any other error than the one that says what the file must be is a fault.
        with contextlib.suppress(InvalidSettingsError):
            key_set(file, setting="CRMHUB_JWKS_FILE")

    holds()


def claims(**changed: object) -> dict[str, object]:
    """What a good token says, changed."""
    good: dict[str, object] = {
        "aud": AUDIENCE,
        "exp": int(time.time()) + 60,
        "jti": "1",
        "org": ORG,
        "role": "admin",
    }
    return good | changed
