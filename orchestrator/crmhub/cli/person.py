"""`crmhub person …`."""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import click
from rich.console import Console
from rich.table import Table

from crmhub.cli.connections import WIDTH
from crmhub.errors import InvalidSettingsError
from crmhub.person import erase_person, find_person, pseudonyms_of_organisation
from crmhub.settings import pii_hash_salt, required_database_urls

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable

    from crmhub.person import Trace
    from crmhub.settings import DatabaseUrls

#: Exit status where rows were there again after they were erased.
_CAME_BACK: Final = 1
_PSEUDONYM: Final = re.compile("[0-9a-fA-F]{64}")
_NO_ADDRESS: Final = "standard input must hold one e-mail address and nothing else"


def _whom(command: Callable[..., None]) -> Callable[..., None]:
    """The options by which both commands are told whose rows."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print a JSON object."),
        click.option(
            "--pseudonym", "given", help="Instead of an address: what a receipt or `find` shows."
        ),
        click.option(
            "--org", "org_id", type=click.UUID, required=True, help="The organisation's id."
        ),
    ):
        command = option(command)
    return command


@click.group()
def person() -> None:
    """Find and erase a person, whose e-mail address comes from standard input.

    \b
    crmhub person find --org ORG < address.txt
    crmhub person erase --org ORG < address.txt
    """


@person.command("find")
@_whom
def find(*, org_id: uuid.UUID, given: str | None, as_json: bool) -> None:
    """Show which rows of an organisation tell of a person: tables and ids, no values.

    A contact counts by its first address or another one, with those that were merged into it and
    its links to deals.
    """
    urls = required_database_urls(os.environ)
    pseudonym = _pseudonym(urls, org_id, given)
    found = find_person(urls.reader, org_id, pseudonym)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "org_id": str(org_id),
                    "pseudonym": pseudonym.hex(),
                    "rows": _counted(found),
                    "traces": [
                        {**vars(each), "connection_id": str(each.connection_id)} for each in found
                    ],
                }
            )
        )
        return
    click.echo(f"pseudonym {pseudonym.hex()}")
    _show(found)


@person.command("erase")
@_whom
def erase(*, org_id: uuid.UUID, given: str | None, as_json: bool) -> None:
    """Erase what `crmhub person find` shows, look again, and print a receipt.

    Delete the person at HubSpot first: the next run brings back whoever is still there. Runs of
    the organisation that go on are ended and come again, so that none writes what it read before.
    On a terminal you are asked first; from a pipe it is done at once.
    """
    urls = required_database_urls(os.environ)
    pseudonym = _pseudonym(urls, org_id, given)
    if sys.stdin.isatty():
        _show(find_person(urls.reader, org_id, pseudonym))
        click.confirm("Erase them?", abort=True, err=True)
    done = erase_person(urls, org_id, pseudonym)
    receipt = {
        "erased_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "org_id": str(org_id),
        "pseudonym": pseudonym.hex(),
        "ended_runs": done.ended_runs,
        "left": done.left,
    }
    if as_json:
        click.echo(json.dumps(receipt | {"rows": dict(done.rows)}))
    else:
        # Tables go by their own names.
        for name, value in (receipt | dict(done.rows)).items():
            click.echo(f"{name:<18} {value}")
    if done.left:
        click.echo(
            f"crmhub: {done.left} rows are there again: somebody loads by hand, without a lease; "
            "end that and erase again",
            err=True,
        )
        sys.exit(_CAME_BACK)


def _pseudonym(urls: DatabaseUrls, org_id: uuid.UUID, given: str | None) -> bytes:
    salt = pii_hash_salt(os.environ)
    pseudonyms = pseudonyms_of_organisation(urls.orchestrator, org_id, salt=salt)
    if given is not None:
        if not _PSEUDONYM.fullmatch(given):
            raise InvalidSettingsError("--pseudonym must be 64 hexadecimal digits")
        return bytes.fromhex(given)
    made = pseudonyms.email(_address())
    if made is None:
        raise InvalidSettingsError(_NO_ADDRESS)
    return made


def _address() -> str:
    """One address from standard input: arguments are seen by every user and kept by shells."""
    if sys.stdin.isatty():
        text: str = click.prompt("E-mail address", err=True)
    else:
        text = sys.stdin.read()
    text = text.strip()
    if "@" not in text or len(text.split()) != 1:
        raise InvalidSettingsError(_NO_ADDRESS)
    return text


def _counted(traces: list[Trace]) -> dict[str, int]:
    return dict(Counter(each.table_name for each in traces))


def _show(traces: list[Trace]) -> None:
    if not traces:
        click.echo("no row of this organisation tells of this person")
        return
    table = Table(box=None)
    for heading in ("table", "connection", "id", "deal"):
        table.add_column(heading, no_wrap=True)
    for each in traces:
        table.add_row(
            each.table_name,
            str(each.connection_id),
            each.external_id,
            each.deal_external_id or "",
        )
    Console(width=max(Console().width, WIDTH)).print(table)
    click.echo(", ".join(f"{rows:,} of {name}" for name, rows in _counted(traces).items()))
