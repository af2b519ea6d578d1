"""One call of the control API, read and checked."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from hubspot_sandbox.calls import JsonObject
from hubspot_sandbox.errors import InvalidControlCallError
from hubspot_sandbox.object_types import OBJECT_TYPES, ObjectType, find_object_type
from hubspot_sandbox.sandbox import Sandbox, SandboxPortal


class Order:
    """One call of the control API, its parts checked as they are read."""

    def __init__(self, sandbox: Sandbox, path: Mapping[str, object], body: JsonObject) -> None:
        self.sandbox = sandbox
        self.path = path
        self.body = body

    @property
    def portal(self) -> SandboxPortal:
        """The portal the path names."""
        return self.sandbox.portal(int(str(self.path["portal_id"])))

    @property
    def object_type(self) -> ObjectType:
        """The type the path names."""
        object_type = find_object_type(str(self.path["object_type"]))
        if object_type is None:
            raise InvalidControlCallError(f"the type must be one of {', '.join(OBJECT_TYPES)}")
        return object_type

    def number(self, name: str, otherwise: int | None = None) -> int:
        """Return a whole number of the body."""
        value = self.body.get(name, otherwise)
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise InvalidControlCallError(f"{name} must be a whole number, zero or more")
        return value

    def text(self, name: str) -> str:
        """Return a text (or number, as text) of the body."""
        value = self.body.get(name)
        if not isinstance(value, (str, int)):
            raise InvalidControlCallError(f"{name} must be a string")
        return str(value)

    def texts(self, name: str, otherwise: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Return a list of texts (or numbers) of the body."""
        value = self.body.get(name, None if otherwise is None else list(otherwise))
        if not isinstance(value, list) or not all(isinstance(v, (str, int)) for v in value):
            raise InvalidControlCallError(f"{name} must be a list of strings")
        return tuple(map(str, value))

    def properties(self) -> dict[str, str | None]:
        """Return `properties`: names with text or null."""
        value = self.body.get("properties", {})
        if not isinstance(value, dict) or not all(
            item is None or isinstance(item, str) for item in value.values()
        ):
            raise InvalidControlCallError("properties must be an object of strings and nulls")
        return value


#: What a control call does; it returns what to answer.
Action: TypeAlias = Callable[[Order], object]
