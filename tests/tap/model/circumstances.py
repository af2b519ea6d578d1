"""Under which circumstances a history takes place, by chance: settings, habits, failures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap.model.operations import WRITTEN

from hubspot_sandbox.dialect import Dialect
from hubspot_sandbox.faults import FaultKind, FaultRule, Faults
from hubspot_sandbox.index_lag import SearchHabits
from hubspot_sandbox.portal import Habits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

    from hubspot_sandbox.sandbox import SandboxPortal

#: Kinds of failures, and how a run may end that meets too many of them.
ENDS: dict[FaultKind, str] = {
    "ten_secondly": "rate_limit",
    "secondly": "rate_limit",
    "423": "hubspot_unavailable",
    "477": "hubspot_unavailable",
    "500": "hubspot_unavailable",
    "502": "hubspot_unavailable",
    "503": "hubspot_unavailable",
    "504": "hubspot_unavailable",
    "521": "hubspot_unavailable",
    "523": "hubspot_unavailable",
    "524": "hubspot_unavailable",
    "expired": "access_denied",
    "reset": "network",
    "time_out": "network",
    "cut_body": "network",
    "html": "unexpected_response",
    "half_json": "unexpected_response",
}
#: Kinds that only the tap is tried with: the hub takes some of them for a lost grant.
MORE_ENDS: dict[FaultKind, str] = {
    "unauthorized": "access_denied",
    "daily_by_message": "rate_limit",
    "html_400": "unexpected_response",
    "html_403": "unexpected_response",
    "html_404": "unexpected_response",
    "html_408": "hubspot_unavailable",
}


def draw_dialect(rng: Random) -> Dialect:
    """Return how HubSpot speaks where its documents leave it open."""
    return Dialect(
        partial_status=rng.choice([200, 207]),
        associations_page=rng.choice([2, 500]),
        list_cursor=rng.choice(["id", "id", "id", "restart", "rounded", "refused", "opaque"]),
        shuffles_list_pages=rng.random() < 0.15,
    )


def draw_search_habits(rng: Random, seed: int, *, most_ms: int) -> SearchHabits:
    """Return how the index lags: less than the tap looks back, or nobody could be complete."""
    return SearchHabits(
        lag_ms=rng.choice([0, 0, 2_000, most_ms // 2, most_ms]),
        fresh_bodies=rng.choice([0.0, 0.3]),
        strays=rng.choice([0.0, 0.3]),
        merged_hits_show_survivor=rng.random() < 0.5,
        seed=seed,
    )


def draw_faults(rng: Random, seed: int, ends: Mapping[FaultKind, str] = ENDS) -> Faults:
    """Return how requests fail: not at all, now and then, or often enough to end runs."""
    rate = rng.choice([0.0, 0.02, 0.1, 0.3])
    kinds = rng.sample(list(ends), rng.randint(1, 5))
    return Faults(
        rules=tuple(FaultRule(kind=kind, rate=rate / len(kinds)) for kind in kinds) if rate else (),
        seed=seed,
        most_in_a_row=rng.choice([3, None]),
    )


def draw_habits(rng: Random) -> Habits:
    """Return what the portal does without a trace, and what leaves one."""
    return Habits(
        restore_bumps_modified=rng.random() < 0.4,
        merge_losers_are_archived=rng.random() < 0.4,
        links_bump_modified=rng.random() < 0.3,
        rollups_follow=rng.random() < 0.7,
    )


def draw_ending(rng: Random) -> dict[str, Any]:
    """Return how a run is to end, as fields of a plan; mostly by itself."""
    match rng.choice(["", "", "", "request", "byte", "term"]):
        case "request":
            return {
                "killed_at_request": int(rng.expovariate(1 / 25)) + 1,
                "is_killed_after_answer": rng.random() < 0.5,
            }
        case "byte":
            return {"killed_at_byte": int(rng.expovariate(1 / 40_000)) + 1}
        case "term":
            return {"terminated_at_request": int(rng.expovariate(1 / 25)) + 1}
        case _:
            return {}


def shown(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings without their secrets, for a log."""
    secret = {"access_token", "client_id", "client_secret", "refresh_token"}
    return {name: value for name, value in settings.items() if name not in secret}


def draw_settings(rng: Random, portal: SandboxPortal, *, all_properties: bool) -> dict[str, Any]:
    """Return the settings of every run of a history.

    Args:
        rng: Decides.
        portal: Where the settings lead.
        all_properties: Whether a run may fetch every property there is.
    """
    settings: dict[str, Any] = {
        "lookback_seconds": rng.choice([60, 600, 3600]),
        "reconcile_interval_hours": rng.choice([1, 24, 10_000, 10_000]),
        "archived_interval_minutes": rng.choice([0, 60, 360]),
        "associations_interval_minutes": rng.choice([0, 240, 1440, 100_000]),
        "api_version": rng.choice(["2026-09", "2026-09", "2026-03", "v3"]),
        "activate_with_kept": True,
    }
    if not all_properties or rng.random() < 0.8:
        settings["properties"] = {
            "contacts": [*WRITTEN["contacts"], "num_associated_deals", "hubspotscore"],
            "deals": [*WRITTEN["deals"], "num_associated_contacts", "hs_forecast_amount"],
        }
    if rng.random() < 0.5:
        settings["access_token"] = portal.access_token
    else:
        settings |= {
            "client_id": portal.client_id,
            "client_secret": portal.client_secret,
            "refresh_token": portal.refresh_token,
        }
    return settings
