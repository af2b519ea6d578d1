"""The sandbox's README names every switch and every kind of failure, with values and default."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import hubspot_sandbox
from hubspot_sandbox.dialect import Dialect
from hubspot_sandbox.faults import FAULT_KINDS
from hubspot_sandbox.switches import describe_switches

README = (Path(hubspot_sandbox.__file__).parent / "README.md").read_text()


def _table(heading: str) -> list[list[str]]:
    """Return the cells of the rows below the table's head that begins with a heading."""
    lines = README.partition(f"| {heading} |")[2].splitlines()[2:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
    return rows


def test_every_switch_is_listed_with_its_values_and_its_default() -> None:
    listed = {
        row[0].strip("` "): (row[1], json.loads(row[2].strip("`"))) for row in _table("Switch")
    }
    defaults = json.loads(json.dumps(asdict(Dialect())))
    described = {}
    for name, values in describe_switches(Dialect()).items():
        switch, _, part = name.partition(".")
        described[name] = (values, defaults[switch][part] if part else defaults[switch])
    assert listed == described


def test_every_kind_of_failure_is_listed() -> None:
    listed = [kind for row in _table("Kinds") for kind in re.findall(r"`(\w+)`", row[0])]
    assert sorted(listed) == sorted(FAULT_KINDS)
