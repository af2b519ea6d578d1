"""An organisation in which there is something of everything, for looking at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import uuid

    from orchestrator.web.org_rows import OrgRows

STAGES: Final[dict[str, tuple[str, float | None]]] = {
    "new": ("Appointment scheduled", None),
    "qualified": ("Qualified to buy", None),
    "shown": ("Presentation scheduled", None),
    "boss": ("Decision maker bought in", None),
    "contract": ("Contract sent", None),
    "won": ("Closed won", 1.0),
    "lost": ("Closed lost", 0.0),
}
_DEALS: Final = {
    "new": 148,
    "qualified": 96,
    "shown": 71,
    "boss": 38,
    "contract": 22,
    "won": 264,
    "lost": 119,
}


def fill(org: OrgRows) -> uuid.UUID:
    """Connections in many states, runs and a pipeline; returns the one with the runs."""
    alder = org.add_connection("Alder & Sons", live={"contacts": 48_213, "deals": 758})
    for place in range(40):
        minutes = 60 * place + 5
        if place in {9, 10}:
            org.add_run(
                alder, "failed", minutes_ago=minutes, seconds=61, error_class="hubspot_unavailable"
            )
        elif place == 23:
            org.add_run(alder, "cancelled", minutes_ago=minutes, error_class="cancelled")
        elif place == 39:
            records = {"contacts": 47_920, "deals": 744, "deal_contacts": 744, "pipelines": 2}
            org.add_run(alder, minutes_ago=minutes, seconds=148, records=records)
        else:
            records = {"contacts": (place * 37) % 90, "deals": (place * 11) % 17}
            org.add_run(alder, minutes_ago=minutes, seconds=3 + place % 5, records=records)
    org.add_comparison(alder, contacts=(48_213, 48_213), deals=(758, 758), owners=(14, 14))
    birch = org.add_connection("Birch Ltd", live={"contacts": 2_940, "deals": 131})
    org.add_run(birch, "running", minutes_ago=0, records={"contacts": 1_800, "deals": 60})
    org.add_connection(
        "Cedar GmbH",
        status="needs_reconnect",
        error_class="invalid_grant",
        error_message="HubSpot does not take the refresh token any more: connect again",
        live={"contacts": 812, "deals": 44},
    )
    dogwood = org.add_connection(
        "Dogwood", status="paused", live={"contacts": 12_004, "deals": 310}
    )
    org.add_comparison(dogwood, contacts=(12_009, 12_004), deals=(310, 310))
    elm = org.add_connection(
        "Elm & Partners", error_class="rate_limit", live={"contacts": 96_310, "deals": 4_120}
    )
    org.add_comparison(
        elm, error_class="rate_limit", contacts=(96_310, 96_310), deals=(4_120, 4_120)
    )
    org.add_connection("Fir", status="disconnected")
    org.add_pipeline(alder, label="Sales pipeline", stages=STAGES)
    for number, (stage, deals) in enumerate(_DEALS.items()):
        org.add_total(alder, stage, deals, deals * 4_310 + number * 97)
        org.add_total(alder, stage, deals // 5, deals * 930.5, currency="USD", owner="72")
    return alder
