"""The truth about a portal, for tests to compare with what a client has gathered."""

from typing import Final, Literal, TypeAlias

from hubspot_sandbox.clock import iso
from hubspot_sandbox.links import link_types
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.pipelines import describe_owner, describe_pipeline
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.records import Record
from hubspot_sandbox.stamps import value_of

TruthStream: TypeAlias = Literal[
    "contacts", "deals", "companies", "deal_contacts", "pipelines", "owners"
]

TRUTH_STREAMS: Final[tuple[TruthStream, ...]] = (
    "contacts",
    "deals",
    "companies",
    "deal_contacts",
    "pipelines",
    "owners",
)


def tell_truth(portal: Portal, stream: TruthStream) -> dict[str, object]:
    """Return everything a stream should hold.

    `contacts`, `deals`, `companies`: `live` and `archived` records by id with every filled
    property, and `merged`: old id to final survivor. `deal_contacts`: `live`: by id of every live
    deal the set `[{id, types: [{category, type_id, label}]}]`, in order of id, perhaps empty.
    `pipelines`, `owners`: `live`: by id, as HubSpot answers them.
    """
    with portal.lock:
        if stream == "deal_contacts":
            return {"live": {str(i): _contacts_of(portal, i) for i in portal.stores["deals"].ids()}}
        if stream == "pipelines":
            return {"live": {p.id: describe_pipeline(p) for p in portal.pipelines.values()}}
        if stream == "owners":
            return {"live": {str(o.id): describe_owner(o) for o in portal.owners.values()}}
        store = portal.stores[stream]
        return {
            "live": {str(r.id): _whole(portal, stream, r) for r in store.live.values()},
            "archived": {str(r.id): _whole(portal, stream, r) for r in store.archived.values()},
            "merged": {str(old): str(store.resolve(old)) for old in store.merged_into},
        }


def _whole(portal: Portal, object_type: ObjectType, record: Record) -> dict[str, object]:
    body: dict[str, object] = {
        "id": str(record.id),
        "createdAt": iso(record.created_at),
        "updatedAt": iso(record.modified_at),
        "archived": record.archived_at is not None,
        "archivedAt": None if record.archived_at is None else iso(record.archived_at),
    }
    values = (
        (name, value_of(object_type, record, name)) for name in portal.properties[object_type]
    )
    body["properties"] = {name: value for name, value in values if value is not None}
    return body


def _contacts_of(portal: Portal, deal_id: int) -> list[dict[str, object]]:
    return [
        {
            "id": str(contact_id),
            "types": [
                {"category": kind.category, "type_id": kind.from_deal, "label": kind.label}
                for kind in link_types(labels)
            ],
        }
        for contact_id, labels in portal.linked("deals", deal_id).items()
    ]
