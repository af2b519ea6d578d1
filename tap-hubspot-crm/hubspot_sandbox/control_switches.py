"""Control calls that turn switches: `PUT` changes some of a set, `GET` tells all of it."""

from collections import Counter
from dataclasses import asdict
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hubspot_sandbox.errors import InvalidControlCallError
from hubspot_sandbox.faults import FaultRule
from hubspot_sandbox.orders import Action, Order
from hubspot_sandbox.switches import read_switches, switched

_ONE: Final = "/sandbox/portals/<int:portal_id>"


def _set_limits(order: Order) -> object:
    order.portal.limits = switched(order.portal.limits, order.body)
    return asdict(order.portal.limits)


def _set_habits(order: Order) -> object:
    order.portal.habits = switched(order.portal.habits, order.body)
    return asdict(order.portal.habits)


def _set_search_habits(order: Order) -> object:
    order.portal.search_habits = switched(order.portal.search_habits, order.body)
    return asdict(order.portal.search_habits)


def _set_time_zone(order: Order) -> object:
    name = order.text("time_zone")
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise InvalidControlCallError("time_zone must be a name such as Europe/Berlin") from None
    order.portal.time_zone = name
    return {"time_zone": name}


def _set_dialect(order: Order) -> object:
    order.sandbox.dialect = switched(order.sandbox.dialect, order.body)
    return _tell_dialect(order)


def _tell_dialect(order: Order) -> object:
    return {**asdict(order.sandbox.dialect), "played": dict(order.sandbox.quirks.played)}


def _set_token_habits(order: Order) -> object:
    order.sandbox.tokens.habits = switched(order.sandbox.tokens.habits, order.body)
    return asdict(order.sandbox.tokens.habits)


def _set_latency(order: Order) -> object:
    order.sandbox.latency_ms = order.number("latency_ms")
    return {"latency_ms": order.sandbox.latency_ms}


def _set_faults(order: Order) -> object:
    order.sandbox.faults = switched(order.sandbox.faults, order.body)
    return _tell_faults(order)


def _tell_faults(order: Order) -> object:
    played: Counter[str] = Counter(order.sandbox.fault_plan.played)
    return {**asdict(order.sandbox.faults), "played": dict(played)}


def _fail_next(order: Order) -> object:
    count = order.number("count", 1)
    rule = {name: value for name, value in order.body.items() if name != "count"}
    order.sandbox.fail_next(read_switches(FaultRule, rule), count)
    return {"count": count}


def _fail_for(order: Order) -> object:
    seconds = order.number("seconds", 60)
    rule = {name: value for name, value in order.body.items() if name != "seconds"}
    order.sandbox.fail_for(read_switches(FaultRule, rule), seconds)
    return {"seconds": seconds}


SWITCH_ACTIONS: Final[tuple[tuple[str, str, Action], ...]] = (
    ("PUT", f"{_ONE}/limits", _set_limits),
    ("PUT", f"{_ONE}/habits", _set_habits),
    ("PUT", f"{_ONE}/search-habits", _set_search_habits),
    ("PUT", f"{_ONE}/time-zone", _set_time_zone),
    ("PUT", "/sandbox/dialect", _set_dialect),
    ("GET", "/sandbox/dialect", _tell_dialect),
    ("PUT", "/sandbox/token-habits", _set_token_habits),
    ("PUT", "/sandbox/latency", _set_latency),
    ("PUT", "/sandbox/faults", _set_faults),
    ("GET", "/sandbox/faults", _tell_faults),
    ("POST", "/sandbox/faults/next", _fail_next),
    ("POST", "/sandbox/faults/spell", _fail_for),
)
