"""What comes after a run: a pure table from how it ended to what its connection does next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Only a person can help: the grant, the portal or the key is gone, or the token is of another
#: account.
NEEDS_RECONNECT: Final = frozenset(
    {"invalid_grant", "access_denied", "secret_unreadable", "wrong_account"}
)
#: Somebody has to change a setting, a scope or a record; trying often would help nobody.
NEEDS_CHANGE: Final = frozenset(
    {
        "missing_scopes",
        "invalid_settings",
        "invalid_record",
        "unknown_stream",
        "tenant_mismatch",
        "mass_delete",
    }
)
#: The run was taken out of our hands: by a reset, by a person, or by a worker that was stopped.
CANCELLED: Final = frozenset({"lease_lost", "cancelled"})

DAY_SECONDS: Final = 86_400.0
FIRST_WAIT_SECONDS: Final = 60.0
LONGEST_WAIT_SECONDS: Final = 6 * 3600.0
#: An hourly fleet spreads over this share of its interval instead of starting at once.
INTERVAL_JITTER: Final = 0.1


@dataclass(frozen=True, kw_only=True)
class NextStep:
    """What a failed run does to its connection."""

    #: How the run itself ended: failed or cancelled.
    run_status: str
    #: The connection's status from now on.
    connection_status: str = "connected"
    #: Until it is due again, seconds.
    wait_seconds: float
    #: Whether it counts as a failure of the connection, and shows as its last error.
    is_failure: bool = True


def next_step(
    error_class: str,
    *,
    failures_before: int,
    chance: float,
    retry_after_seconds: float | None = None,
) -> NextStep:
    """Say what comes after a run that did not succeed.

    Args:
        error_class: As tap, target, state backend or worker named it.
        failures_before: Failures in a row, this one not counted.
        chance: From 0 up to 1, so that connections that failed together come back apart.
        retry_after_seconds: When HubSpot said that it will answer again.
    """
    if error_class in CANCELLED:
        return NextStep(run_status="cancelled", wait_seconds=0.0, is_failure=False)
    if error_class in NEEDS_RECONNECT:
        return NextStep(
            run_status="failed", connection_status="needs_reconnect", wait_seconds=DAY_SECONDS
        )
    if error_class in NEEDS_CHANGE:
        return NextStep(run_status="failed", wait_seconds=DAY_SECONDS)
    if error_class == "rate_limit" and retry_after_seconds is not None:
        # Not before HubSpot's reset, and not all of a portal's connections in the same second.
        return NextStep(run_status="failed", wait_seconds=retry_after_seconds + 60.0 * chance)
    if error_class == "worker_lost" and failures_before == 0:
        # A machine went away: that says nothing about the connection, unless it comes again.
        return NextStep(run_status="failed", wait_seconds=0.0)
    longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(failures_before, 20))
    return NextStep(
        run_status="failed",
        wait_seconds=max(FIRST_WAIT_SECONDS, longest * (0.5 + 0.5 * chance)),
    )


def success_wait_seconds(interval_seconds: float, *, chance: float) -> float:
    """Seconds until a connection is due again after a success, at most its interval."""
    return interval_seconds * (1.0 - INTERVAL_JITTER * chance)
