"""Turning switches over the control API, as a client in another language would."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap.sandbox.caller import Caller, Reply

LINKS = "/crm/associations/2026-09/deals/contacts/batch/read"


def speak(caller: Caller, **switches: object) -> None:
    """Turn switches of the dialect."""
    reply = caller.control("PUT", "/sandbox/dialect", switches)
    assert reply.status == 200, reply.body


def played(caller: Caller) -> dict[str, int]:
    """Return how often each switch changed an answer."""
    counts = caller.control("GET", "/sandbox/dialect").body["played"]
    assert isinstance(counts, dict)
    return counts


def sets(caller: Caller, *inputs: str | dict[str, str]) -> Reply:
    """Batch read the contacts of deals."""
    entries = [{"id": one} if isinstance(one, str) else one for one in inputs]
    return caller.post(LINKS, {"inputs": entries})


def deals_with_contacts(caller: Caller) -> list[str]:
    """Return the deals that have contacts."""
    ids = caller.portal.stores["deals"].ids()
    return [str(id_) for id_ in ids if caller.portal.linked("deals", id_)]
