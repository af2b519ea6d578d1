"""How large and rough a fleet is played, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import Counter


@dataclass(frozen=True, kw_only=True)
class FleetPlan:
    """How large, and how rough."""

    connections: int
    orgs: int
    workers: int
    concurrency: int
    #: Workers killed with SIGKILL, each replaced at once.
    kills: int
    #: Times the database is restarted under them.
    restarts: int
    seed: int


@dataclass(frozen=True, kw_only=True)
class FleetReport:
    """What happened."""

    #: How runs ended: status and class → number.
    runs: Counter[str]
    kills: int
    restarts: int
    edits: int
    seconds: float
    #: From the asking for a run to its beginning, seconds.
    longest_wait: float
    #: Pairs of runs of one connection that overlapped, by the database's own record.
    overlaps: int
    #: Connections whose bookmark is another one's.
    crossed: int
    #: Connections whose tables were compared with their portal, and those whose tables differ.
    compared: int
    differing: int
    #: Processes, and folders of runs, that were left.
    orphans: int
    left_over: int

    @property
    def is_clean(self) -> bool:
        """Whether nothing was amiss."""
        amiss = (self.overlaps, self.crossed, self.differing, self.orphans, self.left_over)
        return not any(amiss)

    def line(self) -> str:
        """The figures in one line."""
        figures = {
            "connections": self.compared,
            "runs": self.runs.total(),
            "kills": self.kills,
            "restarts": self.restarts,
            "overlaps": self.overlaps,
            "bookmarks crossed": self.crossed,
            "tables differing": self.differing,
            "processes left": self.orphans,
            "directories left": self.left_over,
            "seconds": round(self.seconds),
        }
        return "soak: " + ", ".join(f"{name} {figure}" for name, figure in figures.items())

    def table(self, plan: FleetPlan) -> str:
        """All that happened, as Markdown."""
        rows = {
            "connections, of organisations": f"{plan.connections}, {plan.orgs}",
            "workers, runs of each at once": f"{plan.workers}, {plan.concurrency}",
            "workers killed": self.kills,
            "restarts of the database": self.restarts,
            "changes in the portals meanwhile": self.edits,
            "seconds": f"{self.seconds:.0f}",
            "longest wait of a run for its beginning, seconds": f"{self.longest_wait:.0f}",
            **{f"runs that ended {how}": count for how, count in sorted(self.runs.items())},
            "connections compared with their portal": self.compared,
            "of them, connections whose tables differ": self.differing,
            "runs of one connection at the same time": self.overlaps,
            "connections with another one's bookmark": self.crossed,
            "processes left": self.orphans,
            "folders of runs left": self.left_over,
        }
        return "\n".join(["| what | |", "|---|---|", *(f"| {k} | {v} |" for k, v in rows.items())])
