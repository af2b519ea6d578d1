"""The hub's processes of a history: workers, runs by hand, and what a run is made of."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from end_to_end.remains import processes_of
from end_to_end.workers import PATIENCE_SECONDS, WorkerProcess, running_worker

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from random import Random
    from typing import Self
    from uuid import UUID

Victim: TypeAlias = Literal["worker", "leash", "meltano", "tap", "target"]
VICTIMS: tuple[Victim, ...] = get_args(Victim)

_PLUGINS: dict[Victim, str] = {"tap": "bin/tap-hubspot-crm", "target": "bin/target-crmhub-postgres"}


class HubProcesses:
    """Everything of the hub that runs; it ends with the block.

    Args:
        environment: What its programs find in theirs.
        folder: Where runs put their files; the mark by which their processes are found.
        concurrency: Runs of one worker at once.
    """

    def __init__(self, environment: Mapping[str, str], folder: Path, *, concurrency: int) -> None:
        self._environment = dict(environment)
        self._folder = folder
        self._concurrency = concurrency
        self._workers: list[tuple[contextlib.ExitStack, WorkerProcess]] = []
        self._by_hand: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        """Begin without any."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """End what is left."""
        for process in self._by_hand:
            process.kill()
            process.wait()
        for running, _ in self._workers:
            running.close()

    def start_worker(self) -> None:
        """Start another worker."""
        running = contextlib.ExitStack()
        worker = running.enter_context(
            running_worker(self._environment, f"--concurrency={self._concurrency}")
        )
        self._workers.append((running, worker))

    def run_by_hand(self, connection_id: UUID) -> None:
        """Start `crmhub sync CONNECTION --here`, which needs no worker."""
        self._by_hand.append(self._start("sync", str(connection_id), "--here"))

    def reset(self, connection_id: UUID) -> int:
        """Run `crmhub connections reset`; returns its exit status."""
        return self._start("connections", "reset", str(connection_id)).wait(PATIENCE_SECONDS)

    def kill(self, victim: Victim, rng: Random) -> bool:
        """Kill one of that kind with SIGKILL; False where there is none just now.

        A worker is replaced at once. A run by hand counts as one, and is not.
        """
        if victim == "worker":
            self._kill_a_worker(rng)
            return True
        found = self._parts_of_runs(victim)
        if not found:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(rng.choice(found), signal.SIGKILL)
            return True
        return False

    def has_runs_by_hand(self) -> bool:
        """Whether a run that was started by hand goes on."""
        return any(process.poll() is None for process in self._by_hand)

    def stop_workers(self) -> list[int]:
        """Tell the workers to end; returns their exit statuses."""
        for _, worker in self._workers:
            worker.process.send_signal(signal.SIGTERM)
        return [worker.process.wait(PATIENCE_SECONDS) for _, worker in self._workers]

    def complaints(self) -> list[str]:
        """What the workers that still run said above the level of information."""
        return [
            str(line)
            for _, worker in self._workers
            for line in worker.lines()
            if line.get("level") not in {"info", "debug"}
        ]

    def _kill_a_worker(self, rng: Random) -> None:
        by_hand = [process for process in self._by_hand if process.poll() is None]
        if by_hand and rng.random() < 0.5:
            rng.choice(by_hand).kill()
            return
        running, worker = self._workers.pop(rng.randrange(len(self._workers)))
        worker.end(signal.SIGKILL)
        running.close()
        self.start_worker()

    def _parts_of_runs(self, part: Victim) -> list[int]:
        """Process ids of all that are this part of a run."""
        if part in _PLUGINS:
            return processes_of(self._folder, _PLUGINS[part])
        # Meltano is what started the plugins, the leash what started Meltano.
        ours = set(processes_of(self._folder))
        meltanos = ours & _parents(processes_of(self._folder, _PLUGINS["tap"]))
        return sorted(meltanos if part == "meltano" else ours & _parents(meltanos))

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(Path(sys.executable).with_name("crmhub")), *arguments],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def _parents(processes: Iterable[int]) -> set[int]:
    found: set[int] = set()
    for process in processes:
        with contextlib.suppress(OSError):
            # proc(5): the command's name, in brackets, may hold anything; the parent comes second.
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            found.add(int(fields[1]))
    return found
