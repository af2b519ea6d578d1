"""The SDK's own tests for taps, against the sandbox."""

from __future__ import annotations

import atexit
from contextlib import ExitStack

from singer_sdk.testing import SuiteConfig, get_tap_test_class
from tap.conftest import FREE

from hubspot_sandbox.server import running_sandbox
from tap_hubspot_crm.tap import TapHubSpotCrm

# The SDK makes its tests from the catalog while this module is imported, so the portal must be
# there by then, and stay.
_served = ExitStack()
_running = _served.enter_context(running_sandbox())
atexit.register(_served.close)
_portal = _running.sandbox.add_portal(contacts=30, deals=20, limits=FREE)

TestTapHubSpotCrm = get_tap_test_class(
    TapHubSpotCrm,
    config={
        "access_token": _portal.access_token,
        "api_url": _running.url,
        "searches_per_second": 10_000,
    },
    suite_config=SuiteConfig(max_records_limit=20),
)
