"""HubSpot's list, batch read and search of contacts, answered by rules that a test sets."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap.canned import CONTACTS, DATE
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from requests_mock import Mocker

TIME = "2026-11-22T09:00:00.000Z"


class RefusedError(Exception):
    """HubSpot answers with this status and body."""

    def __init__(self, status: int, body: object = None) -> None:
        super().__init__(status)
        self.status = status
        self.body = body

    @override
    def __str__(self) -> str:
        return str(self.status)


def missing_scopes(*scopes: str) -> RefusedError:
    """Return the 403 that names these scopes."""
    context = {"requiredGranularScopes": list(scopes)}
    return RefusedError(403, {"category": "MISSING_SCOPES", "errors": [{"context": context}]})


def _nothing(*_: object) -> None:
    """Let the request pass."""


@dataclass(kw_only=True)
class FakeObjects:
    """Contacts with the ids `ids`, each property of which has the value `x`."""

    ids: Sequence[int]
    #: Called with ids and properties before a batch read is answered; may raise `RefusedError`.
    on_batch: Callable[[list[str], list[str]], None] = _nothing
    #: Called with the page size, the ids of the page and its properties.
    on_list: Callable[[int, list[int], list[str]], None] = _nothing
    #: Ids that a batch read does not mention, given all ids that it was asked for.
    silent: Callable[[list[str]], set[str]] = lambda _ids: set()
    #: Ids that the listing does not show.
    unlisted: Collection[int] = ()
    #: The sizes of the batch reads and of the pages that were asked for.
    batches: list[int] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)

    def serve(self, mocker: Mocker) -> None:
        """Answer for this portal."""
        mocker.post(f"{CONTACTS}/batch/read", text=self._answered(self._batch))
        mocker.post(f"{CONTACTS}/search", text=self._answered(self._search))
        mocker.get(CONTACTS, text=self._answered(self._list))

    def _answered(self, answer: Callable[[Any], object]) -> Callable[[Any, Any], str]:
        def respond(request: Any, context: Any) -> str:  # noqa: ANN401 - requests_mock's own
            context.headers.update(DATE)
            try:
                return json.dumps(answer(request))
            except RefusedError as refused:
                context.status_code = refused.status
                return "<html>" if refused.body is None else json.dumps(refused.body)

        return respond

    def _row(self, id_: int, names: Sequence[str]) -> dict[str, Any]:
        values = {
            name: TIME if name == "lastmodifieddate" else "x"
            for name in names
            if name != "hs_merged_object_ids"
        }
        return {"id": str(id_), "properties": values, "createdAt": TIME, "updatedAt": TIME}

    def _batch(self, request: Any) -> object:  # noqa: ANN401 - requests_mock's own
        body = request.json()
        ids = [item["id"] for item in body["inputs"]]
        self.batches.append(len(ids))
        self.on_batch(ids, body["properties"])
        silent = self.silent(ids)
        known = {str(id_) for id_ in self.ids}
        absent = [id_ for id_ in ids if id_ not in known and id_ not in silent]
        errors = [{"category": "OBJECT_NOT_FOUND", "context": {"ids": absent}}] if absent else []
        return {
            "results": [
                self._row(int(id_), body["properties"])
                for id_ in ids
                if id_ in known and id_ not in silent
            ],
            "errors": errors,
        }

    def _list(self, request: Any) -> object:  # noqa: ANN401 - requests_mock's own
        limit, after = int(request.qs["limit"][0]), int(request.qs.get("after", ["0"])[0])
        self.pages.append(limit)
        found = [id_ for id_ in self.ids if id_ >= after and id_ not in self.unlisted]
        names = request.qs["properties"][0].split(",")
        self.on_list(limit, found[:limit], names)
        body: dict[str, Any] = {"results": [self._row(id_, names) for id_ in found[:limit]]}
        if len(found) > limit:
            body["paging"] = {"next": {"after": str(found[limit])}}
        return body

    def _search(self, request: Any) -> object:  # noqa: ANN401 - requests_mock's own
        body = request.json()
        groups = body["filterGroups"]
        if not groups:
            # The greatest id and the number of rows are asked for.
            return {"results": [self._row(max(self.ids), ())], "total": len(self.ids)}
        bounds = {item["operator"]: int(item["value"]) for item in groups[0]["filters"]}
        found = [
            id_
            for id_ in self.ids
            if id_ >= bounds["GTE"] and ("LT" not in bounds or id_ < bounds["LT"])
        ]
        # In no order, as it has been seen.
        shown = sorted(found, key=lambda id_: id_ * 7 % 101)[: body["limit"]]
        return {"results": [self._row(id_, ()) for id_ in shown], "total": len(found)}
