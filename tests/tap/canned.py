"""Canned answers of HubSpot, and time that passes only by sleeping."""

from __future__ import annotations

from typing import Any

from tap_hubspot_crm.client import HubSpotClient
from tap_hubspot_crm.settings import read_settings
from tap_hubspot_crm.timekeeping import Timer

URL = "https://api.test"
DATE = {"Date": "Sun, 22 Nov 2026 10:00:00 GMT"}
MARK = "ann.zqmark@example.com"
CONTACTS = f"{URL}/crm/objects/2026-09/contacts"
GOOD: dict[str, Any] = {"json": {"results": []}, "headers": DATE}


class FakeTime:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def timer(self) -> Timer:
        """The timer to hand to a client."""
        return Timer(monotonic=lambda: self.now, sleep=self.sleep, jitter=lambda: 0.0)


def client_for(fake_time: FakeTime, **settings: object) -> HubSpotClient:
    """Return a client of the canned HubSpot."""
    credentials = {} if "access_token_file" in settings else {"access_token": "tok"}
    if "client_id" in settings:
        credentials = {}
    return HubSpotClient(
        read_settings({"api_url": URL, **credentials, **settings}), timer=fake_time.timer
    )


def read_listing(client: HubSpotClient) -> object:
    """Return the body of a listing."""
    return client.get(client.paths.listing("contacts"), {"limit": "100"}).body


def run_search(client: HubSpotClient) -> object:
    """Return the body of a search."""
    return client.post(client.paths.search("contacts"), {"limit": 200}).body
