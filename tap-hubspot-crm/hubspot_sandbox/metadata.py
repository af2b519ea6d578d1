"""Answers about the portal itself: properties, pipelines, owners, the account."""

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from hubspot_sandbox.calls import (
    Answer,
    Call,
    JsonObject,
    flag,
    whole_number,
)
from hubspot_sandbox.clock import iso
from hubspot_sandbox.errors import invalid_request, not_found
from hubspot_sandbox.pipelines import describe_owner, describe_pipeline
from hubspot_sandbox.properties import SENSITIVITIES, describe

OWNER_LIMIT: Final = 500


def list_properties(call: Call) -> Answer:
    """Answer the definitions of one sensitivity, archived ones or the others."""
    object_type = call.object_type()
    archived = flag(call.query, "archived")
    sensitivity = call.query.get("dataSensitivity", "non_sensitive")
    kind = next((kind for kind in SENSITIVITIES if kind == sensitivity), None)
    if kind is None:
        raise invalid_request("dataSensitivity must be one that is documented")
    call.require_listing(object_type, kind)
    with call.portal.lock:
        results = [
            describe(definition)
            for definition in call.portal.properties[object_type].values()
            if (definition.archived_at is not None) == archived and definition.sensitivity == kind
        ]
    return Answer(body={"results": results})


def read_property(call: Call) -> Answer:
    """Answer one definition."""
    object_type = call.object_type()
    definition = call.portal.properties[object_type].get(call.path["name"])
    if definition is None or (definition.archived_at is not None) != flag(call.query, "archived"):
        raise not_found("Property does not exist")
    call.require_listing(object_type, definition.sensitivity)
    return Answer(body=describe(definition))


def list_pipelines(call: Call) -> Answer:
    """Answer every pipeline with its stages, unpaged; contacts have none."""
    is_deals = call.object_type() == "deals"
    with call.portal.lock:
        pipelines = list(call.portal.pipelines.values()) if is_deals else []
    return Answer(body={"results": [describe_pipeline(pipeline) for pipeline in pipelines]})


def read_pipeline(call: Call) -> Answer:
    """Answer one pipeline."""
    return Answer(body=_pipeline(call))


def list_stages(call: Call) -> Answer:
    """Answer the stages of one pipeline."""
    return Answer(body={"results": _pipeline(call)["stages"]})


def list_owners(call: Call) -> Answer:
    """Answer a page of active owners, or of deactivated ones."""
    call.require("crm.objects.owners.read")
    archived = flag(call.query, "archived")
    limit = whole_number(call.query.get("limit", "100"), "limit", low=1, high=OWNER_LIMIT)
    after = whole_number(call.query.get("after") or "0", "after")
    email = call.query.get("email", "").lower()
    with call.portal.lock:
        owners = sorted(call.portal.owners.values(), key=lambda owner: owner.id)
    found = [
        owner
        for owner in owners
        if owner.archived == archived and owner.id >= after and email in {"", owner.email.lower()}
    ]
    body: JsonObject = {"results": [describe_owner(owner) for owner in found[:limit]]}
    if len(found) > limit:
        body["paging"] = call.next_page(str(found[limit - 1].id + 1))
    return Answer(body=body)


def read_owner(call: Call) -> Answer:
    """Answer one owner by id, active or (if asked) deactivated."""
    call.require("crm.objects.owners.read")
    text = call.path["owner_id"]
    owner = call.portal.owners.get(int(text)) if text.isdecimal() else None
    if owner is None or owner.archived != flag(call.query, "archived"):
        raise not_found("resource not found")
    return Answer(body=describe_owner(owner))


def read_account(call: Call) -> Answer:
    """Answer what kind of account the portal is, and its time zone."""
    moment = datetime.fromtimestamp(call.portal.clock.now_ms() / 1000, UTC)
    offset = moment.astimezone(ZoneInfo(call.portal.time_zone)).strftime("%z")
    minutes = int(offset[:3]) * 60 + int(offset[0] + offset[3:])
    return Answer(
        body={
            "portalId": call.portal.portal_id,
            "accountType": "STANDARD",
            "timeZone": call.portal.time_zone,
            "companyCurrency": "EUR",
            "additionalCurrencies": ["USD", "GBP", "CHF"],
            "utcOffset": f"{offset[:3]}:{offset[3:]}",
            "utcOffsetMilliseconds": minutes * 60_000,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        }
    )


def read_daily_usage(call: Call, used: int, allowed: int) -> Answer:
    """Answer how much of the day's calls of static tokens is used."""
    now = iso(call.portal.clock.now_ms())
    usage = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": allowed,
        "currentUsage": used,
        "collectedAt": now,
        "fetchStatus": "SUCCESS",
    }
    return Answer(body={"results": [usage]})


def _pipeline(call: Call) -> JsonObject:
    is_deals = call.object_type() == "deals"
    pipeline = call.portal.pipelines.get(call.path["pipeline_id"]) if is_deals else None
    if pipeline is None:
        raise not_found("Pipeline does not exist")
    return describe_pipeline(pipeline)
