"""What somebody tries who may not sign in, or wants to be somebody else."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from orchestrator.web.served import served_web

if TYPE_CHECKING:
    from pathlib import Path

    from databases import TestDatabase
    from orchestrator.web.served import ServedWeb

    from hubspot_sandbox.server import RunningSandbox

TIMEOUT = 30


def sign_in(web: ServedWeb, token: str, **form: str) -> requests.Response:
    return requests.post(
        f"{web.url}/sign-in",
        data={"token": token, **form},
        allow_redirects=False,
        timeout=TIMEOUT,
    )


def refused(answer: requests.Response) -> str:
    assert answer.status_code == 401, answer.text
    assert "Set-Cookie" not in answer.headers
    return answer.text


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"exp": timedelta(minutes=-2)}, "has expired"),
        ({"exp": None}, "not meant for this"),
        ({"exp": timedelta(hours=2)}, "lives for too long"),
        ({"exp": 10**18}, "lives for too long"),
        ({"exp": "tomorrow"}, "not valid"),
        ({"nbf": timedelta(hours=1)}, "not valid"),
        ({"aud": "https://other.example.com"}, "not meant for this"),
        ({"aud": None}, "not meant for this"),
        ({"jti": None}, "not meant for this"),
        ({"jti": ""}, "lacks an id"),
        ({"jti": "x" * 256}, "lacks an id"),
        ({"role": "owner"}, "lacks an id or a role"),
        ({"role": ["admin"]}, "lacks an id or a role"),
        ({"role": None}, "not meant for this"),
        ({"org": "1 or 1=1"}, "names no organisation"),
        ({"org": 7}, "names no organisation"),
        ({"org": None}, "not meant for this"),
    ],
    ids=str,
)
def test_a_token_that_says_the_wrong_thing_signs_nobody_in(
    web: ServedWeb, claims: dict[str, Any], said: str
) -> None:
    told: dict[str, Any] = {
        name: datetime.now(UTC) + value if isinstance(value, timedelta) else value
        for name, value in claims.items()
    }
    assert said in refused(sign_in(web, web.login_token(web.new_org(), **told)))


def unsigned(claims: dict[str, object], algorithm: str) -> str:
    parts = ({"alg": algorithm, "typ": "JWT"}, claims)
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    return b".".join([*encoded, b""]).decode()


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "HS256", "RS256"])
def test_a_token_without_a_signature_signs_nobody_in(web: ServedWeb, algorithm: str) -> None:
    claims = jwt.decode(web.login_token(web.new_org()), options={"verify_signature": False})
    refused(sign_in(web, unsigned(claims, algorithm)))


def test_a_token_of_another_key_or_another_algorithm_signs_nobody_in(web: ServedWeb) -> None:
    org_id = web.new_org()
    refused(sign_in(web, web.login_token(org_id, key="another-key-of-somebody-else-of-32-bytes")))
    good = web.login_token(org_id)
    claims = jwt.decode(good, options={"verify_signature": False})
    other = jwt.encode(claims, "x" * 64, algorithm="HS512")
    refused(sign_in(web, other))
    refused(sign_in(web, good[:-4] + "AAAA"))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "..", "\x00", "é.é.é", "x" * 9000])
def test_what_is_no_token_signs_nobody_in(web: ServedWeb, token: str) -> None:
    refused(sign_in(web, token))


def test_a_public_key_is_no_secret_to_sign_with(
    web_database: TestDatabase, web_sandbox: RunningSandbox, tmp_path: Path
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [{**public, "kid": "a", "use": "sig"}]}))
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with served_web(
        web_database, web_sandbox, CRMHUB_SIGNING_KEY="", CRMHUB_JWKS_FILE=str(file)
    ) as web:
        claims = jwt.decode(web.login_token(web.new_org()), options={"verify_signature": False})
        for secret in (pem, pem.strip(), file.read_bytes()):
            # PyJWT refuses to sign so; whoever attacks does not ask it.
            token = signed_by_hand(claims, secret)
            refused(sign_in(web, token))
        good = jwt.encode(claims, key, algorithm="RS256", headers={"kid": "a"})
        assert sign_in(web, good).status_code == 303


def signed_by_hand(claims: dict[str, object], secret: bytes) -> str:
    head = unsigned(claims, "HS256").rstrip(".")
    signature = hmac.digest(secret, head.encode(), "sha256")
    return f"{head}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def test_of_two_who_use_a_token_at_the_same_moment_one_gets_in(web: ServedWeb) -> None:
    token = web.login_token(web.new_org())
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(sign_in(web, token).status_code))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303, 401, 401, 401]


@pytest.mark.parametrize(
    "wished",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "///evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "http:evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/ok\r\nSet-Cookie: a=b",
        "",
        "/é",
    ],
)
def test_signing_in_leads_to_no_other_site(web: ServedWeb, wished: str) -> None:
    answer = sign_in(web, web.login_token(web.new_org()), return_to=wished)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/integrations"
    assert list(answer.cookies.keys()) == ["crmhub_session"]


def test_signing_in_leads_to_a_page_of_ours(web: ServedWeb) -> None:
    wished = "/integrations/pipeline?owner=1&at=a:b//c"
    answer = sign_in(web, web.login_token(web.new_org()), return_to=wished)
    assert answer.headers["Location"] == wished


def test_a_session_that_somebody_planted_is_not_taken_over(web: ServedWeb) -> None:
    attacker, victim = web.new_org(), web.new_org()
    planted = web.sign_in(attacker).cookies["crmhub_session"]
    browser = requests.Session()
    browser.cookies.set("crmhub_session", planted)
    answer = browser.get(web.sign_in_link(victim), allow_redirects=False, timeout=TIMEOUT)
    assert answer.cookies["crmhub_session"] != planted
    # What was planted opens nothing any more, of neither organisation.
    assert opens(web, planted) == 401
    assert opens(web, answer.cookies["crmhub_session"]) == 303


def opens(web: ServedWeb, cookie: str) -> int:
    """What somebody with this cookie is answered by a page."""
    return requests.get(
        f"{web.url}/oauth/hubspot/start",
        headers={"Cookie": f"crmhub_session={cookie}"},
        allow_redirects=False,
        timeout=TIMEOUT,
    ).status_code


def test_a_cookie_that_is_made_up_opens_nothing(web: ServedWeb) -> None:
    cookie = web.sign_in(web.new_org()).cookies["crmhub_session"]
    session_id, _, secret = cookie.partition(".")
    other = web.sign_in(web.new_org()).cookies["crmhub_session"].partition(".")[2]
    for made_up in (
        session_id,
        f"{session_id}.",
        f"{session_id}.{other}",
        f"{session_id}.{secret[:-1]}",
        f"{uuid.uuid4().hex}.{secret}",
        f"' or 1=1 --.{secret}",
        "%00",
    ):
        assert opens(web, made_up) == 401, made_up
    assert opens(web, cookie) == 303


def test_a_session_ends_by_itself_and_when_its_owner_signs_out(web: ServedWeb) -> None:
    org_id = web.new_org()
    first, second = web.sign_in(org_id), web.sign_in(org_id)
    done = first.post(
        f"{web.url}/sign-out", data={"csrf_token": web.csrf_token(first)}, timeout=TIMEOUT
    )
    cookie = first.cookies.get("crmhub_session")
    assert (done.status_code, cookie) == (200, None)
    assert opens(web, second.cookies["crmhub_session"]) == 303
    [life] = web.database.rows(
        "select round(extract(epoch from expires_at - created_at)) as seconds "
        "from crmhub.web_sessions where org_id = %s",
        [org_id],
    )
    assert life["seconds"] == 8 * 3600
    web.database.rows(
        "update crmhub.web_sessions set expires_at = now() where org_id = %s", [org_id]
    )
    assert opens(web, second.cookies["crmhub_session"]) == 401
    # The next one who signs in takes it away.
    web.sign_in(web.new_org())
    assert not web.database.rows("select from crmhub.web_sessions where org_id = %s", [org_id])


def test_nothing_in_the_database_lets_anybody_in(web: ServedWeb) -> None:
    org_id = web.new_org()
    token = web.login_token(org_id)
    cookie = sign_in(web, token).cookies["crmhub_session"]
    [row] = web.database.rows("select * from crmhub.web_sessions where org_id = %s", [org_id])
    secret = cookie.partition(".")[2]
    assert secret not in str(row)
    stored = row["token_hash"]
    for guessed in (stored.hex(), base64.urlsafe_b64encode(stored).decode().rstrip("=")):
        assert opens(web, f"{row['id'].hex}.{guessed}") == 401
