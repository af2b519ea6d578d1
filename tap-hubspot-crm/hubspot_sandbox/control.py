"""The control API under `/sandbox/...`: change the data, read the truth. JSON, without a token."""

import json
from functools import lru_cache
from typing import Final

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request

from hubspot_sandbox.calls import Answer, JsonObject
from hubspot_sandbox.control_switches import SWITCH_ACTIONS
from hubspot_sandbox.dialect import Dialect
from hubspot_sandbox.errors import InvalidControlCallError, SandboxError
from hubspot_sandbox.orders import Action, Order
from hubspot_sandbox.properties import PropertyDefinition
from hubspot_sandbox.sandbox import Sandbox, SandboxPortal, describe_request
from hubspot_sandbox.switches import describe_switches
from hubspot_sandbox.tokens import DEFAULT_SCOPES
from hubspot_sandbox.truth import TRUTH_STREAMS

_ONE: Final = "/sandbox/portals/<int:portal_id>"
_RECORDS: Final = f"{_ONE}/<object_type>"


@lru_cache(maxsize=1)
def _build_map() -> Map:
    """Return the map from paths and methods to actions, built once a process."""
    rules = [Rule(path, methods=[verb], endpoint=act) for verb, path, act in _ACTIONS]
    return Map(rules, strict_slashes=False)


class Control:
    """Answers `/sandbox/...`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._map = _build_map()

    def answer(self, request: Request) -> Answer:
        """Do what a request orders; what can't be done is a 400 with the remedy."""
        try:
            action, path = self._map.bind("sandbox").match(request.path, method=request.method)
            return Answer(body=action(Order(self._sandbox, path, _body(request))))
        except (NotFound, MethodNotAllowed):
            message = "no such control call: GET /sandbox/help lists them"
            return Answer(body={"error": message}, status=404)
        except SandboxError as error:
            return Answer(body={"error": str(error)}, status=400)
        except (ValueError, KeyError) as error:
            return Answer(body={"error": f"refused: {error.args[0]}"}, status=400)


def _body(request: Request) -> JsonObject:
    try:
        body = json.loads(request.get_data() or b"{}")
    except ValueError:
        raise InvalidControlCallError("the body must be JSON") from None
    if not isinstance(body, dict):
        raise InvalidControlCallError("the body must be a JSON object")
    return body


def _describe(portal: SandboxPortal) -> JsonObject:
    return {
        "portal_id": portal.portal_id,
        "access_token": portal.access_token,
        "refresh_token": portal.refresh_token,
        "client_id": portal.client_id,
        "client_secret": portal.client_secret,
        "counts": {
            name: {"live": len(store.live), "archived": len(store.archived)}
            for name, store in portal.stores.items()
        },
    }


def _help(_order: Order) -> object:
    return {
        "calls": [f"{verb} {path}" for verb, path, _ in _ACTIONS],
        # Each changes how HubSpot speaks: PUT /sandbox/dialect.
        "dialect": describe_switches(Dialect()),
    }


def _list_portals(order: Order) -> object:
    return {"portals": [_describe(portal) for portal in order.sandbox.portals.values()]}


def _add_portal(order: Order) -> object:
    portal = order.sandbox.add_portal(
        portal_id=order.number("portal_id") if "portal_id" in order.body else None,
        contacts=order.number("contacts", 0),
        deals=order.number("deals", 0),
        seed=order.number("seed", 1),
        access_token=order.text("access_token") if "access_token" in order.body else None,
        scopes=order.texts("scopes", DEFAULT_SCOPES),
    )
    return _describe(portal)


def _remove_portal(order: Order) -> object:
    order.sandbox.remove_portal(order.portal.portal_id)
    return {}


def _create(order: Order) -> object:
    filled = {name: value for name, value in order.properties().items() if value is not None}
    return {"id": order.portal.create(order.object_type, filled)}


def _edit(order: Order) -> object:
    """Edit the records named, or all live ones, in one millisecond."""
    portal, object_type = order.portal, order.object_type
    ids: list[int] | tuple[str, ...] = (
        list(portal.stores[object_type].ids()) if order.body.get("all") else order.texts("ids")
    )
    return {"at": portal.touch(object_type, ids, order.properties()), "count": len(ids)}


def _calculate(order: Order) -> object:
    filled = {name: value for name, value in order.properties().items() if value is not None}
    order.portal.set_calculated(order.object_type, order.texts("ids"), filled)
    return {}


def _archive(order: Order) -> object:
    order.portal.archive(order.object_type, *order.texts("ids"))
    return {}


