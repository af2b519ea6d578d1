"""What a failure looks like to the client: the answer in place of the right one, or its ruin."""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from hubspot_sandbox.clock import iso
from hubspot_sandbox.delivery import Delivery
from hubspot_sandbox.errors import (
    ApiError,
    daily_by_message,
    edge_error,
    edge_page,
    expired_token,
    internal_error,
    locked,
    migrating,
    rate_limited,
    unknown_token,
)
from hubspot_sandbox.faults import FaultKind, FaultRule

_HTML: Final = b"<!DOCTYPE html><html><body><h1>We'll be right back</h1></body></html>\n"
_EDGE: Final[Mapping[FaultKind, int]] = {
    "502": 502,
    "503": 503,
    "504": 504,
    "521": 521,
    "523": 523,
    "524": 524,
}
_PAGES: Final[Mapping[FaultKind, int]] = {
    "html_400": 400,
    "html_403": 403,
    "html_404": 404,
    "html_408": 408,
}
_PLAIN: Final[Mapping[FaultKind, Callable[[], ApiError]]] = {
    "423": locked,
    "477": migrating,
    "500": internal_error,
    "unauthorized": unknown_token,
    "daily_by_message": daily_by_message,
}
_POLICIES: Final[Mapping[FaultKind, tuple[str, str]]] = {
    "ten_secondly": ("TEN_SECONDLY_ROLLING", "ten_secondly_rolling"),
    "secondly": ("SECONDLY", "secondly"),
    "daily": ("DAILY", "daily"),
}


def failed_answer(rule: FaultRule, *, now_ms: int, portal_id: int | None) -> ApiError | None:
    """Return the answer that comes in place of the right one; None: the right one is ruined."""
    error = _error(rule.kind, now_ms, portal_id)
    if error is None:
        return None
    headers = dict(error.headers)
    if rule.retry_after_seconds is not None:
        headers["Retry-After"] = str(rule.retry_after_seconds)
    return ApiError(error.status, error.body, headers)


def ruined(delivery: Delivery, rule: FaultRule) -> Delivery:
    """Return how a right answer goes wrong on its way."""
    ruin = _RUINS.get(rule.kind)
    return delivery if ruin is None else ruin(delivery, rule)


def _error(kind: FaultKind, now_ms: int, portal_id: int | None) -> ApiError | None:
    if kind in _POLICIES:
        policy, adjective = _POLICIES[kind]
        return rate_limited(policy, adjective, f"publicapi:app-api-calls:{portal_id or 0}", {})
    if kind in _PAGES:
        return edge_page(_PAGES[kind])
    if kind in _EDGE:
        return edge_error(_EDGE[kind])
    if kind == "expired":
        return expired_token(iso(now_ms), 0)
    plain = _PLAIN.get(kind)
    return None if plain is None else plain()


def _reset(delivery: Delivery, _: FaultRule) -> Delivery:
    return replace(delivery, is_reset=True)


def _stall(delivery: Delivery, rule: FaultRule) -> Delivery:
    return replace(delivery, stall_seconds=rule.stall_seconds)


def _cut(delivery: Delivery, _: FaultRule) -> Delivery:
    return replace(delivery, content=delivery.content[: len(delivery.content) // 2])


def _html(delivery: Delivery, _: FaultRule) -> Delivery:
    return _whole(delivery, _HTML, {"Content-Type": "text/html;charset=utf-8"})


def _half_json(delivery: Delivery, _: FaultRule) -> Delivery:
    content = delivery.content
    if delivery.headers.get("Content-Encoding") == "gzip":
        content = gzip.decompress(content)
    return _whole(delivery, content[: len(content) // 2], {})


def _whole(delivery: Delivery, content: bytes, changes: Mapping[str, str]) -> Delivery:
    """Return a 200 with other content, complete as far as HTTP can tell."""
    headers = {n: v for n, v in delivery.headers.items() if n != "Content-Encoding"}
    headers |= {**changes, "Content-Length": str(len(content))}
    return replace(delivery, status=200, headers=headers, content=content)


_RUINS: Final[Mapping[FaultKind, Callable[[Delivery, FaultRule], Delivery]]] = {
    "reset": _reset,
    "time_out": _stall,
    "cut_body": _cut,
    "html": _html,
    "half_json": _half_json,
}
