"""One application and one Chromium for all browser tests of a process."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from browser.visits import PATIENCE_MS, Visitors
from orchestrator.web.fixtures import org, row_maker, web, web_database, web_sandbox
from playwright.sync_api import Browser, expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrator.web.served import ServedWeb

__all__ = ["chromium", "org", "row_maker", "visitors", "web", "web_database", "web_sandbox"]

#: Nothing that a test does not ask for: no network of Chromium's own, and /dev/shm may be small.
_FLAGS: Final = (
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
_PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
#: Where pictures go, unless somebody says where.
_PICTURES: Final = Path(__file__).parents[2] / ".cache" / "screenshots"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium; without one the test is skipped, but never where CI is set."""
    program = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if program is None:
        reason = "there is no Chromium: apt-get install chromium, or set CHROMIUM to one"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visitors(chromium: Browser, web: ServedWeb) -> Iterator[Visitors]:
    """People with a browser; whatever their pages complained of fails the test at its end."""
    pictures = Path(os.environ.get("CRMHUB_SCREENSHOTS") or _PICTURES)
    with Visitors(browser=chromium, web=web, pictures=pictures) as visitors:
        yield visitors
    assert visitors.complaints == []
