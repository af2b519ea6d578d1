"""Errors of the sandbox, named for what whoever meets them should do.

An `ApiError` becomes one of HubSpot's error answers; the others are for the people who use the
sandbox from Python or through the control API. No message holds a token or a record's value.
"""

from collections.abc import Mapping

from typing_extensions import override


class SandboxError(Exception):
    """The sandbox was asked for something it can't do; the message says what to do."""


class UnknownRecordError(SandboxError):
    """There is no such record on the side asked for: check the id, and archived or live."""


class UnknownPortalError(SandboxError):
    """No portal has this id: create it first, or look at the list of portals."""


class InvalidControlCallError(SandboxError):
    """A call of the control API lacks something or has it in another form: correct the call."""


class ApiError(Exception):
    """An error answer of HubSpot's: status, body without its correlation id or page, headers."""

    def __init__(
        self,
        status: int,
        body: Mapping[str, object] | bytes,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status)
        self.status = status
        self.body = body
        self.headers: Mapping[str, str] = headers or {}

    @override
    def __str__(self) -> str:
        return f"HubSpot would answer {self.status}"


def _error(status: int, category: str, message: str, **parts: object) -> ApiError:
    return ApiError(status, {"status": "error", "message": message, **parts, "category": category})


def invalid_request(message: str, *, code: str = "INVALID_INPUT", **context: list[str]) -> ApiError:
    """Return the 400 for a request that must be corrected."""
    details = {"message": message, "code": code, "context": context}
    return _error(400, "VALIDATION_ERROR", message, errors=[details])


def not_found(message: str) -> ApiError:
    """Return the 404 for a path or record that isn't there."""
    return _error(404, "OBJECT_NOT_FOUND", message)


def wrong_method() -> ApiError:
    """Return the 405 for a path that knows other methods."""
    return _error(405, "METHOD_NOT_ALLOWED", "HTTP 405 Method Not Allowed")


def no_credentials() -> ApiError:
    """Return the 401 for a request without a bearer token."""
    message = "Authentication credentials not found. This API supports OAuth 2.0 authentication"
    return _error(401, "INVALID_AUTHENTICATION", message)


def unknown_token() -> ApiError:
    """Return the 401 for a token that was never given out or was revoked."""
    message = "The access token is unknown or was revoked; use a token of this account"
    return _error(401, "INVALID_AUTHENTICATION", message)


def malformed_token() -> ApiError:
    """Return the 530 that answers a token of impossible form (HubSpot: seen by peers)."""
    return _error(530, "INVALID_AUTHENTICATION", "The access token has no valid form")


def expired_token(expired_at: str, seconds_ago: int) -> ApiError:
    """Return the 401 for an OAuth token whose time is over (ISO moment, seconds)."""
    message = f"The OAuth token used to make this call expired {seconds_ago} second(s) ago."
    return _error(401, "EXPIRED_AUTHENTICATION", message, context={"expire time": [expired_at]})


def uri_too_long() -> ApiError:
    """Return the 414 for an address longer than HubSpot's front takes."""
    return _error(414, "URI_TOO_LONG", "The request URI is too long")


def internal_error() -> ApiError:
    """Return the 500 HubSpot answers where it stumbles over itself."""
    return _error(500, "INTERNAL_ERROR", "internal error")


def edge_error(status: int) -> ApiError:
    """Return what HubSpot's front answers where what is behind it doesn't (502 to 524)."""
    return _error(status, "INTERNAL_ERROR", "HubSpot is not available at the moment")


def locked() -> ApiError:
    """Return the 423 for records that another process holds (HubSpot: error handling)."""
    return _error(423, "LOCKED", "The resource is locked: try again in a moment")


def migrating() -> ApiError:
    """Return the 477 for a portal that is moved to another place (HubSpot: error handling)."""
    return _error(477, "MIGRATION_IN_PROGRESS", "This account is being migrated")


def refused_grant(status: str, error: str, message: str) -> ApiError:
    """Return the 400 of the token endpoint, in its own form (HubSpot: manage OAuth tokens)."""
    body = {"error": error, "error_description": message, "status": status, "message": message}
    return ApiError(400, body)


def hub_is_gone() -> ApiError:
    """Return the 400 of the token endpoint for a portal that exists no longer."""
    body = {
        "status": "BAD_HUB",
        "message": "missing or unknown hub id",
        "error": "access_denied",
    }
    return ApiError(400, body)


def rate_limited(policy: str, adjective: str, group: str, headers: Mapping[str, str]) -> ApiError:
    """Return the 429 of a policy such as TEN_SECONDLY_ROLLING (HubSpot: usage guidelines)."""
    body = {
        "status": "error",
        "message": f"You have reached your {adjective} limit.",
        "errorType": "RATE_LIMIT",
        "policyName": policy,
        "groupName": group,
    }
    return ApiError(429, body, headers)


def daily_by_message() -> ApiError:
    """Return the 429 of the day's limit without the policy's name."""
    body = {
        "status": "error",
        "message": "You have reached your daily limit.",
        "category": "RATE_LIMITS",
    }
    return ApiError(429, body)


def edge_page(status: int) -> ApiError:
    """Return a page of HubSpot's front in place of an answer: its status says nothing."""
    page = f"<!DOCTYPE html><html><head><title>{status}</title></head><body>{status}</body></html>"
    return ApiError(status, page.encode(), {"Content-Type": "text/html;charset=utf-8"})
