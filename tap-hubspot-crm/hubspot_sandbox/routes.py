"""The paths of HubSpot's three families and what answers each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from werkzeug.routing import Map, Rule

from hubspot_sandbox import associations, batch_read, metadata, objects
from hubspot_sandbox.calls import Answer, Call, Family
from hubspot_sandbox.faults import PathKind

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

#: Method, area, rest of the path, what it is about, and the handler or the name of what the app
#: answers itself.
_READS: Final[tuple[tuple[str, str, str, PathKind, Handler | str], ...]] = (
    ("GET", "objects", "/<object_type>", "list", objects.list_records),
    ("GET", "objects", "/<object_type>/<record_id>", "one", objects.read_record),
    ("POST", "objects", "/<object_type>/search", "search", "search"),
    ("POST", "objects", "/<object_type>/batch/read", "batch", batch_read.batch_read),
    ("GET", "properties", "/<object_type>", "properties", metadata.list_properties),
    ("GET", "properties", "/<object_type>/<name>", "properties", metadata.read_property),
    ("GET", "pipelines", "/<object_type>", "pipelines", metadata.list_pipelines),
    ("GET", "pipelines", "/<object_type>/<pipeline_id>", "pipelines", metadata.read_pipeline),
    ("GET", "pipelines", "/<object_type>/<pipeline_id>/stages", "pipelines", metadata.list_stages),
    ("GET", "owners", "", "owners", metadata.list_owners),
    ("GET", "owners", "/<owner_id>", "owners", metadata.read_owner),
    (
        "POST",
        "associations",
        "/<from_type>/<to_type>/batch/read",
        "associations",
        associations.batch_read_links,
    ),
    (
        "GET",
        "associations",
        "/<from_type>/<to_type>/labels",
        "associations",
        associations.list_labels,
    ),
    ("GET", "account", "/details", "account", metadata.read_account),
    ("GET", "account", "/api-usage/daily/private-apps", "account", "daily usage"),
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
    kind: PathKind
    answer: Handler | str


@lru_cache(maxsize=1)
def build_map() -> Map:
    """Return the map from paths and methods to targets; `/sandbox/...` is the control API.

    Built once a process: compiling the rules takes longer than many a test's sandbox lives.
    """
    return Map([*_family_rules(), *_oauth_rules()], strict_slashes=False, merge_slashes=False)


def _family_rules() -> Iterator[Rule]:
    for family, places in _FAMILIES.items():
        for method, area, rest, kind, answer in _READS:
            target = Target(family=family, kind=kind, answer=answer)
            for place in places[area]:
                yield _rule(method, place + rest, target)
        for method, rest in _WRITES:
            for place in places["objects"]:
                target = Target(family=family, kind="write", answer="write")
                yield _rule(method, place + rest, target)
        # One record's links by GET: in v4 and 2026-03, not in 2026-09.
        if family != "2026-09":
            place = "/crm/v4/objects" if family == "legacy" else places["objects"][0]
            target = Target(family=family, kind="associations", answer=associations.read_links)
            yield _rule("GET", f"{place}/<object_type>/<record_id>/associations/<to_type>", target)


def _oauth_rules() -> Iterator[Rule]:
    for method, answer in (("GET", "consent page"), ("POST", "consent")):
        target = Target(family="2026-09", kind="token", answer=answer)
        yield _rule(method, "/oauth/authorize", target)
    for version in ("v1", "v3", "2026-03", "2026-09"):
        family: Family = "legacy" if version.startswith("v") else "2026-09"
        for rest, answer in (
            ("token", "token"),
            ("token/introspect", "introspect"),
            ("token/revoke", "revoke"),
        ):
            if version == "v1" and rest != "token":
                continue
            target = Target(family=family, kind="token", answer=answer)
            yield _rule("POST", f"/oauth/{version}/{rest}", target)


def _rule(method: str, path: str, target: Target) -> Rule:
    return Rule(path, methods=[method], endpoint=target)
