"""`crmhub keys …`."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from crmhub.database import connect
from crmhub.settings import keyring, required_database_url
from crmhub.vault.keyring import generate_key
from crmhub.vault.rotation import Rotation, rotate_secrets

if TYPE_CHECKING:
    from collections.abc import Callable

#: So many rows that cannot be read are named; the others are counted.
NAMED_ROWS = 10


@click.group()
def keys() -> None:
    """Make and change the keys that tokens are sealed with (SECRETS_ENCRYPTION_KEY)."""


@keys.command("generate")
def generate() -> None:
    """Print a new random key.

    \b
    export SECRETS_ENCRYPTION_KEY="$(crmhub keys generate)"     and keep a copy
    """
    click.echo(generate_key().reveal())


@keys.command("rotate")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def rotate(*, as_json: bool) -> None:
    """Seal every stored token with the first key of SECRETS_ENCRYPTION_KEY.

    Syncs go on meanwhile. Ended anywhere, it goes on with what is left when called again. In
    this order nothing is ever unreadable:

    \b
    1. SECRETS_ENCRYPTION_KEY=old,new on every machine; restart
    2. SECRETS_ENCRYPTION_KEY=new,old on every machine; restart
    3. crmhub keys rotate
    4. crmhub doctor says that no token is under the old key: take it away
    """
    ring = keyring(os.environ)
    with connect(required_database_url(os.environ)) as database, _progress() as progress:
        began = time.monotonic()
        rotation = rotate_secrets(database, ring, on_progress=_shown(progress))
        seconds = time.monotonic() - began
    if as_json:
        click.echo(json.dumps(_as_json(rotation, ring.primary_key_id, seconds)))
    else:
        rate = rotation.resealed / seconds if seconds else 0.0
        click.echo(
            f"{rotation.resealed:,} tokens sealed anew with key {ring.primary_key_id} "
            f"in {seconds:.1f} s ({rate:,.0f} a second)"
        )
    for problem in list(rotation.unreadable.values())[:NAMED_ROWS]:
        click.echo(f"crmhub: {problem}", err=True)
    if len(rotation.unreadable) > NAMED_ROWS:
        more = len(rotation.unreadable) - NAMED_ROWS
        click.echo(f"crmhub: {more:,} more cannot be read", err=True)
    if rotation.left:
        click.echo(
            f"crmhub: {rotation.left:,} tokens are under another key: a process seals with an old "
            "one still, or held them; restart it with the new settings and rotate again",
            err=True,
        )
    if rotation.unreadable or rotation.left:
        sys.exit(1)


def _progress() -> Progress:
    """A bar on a terminal, nothing elsewhere."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        transient=True,
    )


def _shown(progress: Progress) -> Callable[[Rotation], None]:
    task = progress.add_task("sealing anew", total=None)

    def show(rotation: Rotation) -> None:
        done = rotation.resealed + len(rotation.unreadable)
        progress.update(task, total=max(rotation.found, done), completed=done)

    return show


def _as_json(rotation: Rotation, key_id: str, seconds: float) -> dict[str, Any]:
    return {
        "key": key_id,
        "resealed": rotation.resealed,
        "unreadable": len(rotation.unreadable),
        "left": rotation.left,
        "seconds": round(seconds, 3),
        "per_second": round(rotation.resealed / seconds, 1) if seconds else 0.0,
    }
