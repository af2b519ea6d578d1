"""Answers of HubSpot as public sources show them, their values replaced (`tests/fixtures/hubspot`).

`evidence` says how sure a file's form is: `recorded` by a client, `documented` by HubSpot, or
`reported` in words, so that the body is made to fit them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tap.canned import DATE

FOLDER: Final = Path(__file__).parents[1] / "fixtures" / "hubspot"
NAMES: Final = sorted(path.stem for path in FOLDER.glob("*.json"))


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One answer, and where it comes from."""

    evidence: str
    #: The project and its issue, file or page.
    source: str
    status: int
    headers: dict[str, str]
    #: A JSON object, or the text of a page.
    body: Any

    def answer(self, *, status: int | None = None) -> dict[str, Any]:
        """Return it for `requests_mock`, perhaps with another status."""
        kind = "text" if isinstance(self.body, str) else "json"
        return {
            "status_code": self.status if status is None else status,
            "headers": {**DATE, **self.headers},
            kind: self.body,
        }


def recording(name: str) -> Recording:
    """Return a recording by the name of its file."""
    return Recording(**json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))


def answer(name: str, *, status: int | None = None) -> dict[str, Any]:
    """Return a recorded answer for `requests_mock`."""
    return recording(name).answer(status=status)
