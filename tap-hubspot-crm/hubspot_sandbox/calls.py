"""What a handler is given and what it gives back, and how it reads what a client sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from hubspot_sandbox.errors import invalid_request, missing_scopes
from hubspot_sandbox.object_types import SINGULARS, ObjectType, find_object_type
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.properties import Sensitivity
from hubspot_sandbox.tokens import Credential

JsonObject: TypeAlias = dict[str, object]
Family: TypeAlias = Literal["2026-09", "2026-03", "legacy"]

#: What the list takes for `after`: any id; or only what it gave out, and anything else begins from
#: the start, is rounded down, or is refused; or only text that tells nothing.
CursorStyle: TypeAlias = Literal["id", "restart", "rounded", "refused", "opaque"]

SENSITIVE_SCOPE: Final = "crm.objects.{}.sensitive.read.v2"
HIGHLY_SENSITIVE_SCOPE: Final = "crm.objects.{}.highly_sensitive.read.v2"
_SCOPES: Final[Mapping[Sensitivity, str]] = {
    "non_sensitive": "crm.objects.{}.read",
    "sensitive": SENSITIVE_SCOPE,
    "highly_sensitive": HIGHLY_SENSITIVE_SCOPE,
}


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """What HubSpot's documents and recordings disagree on: each a switch."""

    #: Status of a batch answer with errors in it; the 2026-09 specification knows 200 only.
    partial_status: int = 207
    #: Longest request address in characters (HubSpot: 414 seen near 16,200).
    uri_limit: int = 16_200
    #: Longest body of a search in characters; None: the documented 3,000 hold for `query` only.
    search_body_limit: int | None = None
    #: Linked records a page of an associations batch read.
    associations_page: int = 500
    #: Whether the list begins where a made-up `after` says; that is not promised.
    list_cursor: CursorStyle = "id"
    #: Whether the rows of a list page come in no order; the pages still follow each other.
    shuffles_list_pages: bool = False


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request to a portal, its credentials checked."""

    portal: Portal
    credential: Credential
    family: Family
    dialect: Dialect
    #: Scheme, host and path, for links to the next page.
    address: str
    #: Variable parts of the path.
    path: Mapping[str, str]
    #: The query of the address, the last value of each name.
    query: Mapping[str, str]
    body: JsonObject = field(repr=False)
    body_length: int = 0

    def object_type(self, part: str = "object_type") -> ObjectType:
        """Return the type a part of the path names, if the token may read it.

        Raises:
            ApiError: an unknown type, or a scope that is missing.
        """
        name = self.path[part]
        object_type = find_object_type(name)
        if object_type is None:
            raise invalid_request(f"Unable to infer object type from: {name}")
        self.require(f"crm.objects.{object_type}.read")
        return object_type

    def require(self, scope: str) -> None:
        """Refuse the call unless the token has this scope.

        Raises:
            ApiError: the scope is missing.
        """
        if scope not in self.credential.scopes:
            raise missing_scopes([scope])

    def sensitivities(self, object_type: ObjectType) -> frozenset[Sensitivity]:
        """Return which kinds of properties of this type the token may read."""
        scopes = self.credential.scopes
        return frozenset(
            kind for kind, scope in _SCOPES.items() if scope.format(object_type) in scopes
        )

    def require_sensitivity(self, object_type: ObjectType, sensitivity: Sensitivity) -> None:
        """Refuse the call unless the token may read this kind of properties.

        Raises:
            ApiError: the scope is missing.
        """
        self.require(_SCOPES[sensitivity].format(object_type))

    def next_page(self, after: str) -> JsonObject:
        """Return the `paging` that leads to the next page of a GET."""
        query = "&".join(f"{n}={v}" for n, v in {**self.query, "after": after}.items())
        return {"next": {"after": after, "link": f"{self.address}?{query}"}}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What to answer: a JSON body (bytes: a page; None: no body), status and headers."""

    body: object
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def whole_number(text: str, name: str, *, low: int = 0, high: int | None = None) -> int:
    """Return the number a client gave for a parameter.

    Raises:
        ApiError: no whole number, or out of range.
    """
    if not text.isascii() or not text.isdecimal():
        raise invalid_request(f"{name} must be a whole number", parameter=[name])
    number = int(text)
    if number < low or (high is not None and number > high):
        top = "" if high is None else f" and at most {high}"
        raise invalid_request(f"{name} must be at least {low}{top}", parameter=[name])
    return number


def flag(query: Mapping[str, str], name: str) -> bool:
    """Return a true-or-false parameter of a query, false where it is absent.

    Raises:
        ApiError: another word.
    """
    text = query.get(name, "false").lower()
    if text not in {"true", "false"}:
        raise invalid_request(f"{name} must be true or false", parameter=[name])
    return text == "true"


def comma_list(query: Mapping[str, str], name: str) -> list[str] | None:
    """Return the parts of a comma-separated parameter, None where it is absent."""
    text = query.get(name)
    return None if text is None else [part.strip() for part in text.split(",") if part.strip()]


def texts(body: JsonObject, name: str) -> list[str] | None:
    """Return a list of texts from a body, None where it is absent or null.

    Raises:
        ApiError: not a list of texts.
    """
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise invalid_request(f"{name} must be a list of strings", field=[name])
    return value


def objects(body: JsonObject, name: str) -> list[JsonObject]:
    """Return a list of JSON objects from a body, empty where it is absent or null.

    Raises:
        ApiError: not a list of objects.
    """
    value = body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        raise invalid_request(f"{name} must be a list of objects", field=[name])
    return value


def input_ids(body: JsonObject, limit: int) -> list[str]:
    """Return the ids of a batch's `inputs`.

    Raises:
        ApiError: none, more than `limit`, or one without an id.
    """
    inputs = objects(body, "inputs")
    if not inputs:
        raise invalid_request("inputs must hold at least one id", field=["inputs"])
    if len(inputs) > limit:
        raise invalid_request(
            f"The maximum number of inputs supported in a batch request is {limit}",
            field=["inputs"],
        )
    ids = [entry.get("id") for entry in inputs]
    if not all(isinstance(value, (str, int)) for value in ids):
        raise invalid_request("every input must have an id", field=["inputs"])
    return [str(value) for value in ids]


def batch_error(
    category: str, message: str, context: dict[str, list[str]], **parts: object
) -> JsonObject:
    """Return one entry of a batch answer's `errors`."""
    return {
        "status": "error",
        "category": category,
        **parts,
        "message": message,
        "context": context,
        "errors": [],
        "links": {},
    }


def could_not_get(object_type: ObjectType, ids: list[str]) -> JsonObject:
    """Return the batch error for records that aren't there."""
    message = (
        f"Could not get some {SINGULARS[object_type].upper()} objects, they may be deleted or "
        "not exist. Check that ids are valid."
    )
    return batch_error("OBJECT_NOT_FOUND", message, {"ids": ids})
