"""How PostgreSQL answers a statement: the parts of its plan that say whether it scales."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from psycopg.rows import tuple_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from psycopg import Connection

Node = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan that was carried out."""

    nodes: tuple[Node, ...]
    milliseconds: float

    def sequential_scans(self) -> set[str]:
        """The tables that were read from end to end."""
        return {node["Relation Name"] for node in self.nodes if node["Node Type"] == "Seq Scan"}

    def index_conditions(self) -> list[tuple[str, str]]:
        """Index and condition of each index that was looked into."""
        return [
            (node["Index Name"], node.get("Index Cond", ""))
            for node in self.nodes
            if "Index Name" in node
        ]

    def init_plan_loops(self) -> list[int]:
        """How often each part that is independent of the rows was evaluated."""
        return [
            node["Actual Loops"]
            for node in self.nodes
            if node.get("Parent Relationship") == "InitPlan"
        ]

    def rows_answered(self) -> float:
        """How many rows came of it."""
        rows: float = self.nodes[0]["Actual Rows"]
        return rows

    def rows_inserted(self) -> float:
        """How many rows were written."""
        return max(
            (node["Actual Rows"] for node in self.nodes if node["Node Type"] == "ModifyTable"),
            default=0,
        )

    def rows_in_vain(self) -> float:
        """How many rows were fetched and then left out."""
        return float(
            sum(node.get("Rows Removed by Filter", 0) * node["Actual Loops"] for node in self.nodes)
        )

    def lines(self) -> list[str]:
        """Node, relation and condition, a line each."""
        words = ("Node Type", "Relation Name", "Index Name", "Index Cond")
        return [
            f"{node['Actual Rows']:>9,.0f} x {node['Actual Loops']:,.0f}  "
            + "  ".join(str(node[word]) for word in words if word in node)
            for node in self.nodes
        ]


def carried_out(
    connection: Connection[Any],
    statement: bytes | LiteralString,
    parameters: Mapping[str, object] | None = None,
) -> Plan:
    """Carry the statement out in the connection's transaction, and return its plan."""
    explain = b"explain (analyze, format json) "
    text = statement if isinstance(statement, bytes) else statement.encode()
    with connection.cursor(row_factory=tuple_row) as cursor:
        [[[answer]]] = cursor.execute(explain + text, parameters).fetchall()
    return Plan(nodes=tuple(_nodes(answer["Plan"])), milliseconds=answer["Execution Time"])


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)
