"""SECURITY.md names tests that there are, and each of them can be run."""

from __future__ import annotations

import ast
import re
from typing import Final

import pytest
from packages.distributions import ROOT

TEXT: Final = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
#: As `sql/test_guards`, or `sql/test_guards::test_that`.
NAMED: Final = sorted(set(re.findall(r"`((?:\w+/)+test_\w+(?:::test_\w+)?)`", TEXT)))


@pytest.mark.parametrize("named", NAMED)
def test_a_test_that_is_named_exists(named: str) -> None:
    file, _, function = named.partition("::")
    path = ROOT / "tests" / f"{file}.py"
    assert path.is_file()
    functions = {
        node.name
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert functions
    assert not function or function in functions


def test_every_promise_names_a_test() -> None:
    sections = TEXT.split("## Borders")[1].split("### What is said")[0]
    rows = [line for line in sections.splitlines() if re.match(r"\| (?!what holds|-)", line)]
    assert len(rows) > 20
    for row in rows:
        assert re.search(r"`(?:\w+/)+test_\w+", row), row
