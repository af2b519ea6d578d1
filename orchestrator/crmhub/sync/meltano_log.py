"""What the lines of `meltano --log-format=json run` say."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmhub.errors import CrmHubError

_EXTRACTOR = "tap-hubspot-crm"
#: Plugin → its logger's name, as the runbook has it.
_SPEAKERS = {"tap-hubspot-crm": "HubSpotConnector", "target-crmhub-postgres": "CrmHubLoader"}
#: The last words of what can fail in a run.
_FAILURES = {"tap_failed", "target_failed", "state_failed"}
#: Singer SDK: `METRIC: {"type": "counter", "metric": "record_count", …}` in a plugin's log.
_METRIC = re.compile(r"METRIC: (\{.*\})")
#: Anything in a plugin's output that looks like a secret: HubSpot's tokens and keys, passwords in
#: addresses, bearer headers. Parts are bounded: a long line must not take long to look through.
_SECRET = re.compile(
    r"(?i)(bearer\s{1,9})\S+|\b(?:pat|(?:na|eu|ap)\d)-[A-Za-z0-9-]{8,}"
    r"|(://[^:/\s]{1,256}:)[^@\s]{1,1024}(?=@)"
)
#: What PostgreSQL cannot store as text: NUL, and halves of characters.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
#: The longest that HubSpot's limits last (HubSpot: daily limits are reset at midnight).
_LONGEST_WAIT_SECONDS = 86_400.0


@dataclass(frozen=True, kw_only=True)
class PluginFailure:
    """The last line on standard error of a tap or target that failed."""

    #: As `rate_limit`; the design lists them.
    error_class: str
    message: str
    #: Seconds until trying again makes sense, where the source told.
    retry_after_seconds: float | None

    @classmethod
    def from_error(cls, error: CrmHubError) -> PluginFailure:
        """The same failure, met on this side of Meltano."""
        return cls(
            error_class=error.error_class,
            message=str(error),
            retry_after_seconds=_seconds(error.retry_after_seconds),
        )


@dataclass(kw_only=True)
class MeltanoLog:
    """What has been read of a run's log so far."""

    #: Rows the tap has sent, by stream.
    records: dict[str, int] = field(default_factory=dict)
    failure: PluginFailure | None = None
    #: Whether Meltano said that the whole run succeeded.
    succeeded: bool = False
    #: Who said the last line, by its logger's name: tap, target or Meltano itself.
    speaker: str = "meltano"
    #: The last lines, redacted, for a failure that no plugin explained.
    last_lines: list[str] = field(default_factory=list)

    def read(self, line: str) -> str:
        """Take in one line; returns what it says for people, secrets made stars."""
        event, entry = _event(line)
        self.speaker = _SPEAKERS.get(str(entry.get("name")), "meltano")
        if failure := _failure(event, entry):
            # The target's word outweighs the tap's, whose pipe broke because of it.
            if self.failure is None or entry.get("name") != _EXTRACTOR:
                self.failure = failure
        elif entry.get("name") == _EXTRACTOR and (metric := _METRIC.search(event)):
            self._read_metric(metric[1])
        elif event == "Run completed":
            self.succeeded = entry.get("status") == "success"
        said = redacted(event)
        self.last_lines = [*self.last_lines[-9:], said]
        return said

    def _read_metric(self, text: str) -> None:
        metric = _object(text)
        tags, value = metric.get("tags"), metric.get("value")
        stream = tags.get("stream") if isinstance(tags, dict) else None
        if metric.get("metric") != "record_count" or not isinstance(stream, str):
            return
        if isinstance(value, int) and value >= 0:
            stream = _storable(stream)
            self.records[stream] = self.records.get(stream, 0) + value


def redacted(text: str) -> str:
    """The text with whatever looks like a secret made stars."""
    return _SECRET.sub(lambda found: f"{found[1] or found[2] or ''}********", text)


def _object(text: str) -> dict[str, Any]:
    """The object that a text holds as JSON; an empty one where it holds none.

    Among what is none: numbers that are too long for Python, nests that are too deep for it.
    """
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _event(line: str) -> tuple[str, dict[str, Any]]:
    entry = _object(line)
    return _storable(str(entry.get("event", "")) if entry else line.rstrip("\n")), entry


def _failure(event: str, entry: dict[str, Any]) -> PluginFailure | None:
    """The failure a line tells of: a plugin's, inside Meltano's, or the state backend's own."""
    said = _object(event) if event.startswith('{"event"') else entry
    name = said.get("event")
    if not isinstance(name, str) or name not in _FAILURES:
        return None
    return PluginFailure(
        error_class=_storable(str(said.get("error_class", "internal"))),
        message=redacted(_storable(str(said.get("message", "")))),
        retry_after_seconds=_seconds(said.get("retry_after_seconds")),
    )


def _seconds(value: object) -> float | None:
    """A wait as it may be kept, at most a day; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        return None
    return float(min(value, _LONGEST_WAIT_SECONDS))


def _storable(text: str) -> str:
    return _UNSTORABLE.sub("\ufffd", text)
