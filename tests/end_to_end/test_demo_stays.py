"""The demo after its summary: a Status Center that lives."""

from __future__ import annotations

import re
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
import requests
from end_to_end.workers import PATIENCE_SECONDS, wait_until

from crmhub.demo.portals import work_a_little
from hubspot_sandbox.server import running_sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_people_go_on_working_in_a_portal() -> None:
    with running_sandbox() as running:
        portal = running.sandbox.add_portal(contacts=20, deals=10)
        before = portal.truth("contacts"), portal.truth("deals")
        for turn in range(8):
            work_a_little(portal, turn)
        assert len(portal.stores["contacts"].ids()) == 22
        assert (portal.truth("contacts"), portal.truth("deals")) != before


@pytest.fixture
def demo(python_environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        ["crmhub", "demo"], env=python_environment, stdout=subprocess.PIPE, text=True
    )
    yield process
    process.kill()
    process.communicate()


@pytest.mark.long
def test_the_demo_ends_with_a_link_to_a_status_center_that_lives(
    demo: subprocess.Popen[str],
) -> None:
    assert demo.stdout is not None
    links = [line.strip() for line in _until_it_stays(demo.stdout) if "/sign-in?token=" in line]
    admin, viewer = (requests.Session() for _ in links)
    pages = [
        browser.get(link, timeout=30) for browser, link in zip((admin, viewer), links, strict=True)
    ]
    assert [page.status_code for page in pages] == [200, 200]
    assert "Alder &amp; Sons" in pages[0].text
    assert "Birch Ltd" not in pages[0].text
    assert "Birch Ltd" in pages[1].text
    # What people do in the sandbox arrives by itself.
    pipeline = pages[0].url + "/pipeline"
    before = _figures(admin.get(pipeline, timeout=30).text)
    wait_until(lambda: _figures(admin.get(pipeline, timeout=30).text) != before, "a deal has moved")
    demo.send_signal(signal.SIGTERM)
    assert demo.wait(PATIENCE_SECONDS) == 0


def _until_it_stays(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line
        if line.startswith("The sandbox:"):
            return


def _figures(page: str) -> list[str]:
    """The numbers of a page's table."""
    return re.findall(r"<td[^>]*>\s*([0-9.,]+)", page)
