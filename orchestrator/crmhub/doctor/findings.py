"""A check and what it finds.

To add one: a function from the environment to findings, and its line in `checks.CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from crmhub.errors import CrmHubError

if TYPE_CHECKING:
    from collections.abc import Iterator

Verdict: TypeAlias = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    #: What, as "role of DATABASE_URL".
    what: str
    verdict: Verdict
    #: What was found; never a secret.
    said: str
    #: What to do; "" where nothing is to be done.
    remedy: str = ""


#: From the environment to what is found; a CrmHubError counts as a failed finding.
Check: TypeAlias = Callable[[Mapping[str, str]], Iterable[Finding]]


def examine(checks: Mapping[str, Check], environment: Mapping[str, str]) -> Iterator[Finding]:
    """Every finding of every check; a check that breaks off is a finding too."""
    for name, check in checks.items():
        try:
            yield from check(environment)
        except CrmHubError as error:
            said, _, remedy = str(error).partition(": ")
            yield Finding(what=name, verdict="failed", said=said, remedy=remedy)
