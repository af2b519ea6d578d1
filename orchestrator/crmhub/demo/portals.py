"""What the demo's two organisations have in HubSpot, and what changes there between the runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hubspot_sandbox.words import NAME_MARK

if TYPE_CHECKING:
    from hubspot_sandbox.sandbox import SandboxPortal

#: A person both organisations know: one sees that their pseudonyms have nothing in common.
SHARED_EMAIL = f"Ada.Love{NAME_MARK}@example.com"
SHARED_PHONE = "+44 20 7946 0321"


@dataclass(frozen=True, kw_only=True)
class PortalPlan:
    """One organisation of the demo."""

    name: str
    contacts: int
    deals: int
    seed: int


PLANS = (
    PortalPlan(name="Alder & Sons", contacts=2_000, deals=400, seed=1),
    PortalPlan(name="Birch Ltd", contacts=600, deals=150, seed=2),
)


def add_shared_person(portal: SandboxPortal) -> str:
    """Create the person both organisations know; returns the contact's id."""
    return portal.create(
        "contacts",
        {
            "email": SHARED_EMAIL,
            "firstname": "Ada",
            "lastname": f"Love{NAME_MARK}",
            "phone": SHARED_PHONE,
            "lifecyclestage": "opportunity",
            "hs_analytics_source": "ORGANIC_SEARCH",
            "hs_analytics_num_visits": "12",
            "jobtitle": "Countess",
        },
    )


def change(portal: SandboxPortal) -> dict[str, int]:
    """Work in the portal as people do; returns what was done, and to how many records."""
    contacts = portal.stores["contacts"].ids().copy()
    deals = portal.stores["deals"].ids().copy()
    edited, archived, merged = contacts[:25], contacts[30:35], contacts[40:44]
    for contact in edited:
        portal.edit("contacts", contact, {"lifecyclestage": "customer"})
    portal.archive("contacts", *archived)
    for winner, loser in zip(merged[::2], merged[1::2], strict=True):
        portal.merge("contacts", winner, loser)
    won = deals[:10]
    for deal in won:
        portal.edit("deals", deal, {"dealstage": "closedwon"})
    portal.create(
        "contacts", {"email": f"new.{NAME_MARK}@example.com", "lastname": f"New{NAME_MARK}"}
    )
    return {
        "contacts edited": len(edited),
        "contacts archived": len(archived),
        "contacts merged into others": len(merged),
        "contacts created": 1,
        "deals won": len(won),
    }
