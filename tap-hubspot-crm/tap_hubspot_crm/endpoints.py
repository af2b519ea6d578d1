"""HubSpot's paths for each API version, and the scopes that reading them needs.

Paths: HubSpot's OpenAPI specifications of 2026-09 and 2026-03, and the v3/v4 reference.
"""

from __future__ import annotations

from dataclasses import dataclass

from tap_hubspot_crm.object_types import CONTACTS, DEALS, OBJECT_TYPES

OWNERS_SCOPE = "crm.objects.owners.read"
#: Every OAuth token has it; service keys and private apps are not asked for it.
ACCOUNT_SCOPE = "oauth"


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A path, and what it takes to call it."""

    path: str
    #: What the token must be allowed, named in the error when it is not.
    scopes: tuple[str, ...]
    #: Whether calls count against HubSpot's search limit instead of the burst limit.
    search: bool = False

    @property
    def kind(self) -> str:
        """Which service of HubSpot's it is: the path without the types of objects in it."""
        return "/".join(part for part in self.path.split("/") if part not in OBJECT_TYPES)


@dataclass(frozen=True, kw_only=True)
class ApiPaths:
    """The endpoints of one API version (`2026-09`, `2026-03` or `v3`)."""

    version: str

    def listing(self, object_type: str) -> Endpoint:
        """GET: every record, by HubSpot's cursor."""
        return Endpoint(path=self._objects(object_type), scopes=_scopes(object_type))

    def search(self, object_type: str) -> Endpoint:
        """POST: records that match a filter, from an index that runs behind."""
        return Endpoint(
            path=f"{self._objects(object_type)}/search", scopes=_scopes(object_type), search=True
        )

    def batch_read(self, object_type: str) -> Endpoint:
        """POST: up to 100 records by id."""
        return Endpoint(
            path=f"{self._objects(object_type)}/batch/read", scopes=_scopes(object_type)
        )

    def properties(self, object_type: str) -> Endpoint:
        """GET: the definitions of an object's properties."""
        return Endpoint(path=self._crm("properties", object_type), scopes=_scopes(object_type))

    def deal_pipelines(self) -> Endpoint:
        """GET: deal pipelines with their stages, in one answer."""
        return Endpoint(path=self._crm("pipelines", DEALS.name), scopes=(DEALS.scope,))

    def owners(self) -> Endpoint:
        """GET: owners, by cursor."""
        return Endpoint(path=self._crm("owners"), scopes=(OWNERS_SCOPE,))

    def associations(self, from_type: str, to_type: str) -> Endpoint:
        """POST: what up to 1,000 records are associated with."""
        head = "v4/associations" if self.version == "v3" else f"associations/{self.version}"
        path = f"/crm/{head}/{from_type}/{to_type}/batch/read"
        return Endpoint(path=path, scopes=(CONTACTS.scope, DEALS.scope))

    def account(self) -> Endpoint:
        """GET: which account the token reads."""
        return Endpoint(path=f"/account-info/{self.version}/details", scopes=(ACCOUNT_SCOPE,))

    def token(self) -> str:
        """Return the path of the OAuth token endpoint."""
        return f"/oauth/{self.version}/token"

    def _objects(self, object_type: str) -> str:
        return self._crm("objects", object_type)

    def _crm(self, family: str, *rest: str) -> str:
        head = ("v3", family) if self.version == "v3" else (family, self.version)
        return "/".join(("/crm", *head, *rest))


def _scopes(object_type: str) -> tuple[str, ...]:
    return (OBJECT_TYPES[object_type].scope,)
