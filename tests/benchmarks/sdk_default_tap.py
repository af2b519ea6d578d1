"""What a tap of the SDK's defaults makes of the same answers, for comparison.

It converts nothing: HubSpot's texts go out as texts. A tap that also typed them would be slower.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from benchmarks.canned_portal import PROPERTIES, URL
from singer_sdk import RESTStream, Tap
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Sequence

    import requests
    from singer_sdk.helpers.types import Context

_TEXT: dict[str, Any] = {"type": ["string", "null"]}


class _Contacts(RESTStream[str]):
    name = "contacts"
    path = "/crm/objects/2026-09/contacts"
    url_base = URL
    records_jsonpath = "$.results[*]"
    next_page_token_jsonpath = "$.paging.next.after"
    primary_keys: ClassVar[tuple[str, ...]] = ("id",)
    schema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "createdAt": _TEXT,
            "updatedAt": _TEXT,
            "archived": {"type": "boolean"},
            **dict.fromkeys(PROPERTIES, _TEXT),
        },
    }

    @override
    def get_url_params(
        self, context: Context | None, next_page_token: str | None
    ) -> dict[str, Any]:
        after = {"after": next_page_token} if next_page_token else {}
        return {"limit": "100", **after}

    @override
    def validate_response(self, response: requests.Response) -> None:
        """Every canned answer is a success."""

    @override
    def post_process(self, row: dict[str, Any], context: Context | None = None) -> dict[str, Any]:
        properties = row.pop("properties")
        return row | {name: properties[name] for name in PROPERTIES}


class SdkDefaultTap(Tap):
    """One stream of contacts, nothing overridden for speed."""

    name = "tap-sdk-default"
    config_jsonschema: ClassVar[dict[str, Any]] = {"type": "object", "properties": {}}

    @override
    def discover_streams(self) -> Sequence[_Contacts]:
        return [_Contacts(self)]
