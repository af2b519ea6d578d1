"""`crmhub web` as a process, people who are signed in to it, and streams they hold open."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import jwt
import requests
from orchestrator.terminal import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_SIGNING_KEY: Final = "made-up-signing-key-of-a-benchmark"
#: Nothing here takes so long, seconds.
_PATIENCE: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class WebProcess:
    """A running `crmhub web`."""

    url: str
    pid: int

    def sign_in(self, org_id: uuid.UUID) -> requests.Session:
        """An admin's browser."""
        token = jwt.encode(
            {
                "aud": self.url,
                "exp": datetime.now(UTC) + timedelta(minutes=2),
                "jti": uuid.uuid4().hex,
                "org": str(org_id),
                "role": "admin",
            },
            _SIGNING_KEY,
        )
        browser = requests.Session()
        answer = browser.post(
            f"{self.url}/sign-in", data={"token": token}, allow_redirects=False, timeout=_PATIENCE
        )
        if answer.status_code != requests.codes.see_other:
            raise SystemExit(f"signing in was answered {answer.status_code}")
        return browser

    def memory_mib(self) -> float:
        """What the process holds in memory (Linux: proc)."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        kibibytes = next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()
        return int(kibibytes[1]) / 1024

    def cpu_seconds(self) -> float:
        """What the process has used so far (Linux: proc)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
        user, system = fields.split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def web_process(logins: Mapping[str, str]) -> Iterator[WebProcess]:
    """Serve a database until the block ends; `logins` is role → address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("crmhub")), "web", f"--port={port}"],
        env={
            "PATH": os.environ.get("PATH", ""),
            "DATABASE_URL": logins["crmhub_orchestrator"],
            "CRMHUB_READER_DATABASE_URL": logins["crmhub_reader"],
            "CRMHUB_BASE_URL": url,
            "CRMHUB_SIGNING_KEY": _SIGNING_KEY,
            "SECRETS_ENCRYPTION_KEY": KEY,
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until = time.monotonic() + _PATIENCE
        while not _answers(url):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit("crmhub web does not answer")
            time.sleep(0.1)
        yield WebProcess(url=url, pid=process.pid)
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    with contextlib.suppress(requests.ConnectionError):
        return requests.get(f"{url}/readyz", timeout=_PATIENCE).ok
    return False


class Streams:
    """Event streams that are held open."""

    def __init__(self, url: str) -> None:
        """None is open yet."""
        self._place = urlsplit(url)
        self._sockets: list[socket.socket] = []

    def open(self, browser: requests.Session, count: int) -> None:
        """Open so many as one who is signed in, one after the other."""
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies)
        for _ in range(count):
            stream = socket.create_connection(
                (self._place.hostname or "", self._place.port or 0), _PATIENCE
            )
            self._sockets.append(stream)
            stream.sendall(
                f"GET /integrations/events HTTP/1.1\r\nHost: {self._place.netloc}\r\n"
                f"Cookie: {cookies}\r\n\r\n".encode()
            )
            if not stream.recv(4096).startswith(b"HTTP/1.1 200 "):
                raise SystemExit("a stream was refused")

    def seconds_until(self, words: Sequence[bytes], began: float) -> list[float]:
        """How long from `began` until each stream has brought one of these words."""
        waits: list[float] = []
        heard = {stream: bytearray() for stream in self._sockets}
        with selectors.DefaultSelector() as selector:
            for stream in self._sockets:
                selector.register(stream, selectors.EVENT_READ, stream)
            until = time.monotonic() + _PATIENCE
            while len(waits) < len(heard) and time.monotonic() < until:
                for key, _ in selector.select(1.0):
                    stream = key.data
                    heard[stream] += stream.recv(1 << 20)
                    if any(word in heard[stream] for word in words):
                        waits.append(time.monotonic() - began)
                        selector.unregister(stream)
        return waits

    def close(self) -> None:
        """End all of them."""
        for stream in self._sockets:
            stream.close()
