"""Sessions of browsers: a random token in a cookie, its hash in the database.

A cookie holds the session's id and a secret; what forms carry against cross-site requests is
made of the secret, so that nothing in the database lets anybody in.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from crmhub.flags import CRM_HUB
from crmhub.queries import read_queries
from crmhub.web.errors import SignInRefusedError

if TYPE_CHECKING:
    import psycopg

    from crmhub.web.login_tokens import Login, Role

_QUERIES = read_queries(Path(__file__).with_name("sessions.sql"))

#: How long somebody stays signed in.
SESSION_HOURS: Final = 8
_SECRET_BYTES: Final = 32


@dataclass(frozen=True, kw_only=True)
class Viewer:
    """Whoever is signed in, for one organisation."""

    org_id: UUID
    #: viewer: sees; admin: also acts.
    role: Role
    session_id: UUID
    #: What forms send back as `csrf_token`, programs of ours as X-CSRF-Token.
    csrf_token: str
    #: Whether the flag `crm_hub` is on for the organisation.
    has_status_center: bool


def begin_session(database: psycopg.Connection, login: Login) -> str:
    """Use a login up and begin its session: the cookie's value.

    Raises SignInRefusedError for a login that was used before.
    """
    session_id, secret = uuid4(), secrets.token_urlsafe(_SECRET_BYTES)
    with database.transaction():
        database.execute(_QUERIES["forget_expired"])
        is_first = database.execute(
            _QUERIES["use_login"],
            {
                "org_id": login.org_id,
                "jti_hash": _hash(login.jti),
                "expires_at": login.expires_at,
            },
        ).rowcount
        if not is_first:
            raise SignInRefusedError(
                "This link was used before: open the Status Center from your application once more."
            )
        database.execute(
            _QUERIES["begin_session"],
            {
                "id": session_id,
                "org_id": login.org_id,
                "role": login.role,
                "token_hash": _hash(secret),
                "hours": SESSION_HOURS,
            },
        )
    return f"{session_id.hex}.{secret}"


def find_viewer(database: psycopg.Connection, cookie: str) -> Viewer | None:
    """Whom a cookie stands for; None for one that is unknown, forged or expired."""
    parsed = _parsed(cookie)
    if parsed is None:
        return None
    session_id, secret = parsed
    row = database.execute(_QUERIES["find_session"], {"id": session_id, "flag": CRM_HUB}).fetchone()
    if row is None:
        return None
    org_id, role, token_hash, has_status_center = row
    if not hmac.compare_digest(token_hash, _hash(secret)):
        return None
    return Viewer(
        org_id=org_id,
        role=role,
        session_id=session_id,
        csrf_token=_csrf_token(secret),
        has_status_center=has_status_center,
    )


def end_session(database: psycopg.Connection, cookie: str) -> None:
    """End the session of a cookie, if it stands for one."""
    parsed = _parsed(cookie)
    if parsed is not None:
        session_id, secret = parsed
        database.execute(_QUERIES["end_session"], {"id": session_id, "token_hash": _hash(secret)})


def _parsed(cookie: str) -> tuple[UUID, str] | None:
    id_, _, secret = cookie.partition(".")
    try:
        return UUID(hex=id_), secret
    except ValueError:
        return None


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()


def _csrf_token(secret: str) -> str:
    return hmac.digest(secret.encode(), b"crmhub/csrf/v1", "sha256").hex()
