"""The Status Center inside a page of the application that embeds it."""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from browser.visits import Visitors
from orchestrator.web.served import served_web
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from databases import TestDatabase
    from playwright.sync_api import Browser

    from hubspot_sandbox.server import RunningSandbox


class HostPage(BaseHTTPRequestHandler):
    """A page with nothing but a frame; its address names what the frame shows."""

    def do_GET(self) -> None:
        body = f'<!doctype html><title>Host</title><iframe src="http:/{self.path}"></iframe>'
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body.encode())

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def host_application() -> Iterator[str]:
    """The origin of an application on the same site."""
    with ThreadingHTTPServer(("127.0.0.1", 0), HostPage) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_connecting_leaves_the_frame_of_the_application_around_it(
    chromium: Browser, web_database: TestDatabase, web_sandbox: RunningSandbox, tmp_path: Path
) -> None:
    """HubSpot's page lets nobody show it in a frame."""
    web_sandbox.sandbox.add_portal()
    with (
        host_application() as host,
        served_web(web_database, web_sandbox, CRMHUB_FRAME_ANCESTORS=host) as web,
        Visitors(browser=chromium, web=web, pictures=tmp_path) as visitors,
    ):
        page = visitors.sign_in(web.new_org())
        page.goto(f"{host}/{web.url.removeprefix('http://')}/integrations")
        page.frame_locator("iframe").get_by_role("button", name="Connect HubSpot").click()
        page.wait_for_url("**/oauth/authorize?**")
        assert visitors.complaints == []
