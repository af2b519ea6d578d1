"""What refuses a request, named for what its sender can do."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from crmhub.errors import CrmHubError

if TYPE_CHECKING:
    from collections.abc import Mapping


class RefusedRequestError(CrmHubError):
    """A request is not served; the message says to its sender what to do."""

    #: HTTP status of the answer.
    status: ClassVar[int] = 400
    #: The page's heading.
    title: ClassVar[str] = "This cannot be done"
    #: Where to go on: an address and what it is called.
    link: ClassVar[tuple[str, str] | None] = None
    headers: ClassVar[Mapping[str, str]] = MappingProxyType({})


class SignInNeededError(RefusedRequestError):
    """Nobody is signed in: come by the host application."""

    status = 401
    title = "Please sign in"


class SignInRefusedError(RefusedRequestError):
    """The host application's token is not good: come by it once more."""

    status = 401
    title = "This sign-in link does not work"


class NotAllowedError(RefusedRequestError):
    """Another role, or a page of ours, is needed for this."""

    status = 403
    title = "This is not allowed"


class NotFoundError(RefusedRequestError):
    """There is no such thing here for this viewer."""

    status = 404
    title = "There is no such page"


class ConsentRefusedError(RefusedRequestError):
    """HubSpot's user has to do something else: the message says what."""

    title = "HubSpot was not connected"
    link = ("/integrations", "Back to Integrations")


class OtherAccountError(RefusedRequestError):
    """Another account was chosen than the connection's: choose that one."""

    status = 409
    title = "This is another HubSpot account"
    link = ("/integrations", "Back to Integrations")


class HubSpotAwayError(RefusedRequestError):
    """HubSpot does not answer: try again later."""

    status = 503
    title = "HubSpot does not answer"
    link = ("/integrations", "Back to Integrations")


class NotConfiguredError(RefusedRequestError):
    """A setting is missing: whoever runs CRM Hub has to set it."""

    status = 503
    title = "HubSpot cannot be connected here"
    link = ("/integrations", "Back to Integrations")


class BearerTokenError(RefusedRequestError):
    """A program shows no token, or not the right one."""

    status = 401
    headers = MappingProxyType({"WWW-Authenticate": "Bearer"})


class NotReadyError(RefusedRequestError):
    """What is asked does not fit how things stand now: look again."""

    status = 409
    title = "This cannot be done now"
    link = ("/integrations", "Back to Integrations")


class TooManyCallsError(RefusedRequestError):
    """Too many calls in too short a time: wait."""

    status = 429
    title = "Too many requests"

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
