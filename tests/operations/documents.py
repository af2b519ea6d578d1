"""Reads the operator's pages: their sections, their shell blocks and their SQL."""

from __future__ import annotations

import re
import shlex
import textwrap
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from crmhub.cli.main import crmhub

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

OPERATIONS: Final = Path(__file__).parents[2] / "orchestrator" / "operations"
PAGES: Final = sorted(OPERATIONS.glob("*.md"))
RUNBOOK: Final = OPERATIONS / "runbook.md"

_BLOCK: Final = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(r"^(#+) (.+)$", re.MULTILINE)
#: A variable of psql's, as a quoted literal.
_VARIABLE: Final = re.compile(r":'(\w+)'")
_COMMENT: Final = re.compile(r"^\s*--.*\n?", re.MULTILINE)
#: What the shell puts in the place of a command.
_SUBSTITUTED: Final = re.compile(r"\$\((.*)\)", re.DOTALL)
#: What the pages write for an id.
_PLACEHOLDERS: Final = {"CONNECTION": str(uuid.UUID(int=1)), "ORG": str(uuid.UUID(int=2))}


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a language, without their indentation."""
    return [textwrap.dedent(code) for _, of, code in _BLOCK.findall(text) if of == language]


def sections(text: str, level: int) -> dict[str, str]:
    """Heading of a level, without backquotes → the text below it, until one as high or higher."""
    outside = _BLOCK.sub(lambda found: re.sub(r"^#", " ", found[0], flags=re.MULTILINE), text)
    headings = [(len(each[1]), each) for each in _HEADING.finditer(outside)]
    found: dict[str, str] = {}
    for depth, heading in headings:
        if depth == level:
            ends = (
                other.start()
                for above, other in headings
                if above <= level and other.start() > heading.start()
            )
            found[heading[2].strip("`")] = text[heading.end() : next(ends, len(text))]
    return found


def section(page: str, heading: str, level: int = 2) -> str:
    """One section of a page."""
    return sections((OPERATIONS / page).read_text(encoding="utf-8"), level)[heading]


def anchors(text: str) -> set[str]:
    """What links may lead to on a page (GitHub: lower case, hyphens, no punctuation)."""
    return {
        re.sub(r"[^\w -]", "", heading[2].lower()).replace(" ", "-")
        for heading in _HEADING.finditer(text)
    }


def commands(shell: str) -> Iterator[list[str]]:
    """The `crmhub …` commands of a shell block as words, with ids in the place of placeholders."""
    for line in shell.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        words: list[str] | None = None
        for token in [*lexer, ";"]:
            if inner := _SUBSTITUTED.search(token):
                yield from commands(inner[1])
            if set(token) <= set("();<>|&"):
                if words is not None:
                    yield words
                words = None
            elif words is not None:
                words.append(_PLACEHOLDERS.get(token, token))
            elif token == "crmhub":
                words = [token]


def parsed(words: list[str]) -> Mapping[str, Any]:
    """The arguments of a command as click reads them; fails as click does if it refuses them."""
    command: click.Command = crmhub
    name, *rest = words
    while isinstance(command, click.Group):
        name, *rest = rest
        assert name in command.commands, " ".join(words)
        command = command.commands[name]
    return command.make_context(name, rest).params


def statements(sql: str) -> list[bytes]:
    """The statements of a SQL block, with psycopg's parameters in the place of psql's variables."""
    assert "%" not in sql, "psycopg takes it for a parameter"
    parts = _COMMENT.sub("", sql).split(";")
    return [_VARIABLE.sub(r"%(\1)s", part.strip()).encode() for part in parts if part.strip()]
