"""What in a migration takes something away from programs of the last release."""

from __future__ import annotations

import re
from typing import Final

_COMMENT: Final = re.compile(r"--[^\n]*")
_MARK: Final = re.compile(r"^-- contracts: \S.*$", re.MULTILINE)
#: What contracts → how it is spelt; lower case, blanks as one.
_CONTRACTING: Final = {
    "drops": r"\bdrop (?:table|(?:materialized )?view|column|function|type|policy|trigger)\b",
    "renames": r"\brename (?:to|column|constraint)\b",
    "changes a type": r"\balter column \w+ (?:set data )?type\b",
    "demands a value": r"\balter column \w+ (?:set not null|drop default)\b",
    "revokes": r"\brevoke\b(?![^;]* from public\b)",
}
_NEW_COLUMN: Final = re.compile(r"\badd column (?:if not exists )?(\w+)([^;,]*)")
_NEW_CONSTRAINT: Final = re.compile(r"\badd constraint (\w+)")
_OLD_CONSTRAINT: Final = re.compile(r"\bdrop constraint (?:if exists )?(\w+)")


def contractions(text: str) -> list[str]:
    """What of a migration's text contracts, each in a few words; [] where it only expands.

    A check that takes the place of one with the same name counts as wider: whether it is, a person
    has to look.
    """
    code = " ".join(_COMMENT.sub(" ", text).lower().split())
    found = [what for what, pattern in _CONTRACTING.items() if re.search(pattern, code)]
    found += [
        f"adds {name} without a default"
        for name, rest in _NEW_COLUMN.findall(code)
        if " not null" in rest and " default " not in rest and " generated " not in rest
    ]
    taken, given = _OLD_CONSTRAINT.findall(code), _NEW_CONSTRAINT.findall(code)
    found += [f"adds {name}" for name in given if name not in taken]
    found += [f"drops {name}" for name in taken if name not in given]
    return found


def says_that_it_contracts(text: str) -> bool:
    """Whether it has a line `-- contracts: what, unused since which release`."""
    return _MARK.search(text) is not None
