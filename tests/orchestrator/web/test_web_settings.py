"""What the web process is told, and what it refuses to start with."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from orchestrator.terminal import KEY
from orchestrator.web.served import SIGNING_KEY

from crmhub.errors import InvalidSettingsError
from crmhub.settings import WebUrls
from crmhub.web.settings import WebSettings, web_settings

if TYPE_CHECKING:
    from pathlib import Path

NOWHERE = WebUrls(orchestrator="", reader="")
GOOD = {"CRMHUB_SIGNING_KEY": SIGNING_KEY, "SECRETS_ENCRYPTION_KEY": KEY}


def read(*, host: str = "127.0.0.1", **changed: str) -> WebSettings:
    return web_settings({**GOOD, **changed}, NOWHERE, host=host, port=8080)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CRMHUB_SIGNING_KEY", "", "CRMHUB_SIGNING_KEY or CRMHUB_JWKS_FILE must be set"),
        ("CRMHUB_SIGNING_KEY", "x" * 31, "at least 32 bytes"),
        ("CRMHUB_JWKS_FILE", "/nowhere", "one of the two"),
        ("SECRETS_ENCRYPTION_KEY", "", "SECRETS_ENCRYPTION_KEY"),
        ("CRMHUB_INTERNAL_TOKEN", "x" * 31, "at least 32 letters"),
        ("CRMHUB_INTERNAL_TOKEN", "x" * 32 + "\n", "at least 32 letters"),
        ("CRMHUB_INTERNAL_CALLS_PER_MINUTE", "0", "at least 1"),
        ("CRMHUB_BASE_URL", "crmhub.example.com", "without a path"),
        ("CRMHUB_BASE_URL", "https://crmhub.example.com/hub", "without a path"),
        ("CRMHUB_BASE_URL", "https://user@crmhub.example.com", "without a path"),
        ("CRMHUB_BASE_URL", "https://crmhub.example.com:x", "without a path"),
        ("CRMHUB_BASE_URL", "javascript://crmhub.example.com", "without a path"),
        ("CRMHUB_BASE_URL", "http://crmhub.example.com", "must begin with https://"),
        ("CRMHUB_FRAME_ANCESTORS", "https://app.example.com; script-src *", "must be origins"),
        ("CRMHUB_FRAME_ANCESTORS", "*", "must be origins"),
        ("HUBSPOT_AUTHORIZE_URL", "app.hubspot.com", "HUBSPOT_AUTHORIZE_URL must be"),
        ("HUBSPOT_API_URL", "http://hubspot.example.com", "because tokens travel by it"),
        ("HUBSPOT_API_URL", "https://[x", "HUBSPOT_API_URL must be"),
        ("HUBSPOT_CLIENT_ID", "half", "HUBSPOT_CLIENT_SECRET is missing"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str, said: str) -> None:
    with pytest.raises(InvalidSettingsError) as refused:
        read(**{name: value})
    assert said in str(refused.value)
    assert refused.value.exit_status == 2


def test_for_others_than_this_machine_the_base_url_must_be_set() -> None:
    with pytest.raises(InvalidSettingsError, match="CRMHUB_BASE_URL is missing"):
        read(host="0.0.0.0")
    settings = read(host="0.0.0.0", CRMHUB_BASE_URL="https://crmhub.example.com/")
    assert settings.base_url == "https://crmhub.example.com"
    assert settings.is_secure


def test_on_this_machine_the_address_it_listens_at_is_enough() -> None:
    assert read().base_url == "http://127.0.0.1:8080"
    assert read(host="::1").base_url == "http://[::1]:8080"
    assert not read().is_secure


def test_consent_is_asked_at_hubspot_unless_a_sandbox_takes_its_place() -> None:
    assert read().authorize_url == "https://app.hubspot.com/oauth/authorize"
    sandbox = read(HUBSPOT_API_URL="http://127.0.0.1:1/")
    assert sandbox.authorize_url == "http://127.0.0.1:1/oauth/authorize"


def jwk(key: ec.EllipticCurvePrivateKey, kid: str, **more: str) -> dict[str, Any]:
    told: dict[str, Any] = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**told, "kid": kid, **more}


def test_keys_of_a_file_are_found_by_name_and_read_again_when_they_change(tmp_path: Path) -> None:
    file = tmp_path / "jwks.json"
    first, second = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    file.write_text(json.dumps({"keys": [jwk(first, "a", alg="ES256")]}))
    keys = read(CRMHUB_SIGNING_KEY="", CRMHUB_JWKS_FILE=str(file)).login_keys
    token = jwt.encode({}, second, algorithm="ES256", headers={"kid": "b"})
    with pytest.raises(jwt.InvalidKeyError):
        keys.key_for(token)
    file.write_text(json.dumps({"keys": [jwk(first, "a"), jwk(second, "b")]}))
    os.utime(file, (1, 1))
    key, algorithm = keys.key_for(token)
    assert algorithm == "ES256"
    assert jwt.decode(token, key, algorithms=[algorithm]) == {}  # type: ignore[arg-type] # an EC key
    # A file that is being written leaves the keys as they were.
    file.write_text("{")
    assert keys.key_for(token)[1] == "ES256"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"keys": []}',
        '{"keys": [1]}',
        # A secret has no business among public keys, and could be one that an attacker knows.
        '{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}',
    ],
)
def test_a_file_without_public_keys_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "jwks.json"
    file.write_text(content)
    with pytest.raises(InvalidSettingsError, match="CRMHUB_JWKS_FILE must name a file"):
        read(CRMHUB_SIGNING_KEY="", CRMHUB_JWKS_FILE=str(file))
