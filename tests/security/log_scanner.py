"""Looks through all that is logged during the tests: a test that gives anything away fails.

What is looked through: what a test's own process logs or writes on standard error, and the
standard error of every program it starts, whether read by the test or written to a file. What is
searched for: whatever looks like a secret, the marks of the sandbox's people, each `Secret` that
was made, and each secret that a program was given in its environment. Standard output is data,
and is looked through by the tests that know what belongs there.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

import pytest
from security.heard import OF_A_MODULE, OF_THE_RUN
from warm_programs import PATIENCE_SECONDS, PipedProcess, WarmPrograms

from crmhub.vault.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from warm_programs import WarmProcess

#: Variables whose value is a secret as a whole; of an address it is the password.
_SECRET_NAME: Final = re.compile(r"SALT|SECRET|TOKEN$|_KEY$|PASSWORD")
_SECTIONS: Final = re.compile(r"Captured (stderr|log) ")


_patch: Final = pytest.MonkeyPatch()


def pytest_configure() -> None:
    """Hear of every secret that is made and of every program that is started."""
    keep = Secret.__init__
    start: Callable[..., None] = subprocess.Popen.__init__
    talk: Callable[..., tuple[object, object]] = subprocess.Popen.communicate

    def noted(secret: Secret, value: str) -> None:
        keep(secret, value)
        OF_A_MODULE.know(value)

    def started(process: object, *arguments: object, **options: object) -> None:
        for secret in _secrets_of(options.get("env")):
            OF_A_MODULE.know(secret)
        if (file := _file_of(options)) is not None:
            OF_A_MODULE.listen_to(f"{arguments or options['args']}", file)
        start(process, *arguments, **options)

    def talked(
        process: subprocess.Popen[bytes], *arguments: object, **options: object
    ) -> tuple[object, object]:
        output, errors = talk(process, *arguments, **options)
        OF_A_MODULE.add(f"{process.args!r}", errors)
        return output, errors

    begin: Callable[..., WarmProcess] = WarmPrograms.start
    warm_talk = PipedProcess.communicate

    def begun(
        programs: WarmPrograms,
        program: str,
        *arguments: str | Path,
        environment: Mapping[str, str],
        streams: tuple[int, int, int],
        **options: object,
    ) -> WarmProcess:
        for secret in _secrets_of(dict(environment)):
            OF_A_MODULE.know(secret)
        if stat.S_ISREG(os.fstat(streams[2]).st_mode):
            OF_A_MODULE.listen_to(program, Path(f"/proc/self/fd/{streams[2]}"))
        return begin(
            programs, program, *arguments, environment=environment, streams=streams, **options
        )

    def warm_talked(
        process: PipedProcess, timeout: float = PATIENCE_SECONDS
    ) -> tuple[bytes, bytes]:
        output, errors = warm_talk(process, timeout)
        OF_A_MODULE.add("a warm program", errors)
        return output, errors

    _patch.setattr(WarmPrograms, "start", begun)
    _patch.setattr(PipedProcess, "communicate", warm_talked)
    _patch.setattr(Secret, "__init__", noted)
    _patch.setattr(subprocess.Popen, "__init__", started)
    _patch.setattr(subprocess.Popen, "communicate", talked)


def pytest_unconfigure() -> None:
    """Leave everything as it was."""
    _patch.undo()
    OF_A_MODULE.forget()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test at its end if it, or what it started, gave anything away."""
    report = yield
    if report.when == "teardown":
        for name, text in report.sections:
            if _SECTIONS.match(name):
                OF_A_MODULE.add(name, text)
        if findings := OF_A_MODULE.findings():
            report.outcome = "failed"
            report.longrepr = "\n".join([f"{item.nodeid} gives away:", *findings])
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run if what ran all along gave anything away."""
    findings = OF_THE_RUN.findings()
    OF_THE_RUN.forget()
    if findings:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        for finding in findings:
            reporter.write_line(f"given away by {finding}", red=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    """Forget a module's secrets with the module, whose fixtures made them."""
    result = yield
    if nextitem is None or nextitem.path != item.path:
        OF_A_MODULE.forget()
    return result


def _secrets_of(environment: object) -> Iterator[str]:
    for name, value in environment.items() if isinstance(environment, dict) else ():
        if name.endswith("DATABASE_URL"):
            with contextlib.suppress(ValueError):
                yield unquote(urlsplit(value).password or "")
        elif _SECRET_NAME.search(name):
            yield from value.split(",")


def _file_of(options: Mapping[str, object]) -> Path | None:
    """The file that a program's standard error goes to, where it goes to one."""
    errors = options.get("stderr")
    if errors == subprocess.STDOUT:
        errors = options.get("stdout")
    name = getattr(errors, "name", None)
    return Path(name) if isinstance(name, str) else None
