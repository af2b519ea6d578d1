"""What the demo's two organisations have in HubSpot, and what changes there between the runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

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


#: An account that nobody has connected when the demo begins.
LATER = PortalPlan(name="Cedar GmbH", contacts=300, deals=80, seed=3)

#: The stages that deals go through, of the pipeline that each portal has.
_STAGES: Final = (
    "appointmentscheduled",
    "qualifiedtobuy",
    "presentationscheduled",
    "decisionmakerboughtin",
    "contractsent",
    "closedwon",
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


def work_a_little(portal: SandboxPortal, turn: int) -> None:
    """Do one thing in the portal; `turn` decides which, and to which record."""
    deals = portal.stores["deals"].ids()
    contacts = portal.stores["contacts"].ids()
    deal, contact = deals[turn * 7 % len(deals)], contacts[turn * 11 % len(contacts)]
    match turn % 4:
        case 0 | 1:
            portal.edit("deals", deal, {"dealstage": _STAGES[turn // 2 % len(_STAGES)]})
        case 2:
            portal.edit("contacts", contact, {"lifecyclestage": "opportunity"})
        case _:
            portal.create(
                "contacts",
                {
                    "email": f"visitor.{turn}.{NAME_MARK}@example.com",
                    "lastname": f"Visitor{NAME_MARK}",
                },
            )
