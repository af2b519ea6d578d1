"""What all runs of a process have in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from crmhub.sync.launching import ColdLauncher
from crmhub.sync.lease import LEASE_SECONDS
from crmhub.sync.runs import ClaimLimits

if TYPE_CHECKING:
    from crmhub.oauth.access_tokens import AccessTokens
    from crmhub.settings import DatabaseUrls
    from crmhub.sync.launching import Launcher

#: HUBSPOT_SYNC_INTERVAL_MS where nobody says otherwise.
DEFAULT_INTERVAL_MS: Final = 3_600_000
#: A run that takes longer is ended, seconds. A million contacts take 17 minutes (facts: speed).
RUN_SECONDS: Final = 6 * 3600.0


@dataclass(frozen=True, kw_only=True)
class SyncPlan:
    """What all runs of a process have in common."""

    urls: DatabaseUrls
    salt: str
    #: By which the connections' portals are read.
    tokens: AccessTokens
    #: None: HubSpot's own.
    api_url: str | None = None
    #: Of connections that have no interval of their own, seconds.
    interval_seconds: float = DEFAULT_INTERVAL_MS / 1000
    limits: ClaimLimits = field(default_factory=ClaimLimits)
    run_seconds: float = RUN_SECONDS
    #: Whether a full pass may delete most of a stream: only where a person has looked.
    allow_mass_delete: bool = False
    #: Until a worker that is not heard of has lost its runs.
    lease_seconds: int = LEASE_SECONDS
    launcher: Launcher = field(default_factory=ColdLauncher)
