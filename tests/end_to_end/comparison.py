"""What the canonical tables hold beside what a portal holds."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from end_to_end.conftest import Scene

    from crmhub.demo.stage import Organisation


def truth(organisation: Organisation, stream: str) -> dict[str, Any]:
    told: dict[str, Any] = organisation.portal.truth(stream)  # type: ignore[arg-type]  # any of them
    return told


def assert_equal_to_portal(scene: Scene, organisation: Organisation) -> None:
    """The canonical tables hold what the portal holds: nothing missing, stale or left over."""
    whose = [organisation.org_id, organisation.connection_id]
    for stream, table in (("contacts", "crm_contacts"), ("deals", "crm_deals")):
        told = truth(organisation, stream)
        rows = scene.database.rows(
            f"select external_id, archived, merged_into, source_updated_at from crmhub.{table} "  # noqa: S608 - names of our own
            "where org_id = %s and connection_id = %s",
            whose,
        )
        live = {row["external_id"]: row for row in rows if not row["archived"]}
        assert set(live) == set(told["live"])
        for record_id, record in told["live"].items():
            assert f"{live[record_id]['source_updated_at']:%Y-%m-%dT%H:%M:%S}" == record[
                "updatedAt"
            ].partition(".")[0].rstrip("Z")
        gone = {row["external_id"] for row in rows if row["archived"] and not row["merged_into"]}
        assert gone == set(told["archived"])
        merged = {row["external_id"]: row["merged_into"] for row in rows if row["merged_into"]}
        assert merged == told["merged"]
    amounts = {
        row["external_id"]: row["amount"]
        for row in scene.database.rows(
            "select external_id, amount from crmhub.crm_deals "
            "where org_id = %s and connection_id = %s and not archived",
            whose,
        )
    }
    for record_id, record in truth(organisation, "deals")["live"].items():
        amount = record["properties"].get("amount")
        assert amounts[record_id] == (Decimal(amount) if amount else None)
    links: dict[str, set[str]] = {}
    for row in scene.database.rows(
        "select deal_external_id, contact_external_id from crmhub.crm_deal_contacts "
        "where org_id = %s and connection_id = %s",
        whose,
    ):
        links.setdefault(row["deal_external_id"], set()).add(row["contact_external_id"])
    told_links = {
        deal: {contact["id"] for contact in contacts}
        for deal, contacts in truth(organisation, "deal_contacts")["live"].items()
        if contacts
    }
    live_deals = set(truth(organisation, "deals")["live"])
    assert {deal: found for deal, found in links.items() if deal in live_deals} == told_links
