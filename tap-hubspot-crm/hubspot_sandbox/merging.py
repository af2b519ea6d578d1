"""What becomes of two records that are merged."""

from collections.abc import Sequence

from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.records import Record


def merged_record(
    object_type: ObjectType, winner: Record, loser: Record, *, new_id: int, now: int
) -> Record:
    """Return the record two others become (HubSpot: changelog, merges).

    It has an id of its own and the earlier creation. The winner's values win; the loser's fill
    what is empty, and a contact keeps the loser's address among the additional ones.
    """
    values = {**loser.properties, **{n: v for n, v in winner.properties.items() if v}}
    if object_type == "contacts":
        emails = _listed([winner, loser], "hs_additional_emails")
        second = loser.properties.get("email")
        if second and second != values.get("email"):
            emails.append(second)
        if emails:
            values["hs_additional_emails"] = ";".join(dict.fromkeys(emails))
        stamps = _listed([winner, loser], "hs_calculated_merged_vids")
        stamps += [f"{record.id}:{now}" for record in (winner, loser)]
        values["hs_calculated_merged_vids"] = ";".join(stamps)
    return Record(
        id=new_id,
        created_at=min(winner.created_at, loser.created_at),
        modified_at=now,
        properties=values,
        merged_ids=(*winner.merged_ids, *loser.merged_ids, winner.id, loser.id),
    )


def _listed(records: Sequence[Record], name: str) -> list[str]:
    return [
        part for record in records for part in record.properties.get(name, "").split(";") if part
    ]
