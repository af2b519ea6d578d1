"""A request to HubSpot, and the answer to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from tap_hubspot_crm.retrying import PATIENT, RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tap_hubspot_crm.endpoints import Endpoint

#: The bytes of a body → its JSON object; None where it is cut or something else.
ReadBody: TypeAlias = "Callable[[bytes], Mapping[str, Any] | None]"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A successful answer."""

    body: Mapping[str, Any]
    #: Not after the moment, in HubSpot's time, at which the request was sent.
    asked_at: datetime
    #: When HubSpot answered, in its own time; grows from answer to answer.
    answered_at: datetime


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked, and how its answer is read."""

    method: str
    endpoint: Endpoint
    params: Mapping[str, str]
    #: A body of JSON.
    data: str | None = None
    read: ReadBody
    #: How often it is tried.
    policy: RetryPolicy = PATIENT

    @property
    def name(self) -> str:
        """Method and path, for messages: no query, which may hold ids."""
        return f"{self.method} {self.endpoint.path}"
