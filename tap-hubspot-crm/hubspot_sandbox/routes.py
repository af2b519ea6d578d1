"""The paths of HubSpot's three families and what answers each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from werkzeug.routing import Map, Rule

from hubspot_sandbox import associations, metadata, objects
from hubspot_sandbox.calls import Answer, Call, Family

#: Where a family keeps objects, properties, pipelines, owners, associations and the account.
Places: TypeAlias = dict[str, tuple[str, ...]]


def _dated(version: str) -> Places:
    return {
        **{
            area: (f"/crm/{area}/{version}",)
            for area in ("objects", "properties", "pipelines", "owners", "associations")
        },
        "account": (f"/account-info/{version}",),
    }


_FAMILIES: Final[dict[Family, Places]] = {
    "2026-09": _dated("2026-09"),
    "2026-03": _dated("2026-03"),
    "legacy": {
        "objects": ("/crm/v3/objects", "/crm/v4/objects"),
        "properties": ("/crm/v3/properties",),
        "pipelines": ("/crm/v3/pipelines",),
        "owners": ("/crm/v3/owners",),
        "associations": ("/crm/v4/associations",),
        "account": ("/account-info/v3",),
    },
}

Handler: TypeAlias = Callable[[Call], Answer]

#: Method, area, rest of the path, and the handler or the name of what the app answers itself.
_READS: Final[tuple[tuple[str, str, str, Handler | str], ...]] = (
    ("GET", "objects", "/<object_type>", objects.list_records),
    ("GET", "objects", "/<object_type>/<record_id>", objects.read_record),
    ("POST", "objects", "/<object_type>/search", "search"),
    ("POST", "objects", "/<object_type>/batch/read", objects.batch_read),
    ("GET", "properties", "/<object_type>", metadata.list_properties),
    ("GET", "properties", "/<object_type>/<name>", metadata.read_property),
    ("GET", "pipelines", "/<object_type>", metadata.list_pipelines),
    ("GET", "pipelines", "/<object_type>/<pipeline_id>", metadata.read_pipeline),
    ("GET", "pipelines", "/<object_type>/<pipeline_id>/stages", metadata.list_stages),
    ("GET", "owners", "", metadata.list_owners),
    ("GET", "owners", "/<owner_id>", metadata.read_owner),
    ("POST", "associations", "/<from_type>/<to_type>/batch/read", associations.batch_read_links),
    ("GET", "associations", "/<from_type>/<to_type>/labels", associations.list_labels),
    ("GET", "account", "/details", metadata.read_account),
    ("GET", "account", "/api-usage/daily/private-apps", "daily usage"),
)
_WRITES: Final = (
    ("POST", "/<object_type>"),
    ("PATCH", "/<object_type>/<record_id>"),
    ("DELETE", "/<object_type>/<record_id>"),
    *(
        ("POST", f"/<object_type>/batch/{verb}")
        for verb in ("archive", "create", "update", "upsert")
    ),
    ("POST", "/<object_type>/merge"),
    ("POST", "/<object_type>/gdpr-delete"),
)


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a path and method lead to."""

    family: Family
    answer: Handler | str


def build_map() -> Map:
    """Return the map from paths and methods to targets; `/sandbox/...` is the control API."""
    return Map([*_family_rules(), *_oauth_rules()], strict_slashes=False, merge_slashes=False)


def _family_rules() -> Iterator[Rule]:
    for family, places in _FAMILIES.items():
        for method, area, rest, answer in _READS:
            for place in places[area]:
                yield _rule(method, place + rest, Target(family=family, answer=answer))
        for method, rest in _WRITES:
            for place in places["objects"]:
                yield _rule(method, place + rest, Target(family=family, answer="write"))
        # One record's links by GET: in v4 and 2026-03, not in 2026-09.
        if family != "2026-09":
            place = "/crm/v4/objects" if family == "legacy" else places["objects"][0]
            target = Target(family=family, answer=associations.read_links)
            yield _rule("GET", f"{place}/<object_type>/<record_id>/associations/<to_type>", target)


def _oauth_rules() -> Iterator[Rule]:
    for version in ("v1", "v3", "2026-03", "2026-09"):
        family: Family = "legacy" if version.startswith("v") else "2026-09"
        for rest, answer in (
            ("token", "token"),
            ("token/introspect", "introspect"),
            ("token/revoke", "revoke"),
        ):
            if version == "v1" and rest != "token":
                continue
            yield _rule("POST", f"/oauth/{version}/{rest}", Target(family=family, answer=answer))


def _rule(method: str, path: str, target: Target) -> Rule:
    return Rule(path, methods=[method], endpoint=target)
