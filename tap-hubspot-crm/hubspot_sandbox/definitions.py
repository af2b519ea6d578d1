"""What a portal defines for all its records: properties, deal pipelines, owners."""

import threading
from dataclasses import replace

from hubspot_sandbox.clock import Clock
from hubspot_sandbox.company_properties import COMPANY_PROPERTIES
from hubspot_sandbox.contact_properties import CONTACT_PROPERTIES
from hubspot_sandbox.deal_properties import DEAL_PROPERTIES
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.pipelines import DEFAULT_PIPELINES, Owner, Pipeline
from hubspot_sandbox.properties import PropertyDefinition, by_name


class Definitions:
    """A portal's properties, pipelines and owners, and how they change."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        #: Held while the portal is read or changed.
        self.lock = threading.RLock()
        self.properties: dict[ObjectType, dict[str, PropertyDefinition]] = {
            "contacts": dict(by_name(CONTACT_PROPERTIES)),
            "deals": dict(by_name(DEAL_PROPERTIES)),
            "companies": dict(by_name(COMPANY_PROPERTIES)),
        }
        self.pipelines: dict[str, Pipeline] = {p.id: p for p in DEFAULT_PIPELINES}
        self.owners: dict[int, Owner] = {}

    def add_property(self, object_type: ObjectType, definition: PropertyDefinition) -> None:
        """Define a property, or define one anew."""
        with self.lock:
            self.properties[object_type][definition.name] = definition

    def archive_property(self, object_type: ObjectType, name: str) -> None:
        """Archive a property: it is listed as archived and no record answers it.

        Raises:
            KeyError: no such property.
        """
        with self.lock:
            definition = self.properties[object_type][name]
            archived = replace(definition, archived_at=self.clock.now_ms())
            self.properties[object_type][name] = archived

    def put_owner(self, owner: Owner) -> None:
        """Add an owner, or replace the one with this id."""
        with self.lock:
            self.owners[owner.id] = owner

    def deactivate_owner(self, owner_id: int | str) -> None:
        """Deactivate an owner.

        Raises:
            KeyError: no such owner.
        """
        owner = self.owners[int(owner_id)]
        self.put_owner(replace(owner, archived=True, updated_at=self.clock.now_ms()))

    def put_pipeline(self, pipeline: Pipeline) -> None:
        """Add a deal pipeline, or replace the one with this id."""
        with self.lock:
            self.pipelines[pipeline.id] = pipeline
