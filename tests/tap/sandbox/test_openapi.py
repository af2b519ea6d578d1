"""Every answer validates against HubSpot's published specifications, where the folder is there."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema.exceptions import ValidationError
from openapi_schema_validator import OAS30Validator, oas30_format_checker
from tap.sandbox.caller import Caller, Reply, where

from hubspot_sandbox.limits import Limits
from hubspot_sandbox.tokens import DEFAULT_SCOPES

SPECIFICATIONS = Path(__file__).parents[4] / "shared" / "facts" / "hubspot-openapi"

pytestmark = pytest.mark.skipif(
    not SPECIFICATIONS.is_dir(), reason="the folder with HubSpot's OpenAPI files is not there"
)

#: Where HubSpot's own recorded answers hold null and the specification says text or number:
#: schema, path within it.
NULL_IN_RECORDINGS = (
    ("SimplePublicObject", ("properties", "properties", "additionalProperties")),
    ("SimplePublicObjectWithAssociations", ("properties", "properties", "additionalProperties")),
    ("AssociationSpecWithLabel", ("properties", "label")),
    ("PublicOwner", ("properties", "userId")),
)
OBJECTS = "/crm/objects/2026-09"
OBJECT = OBJECTS + "/{objectType}"
LINKS = "/crm/associations/2026-09/{fromObjectType}/{toObjectType}/batch/read"


@cache
def _specification(name: str) -> dict[str, Any]:
    path = SPECIFICATIONS / f"{name}-2026-09.json"
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    schemas = document["components"]["schemas"]
    for schema, steps in NULL_IN_RECORDINGS:
        part = schemas.get(schema, {})
        for step in steps:
            part = part.get(step, {})
        part["nullable"] = True
    if "StandardError" in schemas:
        # The specification says object; the answers recorded hold text.
        schemas["StandardError"]["properties"]["subCategory"] = {"type": "string"}
    return document


def _check(reply: Reply, name: str, path: str, method: str, status: str) -> None:
    """Validate a body against what the specification says of a path, method and status."""
    document = _specification(name)
    responses = document["paths"][path][method]["responses"]
    response = responses[status]
    if status == "default":
        response = document["components"]["responses"]["Error"]
    (content,) = response["content"].values()
    whole = {"allOf": [content["schema"]], "components": document["components"]}
    validator = OAS30Validator(whole, format_checker=oas30_format_checker)
    validator.validate(reply.body)


@pytest.mark.parametrize(
    ("name", "object_type"), [("contacts", "contacts"), ("contacts", "0-1"), ("deals", "0-3")]
)
def test_lists_single_records_searches_and_batches(
    caller: Caller, name: str, object_type: str
) -> None:
    path = f"{OBJECTS}/{object_type}"
    other = "deals" if name == "contacts" else "contacts"
    names = "email,phone,dealname,amount,hs_merged_object_ids"
    pages = [
        caller.get(path, limit="3", associations=other, properties=names),
        caller.get(path),
        caller.get(path, propertiesWithHistory="email,dealname", limit="5"),
    ]
    caller.portal.archive("contacts" if name == "contacts" else "deals", "51")
    pages.append(caller.get(path, archived="true"))
    for page in pages:
        assert page.status == 200
        assert page.body["results"]
        _check(page, name, OBJECT, "get", "200")
    one = caller.get(f"{path}/1", associations=other)
    _check(one, name, OBJECT + "/{objectId}", "get", "200")
    found = caller.post(f"{path}/search", {"limit": 2, "properties": ["email", "amount"]})
    assert "paging" in found.body
    _check(found, name, OBJECT + "/search", "post", "200")
    # The specification lists 200 only; a 207 has the same body.
    for ids in (["1"], ["1", "999"]):
        batch = caller.batch(object_type, *ids)
        assert batch.status == (200 if len(ids) == 1 else 207)
        _check(batch, name, OBJECT + "/batch/read", "post", "200")


def test_associations(caller: Caller) -> None:
    deal = next(d for d in caller.portal.stores["deals"].ids() if caller.portal.linked("deals", d))
    path = "/crm/associations/2026-09/deals/contacts/batch/read"
    whole = caller.post(path, {"inputs": [{"id": str(deal)}]})
    assert whole.status == 200
    _check(whole, "associations", LINKS, "post", "200")
    partial = caller.post(path, {"inputs": [{"id": str(deal)}, {"id": "999"}]})
    assert partial.status == 207
    _check(partial, "associations", LINKS, "post", "200")


def test_owners_pipelines_and_properties(caller: Caller) -> None:
    owners = "/crm/owners/2026-09"
    for query in ({"limit": "2"}, {"archived": "true"}):
        _check(caller.get(owners, **query), "owners", owners, "get", "200")
    first = caller.get(owners).ids[0]
    _check(caller.get(f"{owners}/{first}"), "owners", owners + "/{ownerId}", "get", "200")
    pipelines = "/crm/pipelines/2026-09/{objectType}"
    for rest in ("", "/{pipelineId}", "/{pipelineId}/stages"):
        asked = (pipelines + rest).format(objectType="deals", pipelineId="default")
        _check(caller.get(asked), "pipelines", pipelines + rest, "get", "200")
    caller.token = caller.sandbox.tokens.add_static(
        None,
        portal_id=4242,
        scopes=(
            *DEFAULT_SCOPES,
            "crm.objects.contacts.sensitive.read.v2",
            "crm.objects.deals.sensitive.read.v2",
        ),
    )
    properties = "/crm/properties/2026-09/{objectType}"
    for object_type in ("contacts", "deals"):
        for query in ({}, {"archived": "true"}, {"dataSensitivity": "sensitive"}):
            asked = properties.format(objectType=object_type)
            _check(caller.get(asked, **query), "properties", properties, "get", "200")
    asked = "/crm/properties/2026-09/contacts/email"
    _check(caller.get(asked), "properties", properties + "/{propertyName}", "get", "200")


def test_introspection(caller: Caller) -> None:
    path = "/oauth/2026-09/token/introspect"
    portal = caller.portal
    for token in (portal.refresh_token, portal.access_token, "unknown"):
        reply = caller.form(
            path, client_id=portal.client_id, client_secret=portal.client_secret, token=token
        )
        _check(reply, "oauth", path, "post", "200")


def test_errors(caller: Caller) -> None:
    contacts = f"{OBJECTS}/contacts"
    too_many = [{"id": str(n)} for n in range(1001)]
    deals_only = caller.sandbox.add_portal(portal_id=6, scopes=("crm.objects.deals.read",))
    errors = [
        (400, caller.get(contacts, limit="101"), "contacts", OBJECT, "get"),
        (400, caller.get(f"{OBJECTS}/widgets"), "contacts", OBJECT, "get"),
        (404, caller.get(f"{contacts}/2"), "contacts", OBJECT + "/{objectId}", "get"),
        (414, caller.get(contacts, properties="a" * 17_000), "contacts", OBJECT, "get"),
        (
            400,
            caller.search("contacts", where("shoe_size", "EQ", "1")),
            "contacts",
            OBJECT + "/search",
            "post",
        ),
        (
            500,
            caller.search("contacts", where("createdate", "GT", "0")),
            "contacts",
            OBJECT + "/search",
            "post",
        ),
        (
            400,
            caller.search("contacts", after="9999"),
            "contacts",
            OBJECT + "/search",
            "post",
        ),
        (
            400,
            caller.post(
                "/crm/associations/2026-09/deals/contacts/batch/read", {"inputs": too_many}
            ),
            "associations",
            LINKS,
            "post",
        ),
        (
            404,
            caller.get("/crm/pipelines/2026-09/deals/none"),
            "pipelines",
            "/crm/pipelines/2026-09/{objectType}/{pipelineId}",
            "get",
        ),
        (
            403,
            caller.get(contacts, properties="dietary_notes"),
            "contacts",
            OBJECT,
            "get",
        ),
        (
            404,
            caller.get("/crm/owners/2026-09/1"),
            "owners",
            "/crm/owners/2026-09/{ownerId}",
            "get",
        ),
        (
            403,
            caller.post(f"{contacts}/merge", {}),
            "contacts",
            OBJECT + "/merge",
            "post",
        ),
    ]
    for token, status in (
        (deals_only.access_token, 403),
        ("pat-na1-unknown", 401),
        ("malformed token", 530),
    ):
        caller.token = token
        errors.append((status, caller.get(contacts), "contacts", OBJECT, "get"))
    for status, reply, name, path, method in errors:
        assert reply.status == status
        _check(reply, name, path, method, "default")


def test_a_429_differs_from_the_specification_as_recorded(caller: Caller) -> None:
    """HubSpot's 429 has an `errorType` where the specification wants a category."""
    caller.portal.limits = Limits(calls_per_10_seconds=0)
    reply = caller.get(f"{OBJECTS}/contacts")
    assert reply.status == 429
    with pytest.raises(ValidationError, match="'category' is a required property"):
        _check(reply, "contacts", OBJECT, "get", "default")
    whole = Reply(status=429, body={**reply.body, "category": "RATE_LIMITS"}, headers={})
    _check(whole, "contacts", OBJECT, "get", "default")


def test_a_broken_answer_would_be_found(caller: Caller) -> None:
    """The validation itself sees a number where text is due and a missing field."""
    reply = caller.get(f"{OBJECTS}/contacts", limit="2")
    first = reply.body["results"][0]
    first["properties"]["email"] = 5
    with pytest.raises(ValidationError):
        _check(reply, "contacts", OBJECT, "get", "200")
    first["properties"]["email"] = None
    del first["updatedAt"]
    with pytest.raises(ValidationError):
        _check(reply, "contacts", OBJECT, "get", "200")
