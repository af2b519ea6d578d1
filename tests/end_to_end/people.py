"""What people do in a portal while it is synced."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

    from hubspot_sandbox.sandbox import SandboxPortal


def work_in(portal: SandboxPortal, chance: random.Random) -> None:
    """One thing that people do; nothing that HubSpot changes without a trace."""
    contacts, deals = portal.stores["contacts"].ids(), portal.stores["deals"].ids()
    match chance.randrange(6):
        case 0:
            portal.create("contacts", {"email": f"new{chance.random()}@example.com"})
        case 1 if len(contacts) > 3:
            portal.archive("contacts", chance.choice(contacts))
        case 2 if len(contacts) > 3:
            portal.merge("contacts", *chance.sample(contacts, 2))
        case 3:
            portal.edit("deals", chance.choice(deals), {"amount": str(chance.randrange(10_000))})
        case _:
            portal.edit(
                "contacts",
                chance.choice(contacts),
                {"lifecyclestage": chance.choice(["lead", "customer", "opportunity"])},
            )
