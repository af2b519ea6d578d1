"""The program, running, fed line by line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import signal

    from target.loading import Hub, Message


class Running:
    """One process of it."""

    def __init__(self, hub: Hub, config: Path) -> None:
        config.write_text(json.dumps(hub.config), encoding="utf-8")
        program = Path(sys.executable).parent / "target-crmhub-postgres"
        self.process = subprocess.Popen(
            [program, "--config", config],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def send(self, *messages: Message) -> None:
        assert self.process.stdin
        self.process.stdin.writelines(f"{json.dumps(message)}\n" for message in messages)
        self.process.stdin.flush()

    def next_state(self) -> Any:  # noqa: ANN401 - a state is any JSON
        assert self.process.stdout
        return json.loads(self.process.stdout.readline())

    def end(self, number: signal.Signals) -> tuple[int, str, str]:
        """Send a signal: exit status, what else was on stdout, and stderr."""
        self.process.send_signal(number)
        assert self.process.stdout
        assert self.process.stderr
        rest = self.process.stdout.read(), self.process.stderr.read()
        return (self.process.wait(timeout=10), *rest)
