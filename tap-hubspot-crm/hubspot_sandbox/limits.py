"""HubSpot's limits: calls in a rolling ten seconds, searches a second, calls a day."""

import threading
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from hubspot_sandbox.clock import Clock
from hubspot_sandbox.errors import rate_limited
from hubspot_sandbox.tokens import Credential

_WINDOW_MS: Final = 10_000
_SECOND_MS: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much a portal lets through (HubSpot: usage guidelines)."""

    #: Calls of a static token's app in a rolling ten seconds.
    calls_per_10_seconds: int = 100
    #: Calls of an OAuth app for one portal in a rolling ten seconds.
    oauth_calls_per_10_seconds: int = 110
    #: Searches of all apps and types together in a rolling second.
    searches_per_second: int = 5
    #: Calls of all static tokens of a portal between two midnights of its time zone.
    calls_per_day: int = 250_000
    #: Whether a search counts among a static token's calls in ten seconds.
    searches_count_as_calls: bool = False


class RateLimiter:
    """Counts the calls to all portals, on a clock of its own.

    A refused call is not counted, so that a client that waits as told gets through.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._calls: defaultdict[tuple[int, int], deque[int]] = defaultdict(deque)
        self._searches: defaultdict[int, deque[int]] = defaultdict(deque)
        self._days: dict[int, tuple[str, int]] = {}

    def admit(
        self, credential: Credential, limits: Limits, time_zone: str, *, is_search: bool
    ) -> dict[str, str]:
        """Count a call and return the rate limit headers of its answer (none for a search).

        Raises:
            ApiError: a limit is reached; the call is not counted.
        """
        with self._lock:
            now = self._clock.now_ms()
            is_oauth = credential.kind == "oauth"
            used_today = 0 if is_oauth else self._used_today(credential, time_zone, now)
            if not is_oauth and used_today >= limits.calls_per_day:
                headers = {} if is_search else self._headers(credential, limits, used_today)
                raise _refusal("DAILY", "daily", credential, headers)
            if is_search:
                searches = self._searches[credential.portal_id]
                _drop_before(searches, now - _SECOND_MS)
                if len(searches) >= limits.searches_per_second:
                    raise _refusal("SECONDLY", "secondly", credential, {})
            counts = not is_search or (limits.searches_count_as_calls and not is_oauth)
            calls = self._calls[credential.portal_id, credential.app_id]
            _drop_before(calls, now - _WINDOW_MS)
            if counts and len(calls) >= _calls_allowed(credential, limits):
                headers = {} if is_search else self._headers(credential, limits, used_today)
                raise _refusal("TEN_SECONDLY_ROLLING", "ten_secondly_rolling", credential, headers)
            if is_search:
                self._searches[credential.portal_id].append(now)
            if counts:
                calls.append(now)
            if not is_oauth:
                day, used = self._days[credential.portal_id]
                self._days[credential.portal_id] = (day, used + 1)
                used_today += 1
            return {} if is_search else self._headers(credential, limits, used_today)

    def used_today(self, credential: Credential, time_zone: str) -> int:
        """Return how many calls of static tokens a portal has had since its midnight."""
        with self._lock:
            return self._used_today(credential, time_zone, self._clock.now_ms())

    def _used_today(self, credential: Credential, time_zone: str, now: int) -> int:
        day = datetime.fromtimestamp(now / 1000, ZoneInfo(time_zone)).date().isoformat()
        known_day, used = self._days.get(credential.portal_id, (day, 0))
        used = used if known_day == day else 0
        self._days[credential.portal_id] = (day, used)
        return used

    def _headers(self, credential: Credential, limits: Limits, used_today: int) -> dict[str, str]:
        allowed = _calls_allowed(credential, limits)
        calls = self._calls[credential.portal_id, credential.app_id]
        headers = {
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(_WINDOW_MS),
            "X-HubSpot-RateLimit-Max": str(allowed),
            "X-HubSpot-RateLimit-Remaining": str(max(0, allowed - len(calls))),
            "X-HubSpot-RateLimit-Secondly": str(allowed // 10),
            "X-HubSpot-RateLimit-Secondly-Remaining": str(max(0, allowed // 10 - 1)),
        }
        if credential.kind == "static":
            headers["X-HubSpot-RateLimit-Daily"] = str(limits.calls_per_day)
            remaining = max(0, limits.calls_per_day - used_today)
            headers["X-HubSpot-RateLimit-Daily-Remaining"] = str(remaining)
        return headers


def _calls_allowed(credential: Credential, limits: Limits) -> int:
    if credential.kind == "oauth":
        return limits.oauth_calls_per_10_seconds
    return limits.calls_per_10_seconds


def _drop_before(moments: deque[int], start: int) -> None:
    while moments and moments[0] <= start:
        moments.popleft()


def _refusal(policy: str, word: str, credential: Credential, headers: dict[str, str]) -> Exception:
    app = "app" if credential.kind == "oauth" else "private_app"
    kind = {"DAILY": "daily", "SECONDLY": "secondly"}.get(policy, "ten-secondly")
    group = f"publicapi:{app}-api-calls-{kind}:{credential.app_id}:{credential.portal_id}"
    return rate_limited(policy, word, group, headers)
