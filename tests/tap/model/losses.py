"""What a run took from the consumer though the portal has it, at once and not only at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap.model.comparison import OBJECT_STREAMS

if TYPE_CHECKING:
    from tap.model.consumer import Consumer

    from hubspot_sandbox.sandbox import SandboxPortal


class Holdings:
    """The live rows and filled sets that a consumer holds at one moment."""

    def __init__(self, consumer: Consumer) -> None:
        self._rows = {
            stream: {key for key, held in consumer.rows[stream].items() if held.is_live}
            for stream in OBJECT_STREAMS
        }
        sets = consumer.rows["deal_contacts"]
        self._sets = {key for key, held in sets.items() if held.record["contacts"]}

    def lost(self, consumer: Consumer, portal: SandboxPortal) -> list[str]:
        """Return what is no longer held and exists, as `stream key`."""
        now = Holdings(consumer)
        lost: list[str] = []
        for stream in OBJECT_STREAMS:
            live = {str(id_) for id_ in portal.stores[stream].ids()}
            gone = (self._rows[stream] & live) - now._rows[stream]
            lost += [f"{stream} {key}" for key in sorted(gone)]
        truth: Any = portal.truth("deal_contacts")["live"]
        filled = {key for key, contacts in truth.items() if contacts}
        gone = (self._sets & filled) - now._sets
        return lost + [f"deal_contacts {key}" for key in sorted(gone)]
