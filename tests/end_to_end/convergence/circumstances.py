"""Under which circumstances a history takes place, by chance: who is connected, and what fails."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, Any

from tap.model.circumstances import (
    draw_dialect,
    draw_faults,
    draw_habits,
    draw_search_habits,
)

from hubspot_sandbox.tokens import LIFETIME_SECONDS, TokenHabits

if TYPE_CHECKING:
    from hubspot_sandbox.dialect import Dialect
    from hubspot_sandbox.faults import FaultRule, Faults
    from hubspot_sandbox.index_lag import SearchHabits
    from hubspot_sandbox.portal import Habits

#: What a lost answer of the token endpoint, or a worker killed as it came, may cost at most.
_GRACE_SECONDS = 300
#: The search learns of a change after so many milliseconds at most.
_MOST_LAG_MS = 4_000
#: A client waits ten seconds, or two, after these; more of them and a history would be waiting.
_SLOW = {"ten_secondly": 0.004, "423": 0.03}
#: A request that HubSpot does not answer comes back after so long, seconds.
_STALL_SECONDS = 1.5
#: Properties that an organisation may keep beside those of the mapping file.
_KEPT = {
    "contacts": ["customer_since", "favourite_products", "loyalty_points"],
    "deals": ["contract_months", "hs_forecast_category", "renewal_date"],
}


@dataclass(frozen=True, kw_only=True)
class PortalDraw:
    """One HubSpot account."""

    contacts: int
    deals: int
    seed: int
    habits: Habits
    search_habits: SearchHabits


@dataclass(frozen=True, kw_only=True)
class ConnectionDraw:
    """One organisation's connection to one of the portals."""

    #: Which of the organisations, which of the portals.
    organisation: int
    portal: int
    #: `source_connections.config`.
    config: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """Everything about a history that is fixed before it begins."""

    portals: tuple[PortalDraw, ...]
    connections: tuple[ConnectionDraw, ...]
    workers: int
    #: Between two times of calm: people work, runs are asked for, something goes wrong.
    rounds: int
    #: In which round the database is restarted, if in any, and whether as after a crash.
    restart_in_round: int | None
    is_crash: bool
    latency_ms: int
    dialect: Dialect
    faults: Faults
    tokens: TokenHabits

    @property
    def may_lose_grants(self) -> bool:
        """Whether a person may have to connect an account again.

        A refresh token that ends with its first use is lost where its successor is: with an
        answer that breaks off, or with the worker that had it. A token that is refused twice
        running looks like one that was taken away, also where a busy machine used it too late.
        """
        is_spent = self.tokens.rotates_refresh_tokens and not self.tokens.rotation_grace_seconds
        is_short = self.tokens.lifetime_seconds < LIFETIME_SECONDS
        return is_spent or is_short or any(rule.kind == "expired" for rule in self.faults.rules)

    @property
    def lag_seconds(self) -> float:
        """After so long the search knows all that has changed."""
        return max(portal.search_habits.lag_ms for portal in self.portals) / 1000


def draw_circumstances(seed: int) -> Circumstances:
    """Return the circumstances of a seed: the same seed, the same circumstances."""
    rng = Random(f"circumstances {seed}")
    # The first two organisations share a portal, the third has its own; now and then the first
    # one has a second account.
    places = [(0, 0), (1, 0), (2, 1), *([(0, 1)] if rng.random() < 0.3 else [])]
    rounds = rng.choice([1, 2, 2, 3])
    return Circumstances(
        portals=tuple(
            PortalDraw(
                contacts=rng.choice([30, 50, 80]),
                deals=rng.choice([4, 15, 25]),
                seed=2 * seed + number,
                habits=draw_habits(rng),
                search_habits=draw_search_habits(rng, seed, most_ms=_MOST_LAG_MS),
            )
            for number in range(2)
        ),
        connections=tuple(
            ConnectionDraw(organisation=organisation, portal=portal, config=_draw_config(rng))
            for organisation, portal in places
        ),
        workers=rng.choice([1, 1, 2]),
        rounds=rounds,
        restart_in_round=rng.choice([None, None, rng.randrange(rounds)]),
        is_crash=rng.random() < 0.5,
        latency_ms=rng.choice([0, 20, 60, 120]),
        dialect=draw_dialect(rng),
        faults=_on_a_real_clock(draw_faults(rng, seed)),
        tokens=_draw_token_habits(rng),
    )


def _draw_config(rng: Random) -> dict[str, Any]:
    config: dict[str, Any] = {
        "reconcile_interval_hours": rng.choice([0, 1, 24, 24]),
        "archived_interval_minutes": rng.choice([0, 0, 360]),
        "associations_interval_minutes": rng.choice([0, 1440, 1440]),
        "deal_names": rng.choice(["keep", "keep", "drop"]),
        "owner_names": rng.choice(["keep", "drop"]),
    }
    if rng.random() < 0.5:
        config["default_phone_region"] = rng.choice(["DE", "GB"])
    if rng.random() < 0.5:
        config["kept_properties"] = _KEPT
    return config


def _draw_token_habits(rng: Random) -> TokenHabits:
    return TokenHabits(
        lifetime_seconds=rng.choice([4, 10, LIFETIME_SECONDS]),
        rotates_refresh_tokens=rng.random() < 0.7,
        rotation_grace_seconds=rng.choice([0, _GRACE_SECONDS, _GRACE_SECONDS]),
    )


def _on_a_real_clock(faults: Faults) -> Faults:
    """The same faults, none of which has anybody wait for long."""
    return replace(faults, rules=tuple(map(_soon_over, faults.rules)))


def _soon_over(rule: FaultRule) -> FaultRule:
    rate = min(rule.rate, _SLOW.get(rule.kind, 1.0))
    return replace(rule, rate=rate, stall_seconds=_STALL_SECONDS)
