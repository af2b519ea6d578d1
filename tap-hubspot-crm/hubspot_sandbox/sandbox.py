"""Several portals behind one address, told apart by the bearer token."""

import hashlib
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from hubspot_sandbox.clock import Clock, SystemClock
from hubspot_sandbox.dialect import Dialect
from hubspot_sandbox.errors import UnknownPortalError
from hubspot_sandbox.faults import FaultKind, FaultPlan, FaultRule, Faults
from hubspot_sandbox.limits import Limits, RateLimiter
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.quirks import Quirks
from hubspot_sandbox.search_matches import SearchIndexes
from hubspot_sandbox.seed import seed_portal
from hubspot_sandbox.tokens import DEFAULT_SCOPES, Grant, TokenBook
from hubspot_sandbox.truth import TruthStream, tell_truth

_KEPT_REQUESTS: Final = 200_000


@dataclass(frozen=True, kw_only=True)
class LoggedRequest:
    """One answered request; no token and no value in it."""

    #: Milliseconds since 1970.
    at: int
    method: str
    path: str
    status: int
    portal_id: int | None = None
    #: How it failed on purpose, see `faults`.
    fault: FaultKind | None = None
    #: Which properties were asked for; None: none were named.
    properties: tuple[str, ...] | None = None
    #: Records in a batch's inputs, else in the results.
    count: int = 0


class SandboxPortal(Portal):
    """A portal together with the credentials that open it."""

    def __init__(
        self, *, portal_id: int, clock: Clock, seed: int, client_id: str, client_secret: str
    ) -> None:
        super().__init__(portal_id=portal_id, clock=clock, seed=seed)
        self.limits = Limits()
        self.client_id = client_id
        self.client_secret = client_secret
        #: A static token of this portal.
        self.access_token = ""
        #: The refresh token from installing the sandbox's OAuth app in this portal.
        self.refresh_token = ""
        #: What a user of this portal can grant to an app.
        self.scopes: tuple[str, ...] = DEFAULT_SCOPES

    def truth(self, stream: TruthStream) -> dict[str, object]:
        """Return everything a stream should hold; see `truth.tell_truth`."""
        return tell_truth(self, stream)


class Sandbox:
    """Portals, their tokens and limits, and the log of requests.

    Args:
        clock: tells the portals and tokens the time; the limits too, unless given their own.
        limits_clock: tells the limits the time.
        latency_ms: how long every answer takes at least, in the clock's time.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        limits_clock: Clock | None = None,
        latency_ms: int = 0,
        dialect: Dialect | None = None,
    ) -> None:
        self.clock = clock or SystemClock()
        self.latency_ms = latency_ms
        self.dialect = dialect or Dialect()
        self.quirks = Quirks()
        self.client_id = _made_up("client id")
        self.client_secret = _made_up("client secret")
        self.tokens = TokenBook(clock=self.clock, name=self.client_id)
        self.limiter = RateLimiter(limits_clock or self.clock)
        self.indexes = SearchIndexes()
        self.fault_plan = FaultPlan()
        self.portals: dict[int, SandboxPortal] = {}
        self._log: deque[LoggedRequest] = deque(maxlen=_KEPT_REQUESTS)
        self._lock = threading.Lock()

    @property
    def faults(self) -> Faults:
        """How requests fail on purpose; to be replaced as a whole."""
        return self.fault_plan.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self.fault_plan.faults = faults

    def fail_next(self, rule: FaultRule, count: int = 1) -> None:
        """Let the next requests that a rule fits fail, whatever its rate."""
        self.fault_plan.fail_next(rule, count)

    def fail_for(self, rule: FaultRule, seconds: float) -> None:
        """Let all requests that a rule fits fail for so long, by the sandbox's clock."""
        self.fault_plan.fail_until(rule, self.clock.now_ms() + int(seconds * 1000))

    def add_portal(
        self,
        *,
        portal_id: int | None = None,
        contacts: int = 0,
        deals: int = 0,
        seed: int = 1,
        access_token: str | None = None,
        scopes: tuple[str, ...] = DEFAULT_SCOPES,
        limits: Limits | None = None,
    ) -> SandboxPortal:
        """Create and fill a portal, with a static token and the OAuth app installed.

        Raises:
            ValueError: a portal with this id exists.
        """
        with self._lock:
            if portal_id is None:
                portal_id = max([1_000_000, *self.portals]) + 1
            if portal_id in self.portals:
                raise ValueError(f"portal {portal_id} exists already: choose another portal_id")
            portal = SandboxPortal(
                portal_id=portal_id,
                clock=self.clock,
                seed=seed,
                client_id=self.client_id,
                client_secret=self.client_secret,
            )
            self.portals[portal_id] = portal
        portal.limits = limits or Limits()
        portal.scopes = scopes
        seed_portal(portal, contacts=contacts, deals=deals, seed=seed)
        portal.access_token = self.tokens.add_static(
            access_token, portal_id=portal_id, scopes=scopes
        )
        portal.refresh_token = self.tokens.add_grant(
            Grant(portal_id=portal_id, scopes=scopes, client_id=self.client_id)
        )
        return portal

    def portal(self, portal_id: int) -> SandboxPortal:
        """Return a portal.

        Raises:
            UnknownPortalError: there is none with this id.
        """
        portal = self.portals.get(portal_id)
        if portal is None:
            raise UnknownPortalError(f"there is no portal {portal_id}: create it first")
        return portal

    def add_token(
        self, portal_id: int, *, scopes: tuple[str, ...] = DEFAULT_SCOPES, app_id: int | None = None
    ) -> str:
        """Return another static token of a portal: of the same app, or of one of its own.

        Raises:
            UnknownPortalError: there is none with this id.
        """
        self.portal(portal_id)
        return self.tokens.add_static(None, portal_id=portal_id, scopes=scopes, app_id=app_id)

    def remove_portal(self, portal_id: int) -> None:
        """Close an account: its tokens stay known, but the portal is gone.

        Raises:
            UnknownPortalError: there is none with this id.
        """
        self.portal(portal_id)
        del self.portals[portal_id]

    def issue_code(
        self,
        portal_id: int,
        *,
        redirect_uri: str | None = None,
        scopes: tuple[str, ...] = DEFAULT_SCOPES,
    ) -> str:
        """Return an authorization code, as after a user of the portal pressed Connect.

        Raises:
            UnknownPortalError: there is none with this id.
        """
        self.portal(portal_id)
        return self.tokens.add_code(
            Grant(
                portal_id=portal_id,
                scopes=scopes,
                client_id=self.client_id,
                redirect_uri=redirect_uri,
            )
        )

    def uninstall_app(self, portal_id: int) -> None:
        """Take the OAuth app out of a portal: every grant and token it has there ends.

        Raises:
            UnknownPortalError: there is none with this id.
        """
        self.portal(portal_id)
        self.tokens.forget_portal(portal_id)

    def log(self, request: LoggedRequest) -> None:
        """Keep what was asked; the oldest go when there are too many."""
        self._log.append(request)

    def requests(self, portal_id: int | None = None) -> list[LoggedRequest]:
        """Return the requests answered so far, of one portal or of all."""
        return [r for r in list(self._log) if portal_id is None or r.portal_id == portal_id]

    def forget_requests(self) -> None:
        """Empty the log of requests."""
        self._log.clear()


def describe_request(request: LoggedRequest) -> Mapping[str, object]:
    """Return a logged request as JSON."""
    return asdict(request)


def _made_up(name: str) -> str:
    digest = hashlib.sha256(f"hubspot-sandbox {name}".encode()).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"
