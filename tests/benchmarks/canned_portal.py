"""A portal without a network: HubSpot's own JSON, made in memory at next to no cost.

The answers are bytes as they would come off the wire, so that everything from HTTP's body to the
Singer lines is measured, and nothing of HubSpot's side.
"""

from __future__ import annotations

import io
import json
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter
from typing_extensions import override
from urllib3 import HTTPResponse

if TYPE_CHECKING:
    from collections.abc import Mapping

URL: Final = "https://api.canned"
_PAGE: Final = 100
_TIME: Final = "2025-11-22T09:00:00.123Z"
_FIRST_ID: Final = 1_000_000_000
#: Where the id, less its last two digits, goes in the text of a row.
_MARK: Final = "@id@"

#: Type and sample value of the 25 properties: what a CRM's contact usually holds.
PROPERTIES: Final[dict[str, tuple[str, str]]] = {
    "firstname": ("string", "Ann"),
    "lastname": ("string", "Example-Sample"),
    "email": ("string", f"ann.{_MARK}@customer.example"),
    "phone": ("string", "+49 30 901820"),
    "mobilephone": ("string", ""),
    "company": ("string", "Example & Sons “Ünique”"),
    "jobtitle": ("string", "Head of Operations"),
    "city": ("string", "Berlin"),
    "country": ("string", "Germany"),
    "website": ("string", "https://customer.example/about"),
    "lifecyclestage": ("enumeration", "marketingqualifiedlead"),
    "hs_lead_status": ("enumeration", "IN_PROGRESS"),
    "hubspot_owner_id": ("enumeration", "71280011"),
    "favourite_products": ("enumeration", "basic;premium;enterprise"),
    "hs_analytics_source": ("enumeration", "ORGANIC_SEARCH"),
    "hs_merged_object_ids": ("enumeration", ""),
    "createdate": ("datetime", "2025-03-04T05:06:07.891Z"),
    "lastmodifieddate": ("datetime", _TIME),
    "hs_lifecyclestage_lead_date": ("datetime", "2025-04-05T06:07:08.912Z"),
    "customer_since": ("date", "2025-05-06"),
    "hs_email_optout": ("bool", "false"),
    "annualrevenue": ("number", f"{_MARK}9999.99"),
    "num_associated_deals": ("number", "3"),
    "loyalty_points": ("number", f"-0.{_MARK}"),
    "hs_predictivecontactscore_v2": ("number", "0.200000000000000011102230246251565404"),
}


class CannedPortal:
    """Gives the bodies that a portal of so many contacts, each with 25 properties, would give."""

    def __init__(self, contacts: int) -> None:
        self._contacts = contacts
        rows = (
            json.dumps(_row(f"{_MARK}{place:02d}"), ensure_ascii=False) for place in range(_PAGE)
        )
        #: A full page; what stands before the last two digits of every id is still missing.
        self._rows = ",".join(rows).encode()
        #: CPU seconds spent on making answers, which no tap would spend.
        self.own_seconds = 0.0

    def answer(self, path: str, query: Mapping[str, str]) -> bytes:
        """Return the body of an answer to a GET or POST of this path."""
        began = time.thread_time()
        body = self._body(path, query)
        self.own_seconds += time.thread_time() - began
        return body

    def _body(self, path: str, query: Mapping[str, str]) -> bytes:
        if "/properties/" in path:
            return json.dumps({"results": _definitions(query)}).encode()
        if path.endswith(("/search", "/batch/read")) or query.get("archived") == "true":
            return b'{"total":0,"results":[]}'
        return self._page(int(query.get("after", "0")))

    def _page(self, after: int) -> bytes:
        """Return a page of the listing; a cursor between two pages counts as the next one."""
        first = max(-(-(after - _FIRST_ID) // _PAGE), 0) * _PAGE
        if first >= self._contacts:
            return b'{"results":[]}'
        rows = self._rows.replace(_MARK.encode(), b"%d" % ((_FIRST_ID + first) // _PAGE))
        following = first + _PAGE
        if following >= self._contacts:
            return b'{"results":[%b]}' % rows
        paging = b'{"next":{"after":"%d","link":"?"}}' % (_FIRST_ID + following)
        return b'{"results":[%b],"paging":%b}' % (rows, paging)


class CannedAdapter(BaseAdapter):
    """Answers for `requests` instead of the network."""

    def __init__(self, portal: CannedPortal) -> None:
        super().__init__()
        self._portal = portal

    @override
    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        address = urlsplit(request.url or "")
        response = requests.Response()
        response.status_code = 200
        response.headers["Date"] = "Sun, 22 Nov 2026 10:00:00 GMT"
        response.headers["Content-Type"] = "application/json"
        response.request = request
        response.url = request.url or ""
        content = self._portal.answer(address.path, dict(parse_qsl(address.query)))
        response.raw = HTTPResponse(body=io.BytesIO(content), preload_content=False)
        return response

    @override
    def close(self) -> None:
        """Nothing is open."""


def _row(row_id: str) -> dict[str, Any]:
    values = {name: value for name, (_, value) in PROPERTIES.items()}
    return {
        "id": row_id,
        "properties": {**values, "hs_object_id": row_id},
        "createdAt": "2025-03-04T05:06:07.891Z",
        "updatedAt": _TIME,
        "archived": False,
    }


def _definitions(query: Mapping[str, str]) -> list[dict[str, str]]:
    if "dataSensitivity" in query:
        return []
    return [{"name": name, "type": kind} for name, (kind, _) in PROPERTIES.items()]
