"""What a handler is given and what it gives back, and how it reads what a client sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from hubspot_sandbox.dialect import Dialect
from hubspot_sandbox.errors import ApiError, invalid_request, not_found
from hubspot_sandbox.missing_scopes import missing_scopes
from hubspot_sandbox.object_types import ObjectType, find_object_type
from hubspot_sandbox.portal import Portal
from hubspot_sandbox.properties import Sensitivity
from hubspot_sandbox.quirks import Quirks
from hubspot_sandbox.tokens import Credential

JsonObject: TypeAlias = dict[str, object]
Family: TypeAlias = Literal["2026-09", "2026-03", "legacy"]

SENSITIVE_SCOPE: Final = "crm.objects.{}.sensitive.read.v2"
HIGHLY_SENSITIVE_SCOPE: Final = "crm.objects.{}.highly_sensitive.read.v2"
_SCOPES: Final[Mapping[Sensitivity, str]] = {
    "non_sensitive": "crm.objects.{}.read",
    "sensitive": SENSITIVE_SCOPE,
    "highly_sensitive": HIGHLY_SENSITIVE_SCOPE,
}


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request to a portal, its credentials checked."""

    portal: Portal
    credential: Credential
    family: Family
    dialect: Dialect
    quirks: Quirks
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
            raise self.missing_scope(scope)

    def missing_scope(self, scope: str) -> ApiError:
        """Return the 403 for a scope that the token lacks."""
        return missing_scopes([scope], self.dialect)

    def sensitivities(self, object_type: ObjectType) -> frozenset[Sensitivity]:
        """Return which kinds of properties of this type the token may read."""
        scopes = self.credential.scopes
        return frozenset(
            kind for kind, scope in _SCOPES.items() if scope.format(object_type) in scopes
        )

    def require_listing(self, object_type: ObjectType, sensitivity: Sensitivity) -> None:
        """Refuse to describe a kind of properties where the dialect and the scopes have it so.

        Raises:
            ApiError: the token may not even see the names.
        """
        if sensitivity in self.sensitivities(object_type):
            return
        self.quirks.count("sensitive_listing", self.dialect.sensitive_listing != "200")
        match self.dialect.sensitive_listing:
            case "400":
                raise invalid_request("dataSensitivity must be one that is documented")
            case "403":
                raise self.missing_scope(_SCOPES[sensitivity].format(object_type))
            case "404":
                raise not_found("resource not found")
            case _:
                return

    def readable(
        self,
        object_type: ObjectType,
        names: Sequence[str],
        more_sensitive: tuple[str, ...] = (),
    ) -> list[str]:
        """Return those of the properties that the portal has and the token may read.

        Args:
            object_type: Whose properties.
            names: What the client named.
            more_sensitive: Those that need the sensitive scope in this kind of request.

        Raises:
            ApiError: one that it may not read, and the dialect refuses that.
        """
        definitions = self.portal.properties[object_type]
        allowed = self.sensitivities(object_type)
        readable: list[str] = []
        for name in names:
            definition = definitions.get(name)
            if definition is None or definition.archived_at is not None:
                continue
            kind = "sensitive" if name in more_sensitive else definition.sensitivity
            if kind in allowed:
                readable.append(name)
                continue
            self.quirks.count("sensitive_naming")
            if self.dialect.sensitive_naming == "refused":
                raise self.missing_scope(_SCOPES[kind].format(object_type))
        return readable

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