def _restore(order: Order) -> object:
    order.portal.restore(order.object_type, *order.texts("ids"))
    return {}


def _purge(order: Order) -> object:
    order.portal.purge(order.object_type, *order.texts("ids"))
    return {}


def _merge(order: Order) -> object:
    survivor = order.portal.merge(order.object_type, order.text("primary"), order.text("other"))
    return {"id": survivor}


def _associate(order: Order) -> object:
    order.portal.associate(
        order.text("deal_id"), order.text("contact_id"), order.texts("labels", ())
    )
    return {}


def _dissociate(order: Order) -> object:
    order.portal.dissociate(order.text("deal_id"), order.text("contact_id"))
    return {}


def _truth(order: Order) -> object:
    for stream in TRUTH_STREAMS:
        if order.path["stream"] == stream:
            return order.portal.truth(stream)
    raise InvalidControlCallError(f"the stream must be one of {', '.join(TRUTH_STREAMS)}")


def _requests(order: Order) -> object:
    portal_id = order.portal.portal_id if "portal_id" in order.path else None
    return {"requests": [describe_request(r) for r in order.sandbox.requests(portal_id)]}


def _forget_requests(order: Order) -> object:
    order.sandbox.forget_requests()
    return {}


def _expire(order: Order) -> object:
    order.sandbox.tokens.expire(order.portal.portal_id)
    return {}


def _add_token(order: Order) -> object:
    token = order.sandbox.add_token(
        order.portal.portal_id,
        scopes=order.texts("scopes", DEFAULT_SCOPES),
        app_id=order.number("app_id") if "app_id" in order.body else None,
    )
    return {"access_token": token}


def _revoke(order: Order) -> object:
    order.sandbox.tokens.revoke(order.text("token"))
    return {}


def _uninstall(order: Order) -> object:
    order.sandbox.uninstall_app(order.portal.portal_id)
    return {}


def _code(order: Order) -> object:
    redirect_uri = order.text("redirect_uri") if "redirect_uri" in order.body else None
    return {"code": order.sandbox.issue_code(order.portal.portal_id, redirect_uri=redirect_uri)}


def _add_property(order: Order) -> object:
    order.portal.add_property(
        order.object_type,
        PropertyDefinition(
            name=order.text("name"),
            label=str(order.body.get("label", order.text("name"))),
            type=str(order.body.get("type", "string")),
            field_type=str(order.body.get("fieldType", "text")),
            group="custom",
            hubspot_defined=False,
        ),
    )
    return {}


def _archive_property(order: Order) -> object:
    order.portal.archive_property(order.object_type, order.text("name"))
    return {}


def _deactivate_owner(order: Order) -> object:
    order.portal.deactivate_owner(order.text("id"))
    return {}


_ACTIONS: Final[tuple[tuple[str, str, Action], ...]] = (
    ("GET", "/sandbox/help", _help),
    ("GET", "/sandbox/portals", _list_portals),
    ("POST", "/sandbox/portals", _add_portal),
    ("DELETE", _ONE, _remove_portal),
    ("GET", f"{_ONE}/truth/<stream>", _truth),
    ("GET", f"{_ONE}/requests", _requests),
    ("GET", "/sandbox/requests", _requests),
    ("DELETE", "/sandbox/requests", _forget_requests),
    ("POST", f"{_RECORDS}/create", _create),
    ("POST", f"{_RECORDS}/edit", _edit),
    ("POST", f"{_RECORDS}/calculate", _calculate),
    ("POST", f"{_RECORDS}/archive", _archive),
    ("POST", f"{_RECORDS}/restore", _restore),
    ("POST", f"{_RECORDS}/purge", _purge),
    ("POST", f"{_RECORDS}/merge", _merge),
    ("POST", f"{_RECORDS}/properties", _add_property),
    ("POST", f"{_RECORDS}/properties/archive", _archive_property),
    ("POST", f"{_ONE}/associations", _associate),
    ("DELETE", f"{_ONE}/associations", _dissociate),
    ("POST", f"{_ONE}/owners/deactivate", _deactivate_owner),
    ("POST", f"{_ONE}/tokens", _add_token),
    ("POST", f"{_ONE}/tokens/expire", _expire),
    ("POST", "/sandbox/tokens/revoke", _revoke),
    ("POST", f"{_ONE}/uninstall", _uninstall),
    ("POST", f"{_ONE}/code", _code),
    *SWITCH_ACTIONS,
)
