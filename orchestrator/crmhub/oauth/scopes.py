"""What the app asks an account for (HubSpot: scopes)."""

from __future__ import annotations

from typing import Final

#: Without one of these a sync is not complete.
NEEDED_SCOPES: Final = (
    "crm.objects.contacts.read",
    "crm.objects.deals.read",
    "crm.objects.owners.read",
)
#: What the consent page shows; HubSpot wants `oauth` of every app.
ASKED_SCOPES: Final = ("oauth", *NEEDED_SCOPES)


def missing_scopes(granted: frozenset[str] | None) -> list[str]:
    """The scopes a sync lacks; none where HubSpot did not tell what was granted."""
    return [] if granted is None else [scope for scope in NEEDED_SCOPES if scope not in granted]
