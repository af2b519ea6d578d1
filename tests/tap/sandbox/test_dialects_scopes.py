"""Properties that a token may not read, and the 403 that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tap.sandbox.caller import where
from tap.sandbox.dialects import played, speak

from hubspot_sandbox.properties import PropertyDefinition
from hubspot_sandbox.tokens import DEFAULT_SCOPES

if TYPE_CHECKING:
    from tap.sandbox.caller import Caller, Reply

OBJECTS = "/crm/objects/2026-09/contacts"
PROPERTIES = "/crm/properties/2026-09/contacts"
SCOPE = "crm.objects.contacts.sensitive.read.v2"
HIGHER = "crm.objects.contacts.highly_sensitive.read.v2"


def _granted(caller: Caller, *scopes: str) -> None:
    caller.token = caller.sandbox.add_token(4242, scopes=(*DEFAULT_SCOPES, *scopes))


def _named(caller: Caller, name: str) -> dict[str, Reply]:
    """Name a property in each kind of request."""
    return {
        "list": caller.get(OBJECTS, properties=f"email,{name}"),
        "one": caller.get(f"{OBJECTS}/1", properties=f"email,{name}"),
        "batch": caller.post(
            f"{OBJECTS}/batch/read", {"inputs": [{"id": "1"}], "properties": ["email", name]}
        ),
        "search": caller.search("contacts", properties=["email", name]),
        "filter": caller.search("contacts", where(name, "HAS_PROPERTY")),
        "sort": caller.search("contacts", sorts=[name]),
    }


@pytest.mark.parametrize("status", [200, 400, 403, 404])
def test_the_listing_of_sensitive_properties_answers_as_told(caller: Caller, status: int) -> None:
    speak(caller, sensitive_listing=str(status))
    assert caller.get(PROPERTIES, dataSensitivity="sensitive").status == status
    assert caller.get(f"{PROPERTIES}/dietary_notes").status == status
    assert caller.get(PROPERTIES).status == 200
    _granted(caller, SCOPE)
    assert caller.get(PROPERTIES, dataSensitivity="sensitive").status == 200
    assert caller.get(PROPERTIES, dataSensitivity="highly_sensitive").status == status


def test_naming_a_sensitive_property_refuses_the_whole_request_with_the_scope(
    caller: Caller,
) -> None:
    for reply in _named(caller, "dietary_notes").values():
        assert (reply.status, reply.body["category"]) == (403, "MISSING_SCOPES")
        [error] = reply.body["errors"]
        assert error["context"] == {"requiredGranularScopes": [SCOPE]}
    assert played(caller) == {"sensitive_naming": 6}
    _granted(caller, SCOPE)
    assert {reply.status for reply in _named(caller, "dietary_notes").values()} == {200}


def test_a_highly_sensitive_property_needs_the_higher_scope(caller: Caller) -> None:
    caller.portal.add_property(
        "contacts",
        PropertyDefinition(name="diagnosis", label="", group="g", sensitivity="highly_sensitive"),
    )
    _granted(caller, SCOPE)
    for reply in _named(caller, "diagnosis").values():
        assert reply.body["errors"][0]["context"] == {"requiredGranularScopes": [HIGHER]}


def test_naming_a_sensitive_property_may_be_ignored(caller: Caller) -> None:
    caller.portal.edit("contacts", 1, {"dietary_notes": "none"})
    speak(caller, sensitive_naming="ignored")
    replies = _named(caller, "dietary_notes")
    assert {reply.status for reply in replies.values()} == {200}
    assert "dietary_notes" not in replies["one"].body["properties"]
    assert played(caller) == {"sensitive_naming": 6}


@pytest.mark.parametrize(
    ("switch", "refusing"),
    [
        ("list_sensitive", {"list"}),
        ("batch_sensitive", {"batch"}),
        ("search_sensitive", {"search", "filter", "sort"}),
    ],
)
def test_one_property_may_be_refused_in_one_kind_of_request(
    caller: Caller, switch: str, refusing: set[str]
) -> None:
    speak(caller, **{switch: ["city"]})
    replies = _named(caller, "city")
    assert {kind for kind, reply in replies.items() if reply.status == 403} == refusing
    assert {reply.status for reply in _named(caller, "company").values()} == {200}
    _granted(caller, SCOPE)
    assert {reply.status for reply in _named(caller, "city").values()} == {200}


def _refused(caller: Caller, **switches: object) -> dict[str, object]:
    speak(caller, **switches)
    reply = caller.get(OBJECTS, properties="dietary_notes")
    assert reply.status == 403
    return reply.body


def test_the_scopes_stand_in_one_of_two_places_or_nowhere(caller: Caller) -> None:
    body = _refused(caller, scopes_in="context")
    assert body["context"] == {"requiredGranularScopes": [SCOPE]}
    assert "errors" not in body
    assert not {"errors", "context"} & _refused(caller, scopes_in="nowhere").keys()


def test_the_category_may_be_missing(caller: Caller) -> None:
    body = _refused(caller, scopes_category=False)
    assert "category" not in body
    assert str(body["message"]).startswith("This app hasn't been granted all required scopes")


@pytest.mark.parametrize(
    ("named", "scopes"),
    [
        ("alternatives", [SCOPE, SCOPE.replace("read", "write")]),
        ("markup", ["<script>alert('scope')</script><b>crm.objects</b>"]),
        ("megabyte", ["x" * 1_048_576]),
    ],
    ids=["alternatives", "markup", "megabyte"],
)
def test_scopes_may_be_alternatives_markup_or_very_long(
    caller: Caller, named: str, scopes: list[str]
) -> None:
    body = _refused(caller, scopes_in="context", scopes_named=named)
    assert body["context"] == {"requiredGranularScopes": scopes}


def test_a_missing_scope_of_a_whole_object_type_has_the_same_forms(caller: Caller) -> None:
    caller.token = caller.sandbox.add_token(4242, scopes=("crm.objects.deals.read",))
    speak(caller, scopes_in="context", scopes_category=False)
    body = caller.get(OBJECTS).body
    assert body["context"] == {"requiredGranularScopes": ["crm.objects.contacts.read"]}
    assert "category" not in body
