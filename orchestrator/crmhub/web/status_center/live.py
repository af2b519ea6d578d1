"""Cards that change while somebody looks: server-sent events (WHATWG: HTML, server-sent events).

All streams of the process are served by one task, which looks at the database now and again while
there is a stream at all. A browser that is slow gets the newest card of each connection only.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import TYPE_CHECKING, Final

from crmhub.errors import CrmHubError
from crmhub.web.errors import TooManyCallsError
from crmhub.web.status_center.card_parts import card_part
from crmhub.web.status_center.watch import look

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from crmhub.web.databases import Databases
    from crmhub.web.sessions import Viewer
    from crmhub.web.status_center.cards import Card, Role
    from crmhub.web.status_center.watch import Look

logger = logging.getLogger("CrmHubWeb")

#: What was committed so long after its own time is still seen, seconds.
_LATE_SECONDS: Final = 30.0
#: Whoever begins to watch gets what changed since its page was made, seconds.
_NEW_SECONDS: Final = 90.0
#: Between two tries to reach a database that is away, seconds.
_AWAY_SECONDS: Final = 5.0
#: A stream that says nothing for so long is taken for dead by proxies, seconds.
_SILENCE_SECONDS: Final = 15.0
_NOTHING_NEW: Final = ": nothing new\n\n"
#: Then the browser asks anew, and has to be signed in still, seconds.
_LIFE_SECONDS: Final = 600.0
#: Of one session; every window that is looked at has one.
STREAMS_PER_SESSION: Final = 20


class Stream:
    """One browser that watches its organisation's cards."""

    def __init__(self, viewer: Viewer) -> None:
        """Nothing waits to be sent yet."""
        self.org_id = viewer.org_id
        self.role: Role = viewer.role
        self.session_id = viewer.session_id
        #: Whether no look was made for it yet.
        self.is_new = True
        #: Whether its session has ended.
        self.is_over = False
        self._waiting: dict[UUID, str] = {}
        self._wake = asyncio.Event()

    def offer(self, connection_id: UUID, event: str) -> None:
        """Have an event sent, instead of an older one of the same connection."""
        self._waiting[connection_id] = event
        self._wake.set()

    def end(self) -> None:
        """Send nothing more."""
        self.is_over = True
        self._wake.set()

    async def take(self, seconds: float) -> list[str]:
        """The events to send; none if none came in time."""
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return []
        self._wake.clear()
        taken, self._waiting = self._waiting, {}
        return list(taken.values())


class LiveCards:
    """All streams of the process."""

    def __init__(self, databases: Databases, *, look_seconds: float) -> None:
        """Look at nothing until there is a stream, and then every `look_seconds`."""
        self._databases = databases
        self._look_seconds = look_seconds
        self._streams: set[Stream] = set()
        self._watching: asyncio.Task[None] | None = None
        #: Connection and role → the card that was sent last.
        self._sent: dict[tuple[UUID, Role], Card] = {}
        self._in_flight: frozenset[UUID] = frozenset()

    def events(self, viewer: Viewer) -> AsyncIterator[str]:
        """What a viewer's stream sends until the browser goes away or the stream's time is up.

        Raises TooManyCallsError at once.
        """
        same = sum(stream.session_id == viewer.session_id for stream in self._streams)
        if same >= STREAMS_PER_SESSION:
            raise TooManyCallsError(
                "Too many windows are open: close some of them.", retry_after_seconds=30
            )
        return self._events(viewer)

    async def _events(self, viewer: Viewer) -> AsyncIterator[str]:
        # Here, not earlier: a stream that nobody begins to read would be there for ever.
        stream = Stream(viewer)
        self._streams.add(stream)
        if self._watching is None:
            self._watching = asyncio.create_task(self._watch())
        ends = time.monotonic() + _LIFE_SECONDS
        try:
            yield "retry: 3000\n\n"
            while not stream.is_over and (left := ends - time.monotonic()) > 0:
                events = await stream.take(min(_SILENCE_SECONDS, left))
                # One by one: what a slow browser has not taken yet is not copied for it. A comment
                # keeps the way open, and finds out who has gone.
                for event in events or [_NOTHING_NEW]:
                    yield event
        finally:
            self._streams.discard(stream)

    async def _watch(self) -> None:
        back_seconds = _LATE_SECONDS
        while self._streams:
            streams = list(self._streams)
            if any(stream.is_new for stream in streams):
                back_seconds = max(back_seconds, _NEW_SECONDS)
            began = time.monotonic()
            if await self._look(streams, back_seconds):
                back_seconds = _LATE_SECONDS
                await asyncio.sleep(self._look_seconds)
            else:
                await asyncio.sleep(_AWAY_SECONDS)
                back_seconds += time.monotonic() - began
        self._watching = None
        self._sent.clear()
        self._in_flight = frozenset()

    async def _look(self, streams: list[Stream], back_seconds: float) -> bool:
        """Look once and tell the streams; False if that failed, which is not the end of them."""
        try:
            found = await asyncio.to_thread(
                look,
                self._databases,
                _wanted(streams),
                sessions={stream.session_id for stream in streams},
                in_flight=self._in_flight,
                back_seconds=back_seconds,
            )
            self._hand_out(found, streams)
        except CrmHubError as error:
            logger.warning("live cards: %s", error)
            return False
        except Exception as error:  # noqa: BLE001 - the next look may well succeed
            # The type says what kind of fault it is; its text may quote somebody's data.
            logger.error("live cards: %s", type(error).__name__)  # noqa: TRY400 - as above
            return False
        return True

    def _hand_out(self, found: Look, streams: list[Stream]) -> None:
        events: dict[tuple[UUID, Role], str] = {}
        for stream in streams:
            if stream.session_id not in found.allowed:
                stream.end()
                continue
            for card in found.cards.get((stream.org_id, stream.role), ()):
                key = card.id, stream.role
                if stream.is_new or self._sent.get(key) != card:
                    if key not in events:
                        events[key] = card_event(card)
                    stream.offer(card.id, events[key])
            stream.is_new = False
        # What has not moved for a while is told again only if it moves.
        self._sent = {
            (card.id, role): card for (_, role), cards in found.cards.items() for card in cards
        }
        self._in_flight = found.in_flight


def card_event(card: Card) -> str:
    """A card as an event of the stream."""
    told = {"id": str(card.id), "html": card_part(card)}
    return f"event: card\ndata: {json.dumps(told)}\n\n"


def _wanted(streams: list[Stream]) -> dict[UUID, set[Role]]:
    wanted: dict[UUID, set[Role]] = {}
    for stream in streams:
        wanted.setdefault(stream.org_id, set()).add(stream.role)
    return wanted
