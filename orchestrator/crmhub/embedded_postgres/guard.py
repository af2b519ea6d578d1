"""The process that owns an embedded server: it lives as long as its standard input is open.

Started by `server.py` in a session of its own. It reads one JSON line with the wish
(`GuardWish`), starts PostgreSQL, answers with one JSON line (`{"port": …}` or
`{"error": …}`) and waits. When the parent closes the pipe, or dies in whatever way, the
server is stopped and, if it was temporary, its directory is deleted.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TypedDict

#: How long a start may take, seconds (crash recovery of a large database included).
START_SECONDS = 60.0
#: How long a fast stop may take before the server is stopped at once, seconds.
STOP_SECONDS = 10.0
#: How often a start that lost its port to another program is tried again.
PORT_TRIES = 5
_PR_SET_PDEATHSIG = 1
#: For a server whose data nobody will miss: no waiting for the disk, and shared memory in files of
#: its directory, which go with it (a killed server leaves segments behind elsewhere).
_TEMPORARY = {
    "fsync": "off",
    "full_page_writes": "off",
    "dynamic_shared_memory_type": "mmap",
}


class GuardWish(TypedDict):
    """What the parent asks for."""

    prefix: str
    major: int
    directory: str
    password: str
    #: Delete the directory at the end, and trade durability for speed.
    temporary: bool
    user: int | None
    group: int | None
    #: Further server settings, as `log_statement` → `all`.
    settings: dict[str, str]


class StartFailedError(Exception):
    """The server did not come up; the message is PostgreSQL's own last line."""


def main() -> None:
    """Run the server until standard input closes."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    wish: GuardWish = json.loads(sys.stdin.readline())
    process: subprocess.Popen[bytes] | None = None
    try:
        try:
            _initialise(wish)
            process, port = _start(wish)
        except (StartFailedError, OSError, subprocess.CalledProcessError) as error:
            _answer({"error": str(error)})
            return
        _answer({"port": port})
        # Ends when every copy of the pipe's other end is closed: by the parent or its death.
        sys.stdin.read()
    finally:
        if process is not None:
            _stop(process, temporary=wish["temporary"])
        if wish["temporary"]:
            shutil.rmtree(wish["directory"], ignore_errors=True)


def _leave(_number: int, _frame: object) -> None:
    raise SystemExit(0)


def _answer(reply: dict[str, object]) -> None:
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps(reply), flush=True)  # noqa: T201 - the answer to the parent


def _initialise(wish: GuardWish) -> None:
    data = Path(wish["directory"]) / "data"
    if (data / "PG_VERSION").exists():
        return
    # Elsewhere at first: what a start that was cut off leaves is no server's data.
    made = data.with_name("data.new")
    shutil.rmtree(made, ignore_errors=True)
    password_file = Path(wish["directory"]) / "initdb.password"
    password_file.touch(mode=0o600)
    password_file.write_text(wish["password"] + "\n")
    if wish["user"] is not None and wish["group"] is not None:
        os.chown(password_file, wish["user"], wish["group"])
    locale = (
        ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        if wish["major"] >= 17  # noqa: PLR2004 - the version that brought the builtin provider
        else ["--locale=C"]
    )
    try:
        _check(
            wish,
            [
                "initdb",
                f"--pgdata={made}",
                "--username=postgres",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                *locale,
                *(["--no-sync"] if wish["temporary"] else []),
            ],
        )
        _move(made, data)
    finally:
        password_file.unlink(missing_ok=True)


def _move(made: Path, data: Path) -> None:
    """Give the folder its name, in a way that a machine which goes down remembers."""
    made.rename(data)
    parent = os.open(data.parent, os.O_RDONLY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


def _start(wish: GuardWish) -> tuple[subprocess.Popen[bytes], int]:
    log = Path(wish["directory"]) / "postgres.log"
    for _attempt in range(PORT_TRIES):
        port = _free_port()
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "max_connections": "200",
            **(_TEMPORARY if wish["temporary"] else {}),
            **wish["settings"],
        }
        flags = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with log.open("ab") as output:
            process = subprocess.Popen(
                [_program(wish, "postgres"), "-D", f"{wish['directory']}/data", *flags],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                user=wish["user"],
                group=wish["group"],
                extra_groups=[] if wish["user"] is not None else None,
                cwd="/",
                umask=0o077,
                # Runs after the change of user, which would clear the request.
                preexec_fn=_die_with_guard,  # noqa: PLW1509 - the guard has one thread
            )
        if _comes_up(process, Path(wish["directory"]) / "data" / "postmaster.pid", port):
            return process, port
        lines = log.read_text(errors="replace").strip().splitlines() or ["no message"]
        if not any("could not bind" in line for line in lines[-5:]):
            raise StartFailedError(lines[-1])
    raise StartFailedError("no free port on 127.0.0.1")


def _comes_up(process: subprocess.Popen[bytes], pid_file: Path, port: int) -> bool:
    """Whether the server says it is ready; its pid file holds port and status."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            lines = pid_file.read_text().split("\n")
            # Lines 4 and 8 of postmaster.pid (PostgreSQL, "miscadmin.h"): port and status.
            if lines[3:4] == [str(port)] and lines[7:8] and lines[7].strip() == "ready":
                return True
        time.sleep(0.01)
    if process.poll() is None:
        _stop(process, temporary=True)
    return False


def _stop(process: subprocess.Popen[bytes], *, temporary: bool) -> None:
    """Stop the server: a temporary one at once, another with its connections closed in order."""
    for number in (signal.SIGQUIT,) if temporary else (signal.SIGINT, signal.SIGQUIT):
        process.send_signal(number)
        try:
            process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        return
    process.kill()
    process.wait()


def _check(wish: GuardWish, arguments: list[str]) -> None:
    answer = subprocess.run(
        [_program(wish, arguments[0]), *arguments[1:]],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        user=wish["user"],
        group=wish["group"],
        extra_groups=[] if wish["user"] is not None else None,
        cwd="/",
        umask=0o077,
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
    )
    if answer.returncode != 0:
        lines = answer.stderr.strip().splitlines() or ["no message"]
        raise StartFailedError(f"{arguments[0]}: {lines[-1]}")


def _program(wish: GuardWish, name: str) -> str:
    return str(Path(wish["prefix"]) / "bin" / name)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _die_with_guard() -> None:
    """Ask Linux to stop the server should even the guard be killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


if __name__ == "__main__":
    main()
