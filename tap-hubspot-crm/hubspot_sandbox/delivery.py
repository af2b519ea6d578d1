"""An answer as it goes over the wire: encoded, dated, compressed, and what befalls it there."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Final

import msgspec
from werkzeug.http import http_date

from hubspot_sandbox.calls import Answer

_SMALLEST_GZIP: Final = 1_000
_REASONS: Final = {
    423: "Locked",
    477: "Migration In Progress",
    521: "Web Server Is Down",
    523: "Origin Is Unreachable",
    524: "A Timeout Occurred",
    530: "Origin Unreachable",
}


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What a server has to send, and how."""

    status: int
    #: `Content-Length` among them: of the whole content, also where it is cut.
    headers: Mapping[str, str]
    #: Less than `Content-Length` says where the connection is to end in the middle.
    content: bytes = field(repr=False)
    #: How long the client waits for the first byte, beyond the latency every answer has.
    stall_seconds: float = 0.0
    #: Whether the connection is reset instead of the answer being sent.
    is_reset: bool = False

    @property
    def status_line(self) -> str:
        """Status and reason, such as `200 OK`."""
        reason = _REASONS.get(self.status) or HTTPStatus(self.status).phrase
        return f"{self.status} {reason}"

    @property
    def is_cut(self) -> bool:
        """Whether less is sent than announced."""
        return len(self.content) < int(self.headers["Content-Length"])


def deliver(answer: Answer, *, now_ms: int, takes_gzip: bool) -> Delivery:
    """Return an answer as HTTP, dated by the sandbox's clock, compressed where that is taken."""
    content = b"" if answer.body is None else encode(answer.body)
    headers = {
        "Content-Type": "application/json;charset=utf-8",
        **answer.headers,
        "Date": _date(now_ms // 1000),
        "Vary": "Accept-Encoding",
    }
    if takes_gzip and len(content) > _SMALLEST_GZIP:
        content = gzip.compress(content, compresslevel=1, mtime=0)
        headers["Content-Encoding"] = "gzip"
    headers["Content-Length"] = str(len(content))
    return Delivery(status=answer.status, headers=headers, content=content)


def encode(body: object) -> bytes:
    """Return a body as JSON, without spaces; a page is encoded already."""
    return body if isinstance(body, bytes) else msgspec.json.encode(body)


@lru_cache(maxsize=16)
def _date(seconds: int) -> str:
    return http_date(datetime.fromtimestamp(seconds, UTC))
