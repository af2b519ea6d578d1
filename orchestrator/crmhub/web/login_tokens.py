"""What a login token of the host application says, once its signature is checked (RFC 7519)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal, TypeGuard
from uuid import UUID, uuid4

import jwt

from crmhub.web.errors import SignInRefusedError

if TYPE_CHECKING:
    from crmhub.vault.secret import Secret
    from crmhub.web.login_keys import LoginKeys

Role = Literal["viewer", "admin"]

#: Further ahead than this a token may not end: it is for signing in now.
LONGEST_LIFE: Final = timedelta(minutes=10)
#: What the clocks of both sides may differ by.
LEEWAY: Final = timedelta(seconds=30)
_ROLES: Final[tuple[Role, ...]] = ("viewer", "admin")
_LONGEST_TOKEN: Final = 8192
_LONGEST_ID: Final = 255
_AGAIN: Final = "open the Status Center from your application once more"


@dataclass(frozen=True, kw_only=True)
class Login:
    """Who the host application says is coming."""

    org_id: UUID
    role: Role
    #: The token's id, by which it is used once.
    jti: str
    expires_at: datetime


def read_login(token: str, keys: LoginKeys, *, audience: str) -> Login:
    """What a token says.

    Args:
        token: Claims `aud`, `exp`, `jti`, `org` (a UUID) and `role` (viewer or admin).
        keys: What it must be signed with.
        audience: Who it must be for.

    Raises:
        SignInRefusedError: For whatever is wrong with it; it says what kind of thing.
    """
    if len(token) > _LONGEST_TOKEN:
        raise SignInRefusedError(f"The sign-in token is too long: {_AGAIN}.")
    try:
        key, algorithm = keys.key_for(token)
        claims = jwt.decode(
            token,
            key,  # type: ignore[arg-type] # of the kind that the algorithm takes
            algorithms=[algorithm],
            audience=audience,
            leeway=LEEWAY,
            options={"require": ["aud", "exp", "jti", "org", "role"]},
        )
    except jwt.ExpiredSignatureError:
        raise SignInRefusedError(f"This link has expired: {_AGAIN}.") from None
    except (jwt.InvalidAudienceError, jwt.MissingRequiredClaimError):
        raise SignInRefusedError(
            "The sign-in token is not meant for this Status Center: whoever runs the application "
            "has to compare its token with the README."
        ) from None
    except (jwt.PyJWTError, ValueError, OverflowError):
        # Among the others: what is no UTF-8, no JSON, or no moment.
        raise SignInRefusedError(f"The sign-in token is not valid: {_AGAIN}.") from None
    return _login(claims)


def sign_login(key: Secret, *, audience: str, org_id: UUID, role: Role) -> str:
    """A token as a host application signs it with the shared key, good for ten minutes."""
    return jwt.encode(
        {
            "aud": audience,
            "exp": datetime.now(UTC) + LONGEST_LIFE,
            "jti": uuid4().hex,
            "org": str(org_id),
            "role": role,
        },
        key.reveal(),
        algorithm="HS256",
    )


def _login(claims: dict[str, Any]) -> Login:
    expires_at = _moment(claims["exp"])
    if expires_at is None or expires_at - datetime.now(UTC) > LONGEST_LIFE + LEEWAY:
        raise SignInRefusedError(
            "The sign-in token lives for too long: whoever runs the application has to let it "
            f"end within {LONGEST_LIFE.total_seconds() / 60:.0f} minutes."
        )
    jti, role = claims["jti"], claims["role"]
    if not _is_id(jti) or role not in _ROLES:
        raise SignInRefusedError(
            "The sign-in token lacks an id or a role (viewer or admin): whoever runs the "
            "application has to compare its token with the README."
        )
    try:
        org_id = UUID(claims["org"])
    except (ValueError, AttributeError, TypeError):
        raise SignInRefusedError(
            "The sign-in token names no organisation by its id: whoever runs the application has "
            "to compare its token with the README."
        ) from None
    return Login(org_id=org_id, role=role, jti=jti, expires_at=expires_at)


def _is_id(jti: object) -> TypeGuard[str]:
    """Whether it can be remembered: halves of characters, for one, have no bytes to hash."""
    return isinstance(jti, str) and 1 <= len(jti) <= _LONGEST_ID and jti.isprintable()


def _moment(seconds: object) -> datetime | None:
    """Seconds since 1970 as a moment; None for one that no calendar has."""
    try:
        return datetime.fromtimestamp(float(str(seconds)), UTC)
    except (ValueError, OverflowError, OSError):
        return None
