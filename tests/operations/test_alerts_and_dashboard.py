"""Alert rules and dashboard name metrics, labels and values that the code exposes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml
from operations.documents import OPERATIONS, anchors
from prometheus_client import Counter, Histogram

from crmhub.metrics import Fleet
from crmhub.queries import read_queries
from crmhub.sync.exit_status import EXIT_STATUSES
from crmhub.web.request_metrics import WebMetrics

if TYPE_CHECKING:
    from collections.abc import Iterator

METRICS_SQL: Final = OPERATIONS.parent / "crmhub" / "metrics.sql"
_SELECTOR: Final = re.compile(r"\b(crmhub_\w+)(?:\{([^}]*)\})?")
_MATCHER: Final = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')
_GROUPING: Final = re.compile(r"\b(?:by|without) \(([^)]*)\)")


@dataclass(frozen=True, kw_only=True)
class Expression:
    """One query of Prometheus, and where it stands."""

    place: str
    text: str

    @property
    def metrics(self) -> set[str]:
        return {name for name, _ in _SELECTOR.findall(self.text)}

    @property
    def matchers(self) -> list[tuple[str, str, str]]:
        """Metric, label and value of each condition."""
        return [
            (name, label, value)
            for name, conditions in _SELECTOR.findall(self.text)
            for label, value in _MATCHER.findall(conditions)
        ]

    @property
    def grouped_by(self) -> set[str]:
        return {
            label.strip() for labels in _GROUPING.findall(self.text) for label in labels.split(",")
        }


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((OPERATIONS / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((OPERATIONS / "dashboard.json").read_text(encoding="utf-8"))
    return read


def expressions() -> Iterator[Expression]:
    for rule in rules():
        yield Expression(place=rule["alert"], text=rule["expr"])
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            yield Expression(place=panel["title"], text=target["expr"])


def exposed() -> dict[str, set[str]]:
    """Sample → its labels, of a worker and of the web process."""
    found: dict[str, set[str]] = {}
    for collector in WebMetrics("").registry._collector_to_names:
        if isinstance(collector, Counter):
            found[f"{collector._name}_total"] = set(collector._labelnames)
        elif isinstance(collector, Histogram):
            labels = set(collector._labelnames)
            found |= {f"{collector._name}_{part}": labels for part in ("sum", "count")}
            found[f"{collector._name}_bucket"] = labels | {"le"}
        else:
            assert isinstance(collector, Fleet)
            for gauge in collector.describe():
                found[gauge.name] = set(getattr(gauge, "_labelnames", ()))
    return found


EXPRESSIONS: Final = list(expressions())
#: A panel may have several.
PLACES: Final = [f"{number} {each.place}" for number, each in enumerate(EXPRESSIONS)]


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=PLACES)
def test_a_query_names_metrics_and_labels_that_there_are(expression: Expression) -> None:
    known = exposed()
    assert expression.metrics
    assert expression.metrics <= set(known)
    for name, label, _ in expression.matchers:
        assert label in known[name], (name, label)
    for name in expression.metrics:
        assert expression.grouped_by <= known[name], name


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=PLACES)
def test_a_query_asks_for_values_that_there_are(expression: Expression) -> None:
    statuses = set(
        re.findall(r"'(\w+)'", read_queries(METRICS_SQL)["crmhub_connections"].partition("as s")[0])
    )
    known = {
        ("crmhub_connections", "status"): statuses,
        ("crmhub_connections_failing", "error_class"): set(EXIT_STATUSES),
        ("crmhub_runs_total", "error_class"): set(EXIT_STATUSES),
        ("crmhub_runs_total", "outcome"): {"succeeded", "failed"},
        ("crmhub_http_requests_total", "status"): {"5.."},
    }
    for name, label, value in expression.matchers:
        assert set(value.split("|")) <= known[name, label], (name, label)


def test_the_dashboard_shows_every_metric() -> None:
    titles = {panel["title"] for panel in dashboard()["panels"]}
    shown = set().union(*(each.metrics for each in EXPRESSIONS if each.place in titles))
    of_histograms = {
        name.rpartition("_")[0] + part
        for name in exposed()
        if name.endswith("_bucket")
        for part in ("_sum", "_count")
    }
    assert shown == set(exposed()) - of_histograms


def test_brackets_of_every_query_close() -> None:
    for expression in EXPRESSIONS:
        for opened, closed in ("()", "{}", "[]"):
            assert expression.text.count(opened) == expression.text.count(closed), expression.place


def test_every_alert_says_how_urgent_it_is_what_happens_and_where_to_read_on() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names) > 10
    for rule in rules():
        assert rule["labels"]["severity"] in {"page", "ticket"}, rule["alert"]
        said = rule["annotations"]
        assert set(said) == {"summary", "description", "runbook"}, rule["alert"]
        page, _, anchor = said["runbook"].partition("#")
        assert anchor == rule["alert"].lower()
        assert anchor in anchors((OPERATIONS / page).read_text(encoding="utf-8"))
        labels = set(re.findall(r"\$labels\.(\w+)", said["description"]))
        assert labels <= Expression(place="", text=rule["expr"]).grouped_by, rule["alert"]


def test_panels_of_the_dashboard_have_places_of_their_own() -> None:
    panels = dashboard()["panels"]
    ids = [panel["id"] for panel in panels]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells
